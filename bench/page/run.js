// The page, measured in Chromium: how soon the first mask is there, how long the page stands still, and a whole volume on
// one and on two WebAssembly threads beside Node. `node bench/page/run.js [--rounds N] [--json]`
// Chromium: HIPMRI_CHROMIUM, or /usr/bin/chromium. It draws in software here: figures of drawing are those of the worst case.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { folder, inPage, median, segmentButton, writeVolume } from "./support.js";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "3" }, json: { type: "boolean" } },
});
const ROUNDS = Number(values.rounds);
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MODEL = join(ROOT, "web", "public", "demo", "model.onnx");
const spread = (numbers) => `${Math.min(...numbers).toFixed(1)}-${Math.max(...numbers).toFixed(1)}`;

/** Processes that descend from this one. */
function descendants(rows) {
  const own = new Set([process.pid]);
  for (let size = 0; size !== own.size; ) {
    size = own.size;
    for (const { pid, parent } of rows) if (own.has(parent)) own.add(pid);
  }
  return rows.filter(({ pid }) => own.has(pid));
}

/** Peak resident memory of the largest renderer of this run, which holds page and worker; sampled. */
function watchMemory() {
  let peak = 0;
  const timer = setInterval(() => {
    try {
      const lines = execFileSync("ps", ["-eo", "pid=,ppid=,rss=,args="]).toString().trim().split("\n");
      const rows = lines
        .map((line) => line.trim().match(/^(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/))
        .filter(Boolean)
        .map(([, pid, parent, rss, args]) => ({
          pid: Number(pid),
          parent: Number(parent),
          mb: Number(rss) / 1024,
          args,
        }));
      const renderers = descendants(rows).filter(({ args }) => args.includes("--type=renderer"));
      peak = Math.max(peak, ...renderers.map(({ mb }) => mb));
    } catch {
      // A process ended between two looks.
    }
  }, 200);
  return {
    stop() {
      clearInterval(timer);
      return Math.round(peak);
    },
  };
}

/** From an empty browser: two clicks. */
const firstMask = () =>
  inPage(async (page, url) => {
    await page.addInitScript(() => {
      globalThis.longTasks = [];
      new PerformanceObserver((list) =>
        globalThis.longTasks.push(
          ...list.getEntries().map(({ startTime, duration }) => [startTime, duration]),
        ),
      ).observe({
        type: "longtask",
        buffered: true,
      });
    });
    const started = performance.now();
    await page.goto(url);
    const loaded = performance.now();
    await page.getByRole("button", { name: "Try the demo scan" }).click();
    await segmentButton(page).waitFor();
    const shown = performance.now();
    const from = await page.evaluate(() => performance.now());
    await segmentButton(page).click();
    await page.getByText(/^Segmented in/).waitFor();
    const done = performance.now();
    const tasks = await page.evaluate(() => globalThis.longTasks);
    const longest = (some) => Math.max(0, ...some.map(([, ms]) => ms));
    return {
      loadMs: loaded - started,
      scanMs: shown - loaded,
      maskMs: done - shown,
      allMs: done - started,
      // Tasks above 50 ms are told; 0: there was none.
      longestTaskOpeningMs: longest(tasks.filter(([at]) => at < from)),
      longestTaskSegmentingMs: longest(tasks.filter(([at]) => at >= from)),
    };
  });

/** A whole volume on so many threads. */
const wholeVolume = (path, threads) =>
  inPage(async (page, url) => {
    if (threads === 1) {
      await page.addInitScript(() =>
        Object.defineProperty(Navigator.prototype, "hardwareConcurrency", { get: () => 1 }),
      );
    }
    await page.goto(`${url}&threads=${threads}`);
    // Opening a scan takes memory, too: read, turned, sent to the viewer.
    const memory = watchMemory();
    try {
      await page.getByLabel("Open files").setInputFiles(path);
      await segmentButton(page).click();
      const text = await page.getByText(/^Segmented in/).innerText();
      const backend = await page.getByRole("region", { name: "Model" }).locator("summary").innerText();
      return { seconds: Number(text.match(/[\d.]+/)[0]), peakMb: memory.stop(), backend };
    } finally {
      memory.stop();
    }
  });

function onNode(path, threads) {
  const out = join(folder, `node-${threads}`);
  const script = `
    const { predictInputs } = await import(${JSON.stringify(join(ROOT, "dist/node/index.js"))});
    const started = performance.now();
    await predictInputs({ model: ${JSON.stringify(MODEL)}, inputs: [${JSON.stringify(path)}], out: ${JSON.stringify(out)}, threads: ${threads} });
    console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000, peakMb: Math.round(process.resourceUsage().maxRSS / 1024) }));`;
  const result = execFileSync(process.execPath, ["--input-type=module", "-e", script]).toString();
  rmSync(out, { recursive: true, force: true });
  return JSON.parse(result);
}

const first = [];
for (let i = 0; i < ROUNDS; i++) first.push(await firstMask());
const volume = writeVolume();
const rows = [];
for (const threads of [1, 2]) {
  const web = [];
  const node = [];
  for (let i = 0; i < ROUNDS; i++) {
    web.push(await wholeVolume(volume, threads));
    node.push(onNode(volume, threads));
  }
  const of = (all, key) => all.map((each) => each[key]);
  rows.push({
    threads,
    backend: [...new Set(of(web, "backend"))].join("; "),
    wasmSeconds: median(of(web, "seconds")),
    wasmSpread: spread(of(web, "seconds")),
    wasmPeakMb: median(of(web, "peakMb")),
    nodeSeconds: median(of(node, "seconds")),
    nodeSpread: spread(of(node, "seconds")),
    nodePeakMb: median(of(node, "peakMb")),
    ratio: median(web.map(({ seconds }, i) => seconds / node[i].seconds)),
  });
}
const demo = Object.fromEntries(
  Object.keys(first[0]).map((key) => [
    key,
    { median: median(first.map((each) => each[key])), spread: spread(first.map((each) => each[key])) },
  ]),
);
const machine = `${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}`;
const { version } = JSON.parse(readFileSync(join(ROOT, "node_modules/onnxruntime-web/package.json"), "utf8"));
const result = { machine, versions: { "onnxruntime-web": version }, demo, volume: rows };
if (values.json) console.log(JSON.stringify(result, null, 2));
else {
  console.log(machine, `onnxruntime-web ${version}`);
  for (const [key, { median: m, spread: s }] of Object.entries(demo))
    console.log(key.padEnd(16), m.toFixed(0).padStart(8), s);
  for (const row of rows) console.log(JSON.stringify(row));
}
