// How long the page stands still while a scan is opened: the longest tasks of its main thread, in milliseconds of the clock
// and of the processor (which other work on the machine does not lengthen), and a frame of the large 3D view.
// `node bench/page/tasks.js [--rounds N] [--app FOLDER,FOLDER] [--json]`: other builds of web/dist are measured by turns.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { folder, inPage, median, segmentButton, writeVolume } from "./support.js";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    app: { type: "string", default: fileURLToPath(new URL("../../web/dist", import.meta.url)) },
    json: { type: "boolean" },
  },
});
const volume = writeVolume();

/** Tasks of the page's main thread between two marks. */
function longest(events, from, to) {
  const tasks = events.filter(
    ({ name, ph, pid, tid, ts }) =>
      name === "ThreadControllerImpl::RunTask" &&
      ph === "X" &&
      pid === to.pid &&
      tid === to.tid &&
      ts >= from &&
      ts < to.ts,
  );
  const most = (key) => Math.round(Math.max(0, ...tasks.map((task) => task[key] ?? 0)) / 1000);
  return { clockMs: most("dur"), processorMs: most("tdur") };
}

const open = (appFolder, scan) =>
  inPage(async (page, url) => {
    const browser = page.context().browser();
    const trace = join(folder, "trace.json");
    await browser.startTracing(page, {
      categories: ["devtools.timeline", "toplevel", "blink.user_timing"],
      path: trace,
    });
    await page.goto(url);
    // As long as somebody needs to find the button.
    await page.waitForTimeout(3000);
    await page.evaluate(() => performance.mark("bench-click"));
    if (scan === "demo") await page.getByRole("button", { name: "Try the demo scan" }).click();
    else await page.getByLabel("Open files").setInputFiles(volume);
    await segmentButton(page).waitFor();
    await page.waitForTimeout(3000);
    await page.evaluate(() => performance.mark("bench-shown"));
    await browser.stopTracing();
    const frame3dMs = await page.evaluate(() => {
      const { hipmri } = globalThis;
      const viewer = hipmri.viewer ?? hipmri.view.viewer;
      const canvas = document.querySelector("canvas");
      const reader = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
      const times = [];
      for (let i = 0; i < 4; i++) {
        const started = performance.now();
        viewer.setLayout("3d");
        // Waits until it is drawn.
        reader.drawImage(canvas, 0, 0, 1, 1);
        reader.getImageData(0, 0, 1, 1);
        times.push(performance.now() - started);
      }
      // The first one has shaders to translate.
      return Math.round(times.slice(1).sort((a, b) => a - b)[1]);
    });
    const { traceEvents: events } = JSON.parse(readFileSync(trace, "utf8"));
    const mark = (name) => events.find((event) => event.name === name && event.cat.includes("user_timing"));
    const [click, shown] = [mark("bench-click"), mark("bench-shown")];
    const first = Math.min(
      ...events.filter(({ pid, ts }) => pid === click.pid && ts > 0).map(({ ts }) => ts),
    );
    return { before: longest(events, first, click), opening: longest(events, click.ts, shown), frame3dMs };
  }, appFolder);

const apps = values.app.split(",");
const found = [];
for (let round = 0; round < Number(values.rounds); round++)
  for (const scan of ["demo", "256 x 256 x 128"])
    for (const app of apps) found.push({ app, scan, ...(await open(app, scan)) });
const rows = apps.flatMap((app) =>
  ["demo", "256 x 256 x 128"].map((scan) => {
    const own = found.filter((each) => each.app === app && each.scan === scan);
    const of = (pick) => median(own.map(pick));
    return {
      app,
      scan,
      beforeClockMs: of(({ before }) => before.clockMs),
      beforeProcessorMs: of(({ before }) => before.processorMs),
      openingClockMs: of(({ opening }) => opening.clockMs),
      openingProcessorMs: of(({ opening }) => opening.processorMs),
      frame3dMs: of((each) => each.frame3dMs),
    };
  }),
);
if (values.json) console.log(JSON.stringify(rows, null, 2));
else console.table(rows);
