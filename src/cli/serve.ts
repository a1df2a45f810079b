/** `hipmri serve`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { withInterrupt } from "./interrupt.ts";
import { wholeNumber } from "./values.ts";
import { type AddVerb, addCommonFlags, addExamples, type CommonFlags, warn } from "./verb.ts";

interface Flags extends CommonFlags {
  readonly port?: number;
  readonly open?: true;
  readonly app?: string;
}

/** Asks the system to show an address; where it cannot, the user has it on the screen. */
function openBrowser(url: string): void {
  const commands: Readonly<Record<string, readonly [program: string, ...first: readonly string[]]>> = {
    darwin: ["open"],
    win32: ["rundll32", "url.dll,FileProtocolHandler"],
  };
  const [program, ...first] = commands[process.platform] ?? ["xdg-open"];
  const child = spawn(program, [...first, url], { stdio: "ignore", detached: true });
  child.once("error", () =>
    warn(`no browser can be opened here ("${program}" is missing): open the address yourself`),
  );
  child.unref();
}

async function runServe(runs: readonly string[], flags: Flags): Promise<void> {
  const { serve } = await import("../server/serve.ts");
  const serving = await serve({ runs, port: flags.port, appFolder: flags.app });
  const { url, port } = serving;
  // At once and on one line: whoever started this as a process waits for it.
  process.stdout.write(flags.json ? `${JSON.stringify({ url, port })}\n` : `${url}\n`);
  for (const run of runs) {
    // A training may be about to begin there, or the name is mistyped.
    if (!existsSync(run)) warn(`"${run}" is not there yet: waiting for a training in it`);
  }
  if (!serving.hasPage) warn("the page has not been built: only the API is served");
  if (!flags.quiet)
    process.stderr.write("Served on this machine alone, to whoever has this address. Ctrl-C ends it\n");
  if (flags.open) openBrowser(serving.onceUrl());
  await withInterrupt(async (signal) => {
    if (!signal.aborted) await once(signal, "abort");
    await serving.close();
  }, "Closing");
}

export const addServe: AddVerb = (program) => {
  const command = program
    .command("serve")
    .summary("the web page and live trainings, on this machine alone")
    .description(
      "Serves the web page on 127.0.0.1: images segmented in the browser, and the runs given as they train, to be watched, stopped and resumed. Prints the address, which holds a secret, and serves until Ctrl-C.",
    )
    .argument("[run...]", "run folders, or folders of runs; they need not be there yet")
    .option(
      "--port <n>",
      "this port and no other (default: 8017, or the next one that is free)",
      wholeNumber("--port", 0),
    )
    .option("--open", "open the address in the browser")
    .option("--app <dir>", "serve this folder as the page (default: the one that was installed)")
    // Has no outcome: to be ended by Ctrl-C is its ordinary end, with exit code 0.
    .action(runServe);
  addExamples(addCommonFlags(command), [
    "hipmri serve",
    "hipmri serve runs/pelvis --open",
    "hipmri serve runs --port 9000",
  ]);
};
