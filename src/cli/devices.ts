/** `hipmri devices`. */
import { DEVICE_NAMES } from "../node/device-names.ts";
import { alignRows } from "./layout.ts";
import { type AddVerb, addCommonFlags, addExamples } from "./verb.ts";

export const addDevices: AddVerb = (program, session) => {
  const command = program
    .command("devices")
    .summary("what --device can be here, and why not")
    .description(
      "Tries each device that --device can name with a small convolution, and says which are there, and why the others cannot be used.",
    )
    .action(async () => {
      const { tryDevice } = await import("../node/device.ts");
      const devices = [];
      for (const name of DEVICE_NAMES) devices.push(await tryDevice(name));
      const rows = devices.map(
        ({ name, isThere, says }) => [name, `${isThere ? "yes" : "no "}  ${says}`] as const,
      );
      session.finish({ json: { devices }, text: alignRows(rows) });
    });
  addExamples(addCommonFlags(command), ["hipmri devices"]);
};
