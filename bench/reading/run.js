/**
 * Epochs of a HipMRI-like folder of slices (synthetic, 256 x 128, .nii.gz), ours beside nibabel and PyTorch's DataLoader:
 * node bench/reading/run.js [--volumes 12] [--rounds 3] [--json]
 *   decoded all files found, read, inflated and decoded to float32 images and masks in memory; ours also checks, hashes and
 *           writes the cache. nibabel: in a loop; on two cores the best of that, two threads and two worker processes
 *   processor  … in seconds of processor time, all threads together
 *   cold    the first epoch from .nii.gz files, with all that comes before it: finding the files, labels, the cache's writing
 *   cached  the first epoch of a new process whose cache is full (nibabel has none: it reads the files again)
 *   held    a later epoch: everything is in memory
 * An epoch ends in batches of 8 normalised slices with their masks. PYTHON names an interpreter with PyTorch and nibabel.
 * On Linux taskset gives each side one core, then two; DataLoader gets as many workers as it is fastest with.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureBuilt } from "../../bin/build.js";
import { median, quantile } from "../steps/side.js";

const { values } = parseArgs({
  options: {
    volumes: { type: "string", default: "12" },
    rounds: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
  },
});
ensureBuilt();
const here = import.meta.dirname;
const python = process.env.PYTHON ?? "python3";
const hasPython = spawnSync(python, ["-c", "import torch, nibabel"]).status === 0;
const hasTaskset = spawnSync("taskset", ["-c", "0", "true"]).status === 0;
const root = mkdtempSync(join(tmpdir(), "hipmri-bench-"));
const data = join(root, "phantom");

/** One process on some cores; it prints the seconds of each part. */
function measure(program, args, { cores, env = {} }) {
  const pinned = hasTaskset ? ["taskset", "-c", cores === 1 ? "0" : "0,1"] : [];
  const [command, ...rest] = [...pinned, program, ...args];
  return JSON.parse(
    execFileSync(command, rest, {
      encoding: "utf8",
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    }),
  );
}

const ours = (cache, cores) =>
  measure(process.execPath, [join(here, "ours.js"), data], { cores, env: { HIPMRI_CACHE: cache } });
const theirs = (mode, how, cores) =>
  measure(python, [join(here, "nibabel_side.py"), data, mode, `${how}`], { cores });

const show = (seconds) =>
  `${median(seconds).toFixed(2)} s (${quantile(seconds, 0).toFixed(2)}-${Math.max(...seconds).toFixed(2)})`;

try {
  const hipmri = join(here, "../../bin/hipmri.js");
  const weeks = Math.max(1, Math.round(Number(values.volumes) / 3));
  execFileSync(process.execPath, [
    ...[hipmri, "phantom", data, "--size", "full", "--patients", "3"],
    ...["--weeks", `${weeks}`, "--quiet"],
  ]);
  const rows = [];
  let slices = 0;
  for (const cores of hasTaskset && cpus().length > 1 ? [1, 2] : [cpus().length]) {
    const parts = ["decoded", "cold", "cached", "held"];
    // Of a shared machine the processor's time says more; of worker processes it is not known.
    if (cores === 1) parts.unshift("processor");
    const found = { processor: [], decoded: [], cold: [], cached: [], held: [] };
    const rival = { processor: [], decoded: [], cold: [], held: [] };
    const workers = cores === 1 ? [0] : [0, 2];
    const ways = cores === 1 ? ["alone"] : ["alone", "threads", "processes"];
    for (let round = 0; round < Number(values.rounds); round++) {
      const cache = join(root, `cache-${cores}-${round}`);
      const cold = ours(cache, cores);
      const cached = ours(cache, cores);
      found.processor.push(cold.processor);
      found.decoded.push(cold.decoded);
      found.cold.push(cold.first);
      found.cached.push(cached.first);
      found.held.push(cold.later);
      slices = cold.slices;
      if (!hasPython) continue;
      // Its best of reading by itself and with workers.
      const decodings = ways.map((way) => theirs("decode", way, cores));
      rival.processor.push(decodings[0].processor);
      rival.decoded.push(Math.min(...decodings.map((each) => each.decoded)));
      const tried = workers.map((count) => theirs("epochs", count, cores));
      if (tried.some((each) => each.slices !== slices)) throw new Error("The sides read different slices");
      rival.cold.push(Math.min(...tried.map((each) => each.first)));
      rival.held.push(Math.min(...tried.map((each) => each.later)));
    }
    for (const part of parts) {
      const other = rival[part] ?? rival.cold;
      const ratio = median(found[part].map((seconds, i) => other[i] / seconds));
      rows.push({ cores, part, ours: found[part], rival: other, ratio: hasPython ? ratio : undefined });
    }
  }
  if (values.json) console.log(JSON.stringify({ machine: cpus()[0]?.model, slices, rows }));
  else {
    console.log(
      `${slices} slices of 256 x 128 in ${readdirSync(data).length} folders; seconds an epoch, median (range)\n`,
    );
    console.log(
      "| cores | epoch | ours | nibabel, DataLoader | theirs / ours | ours, HipMRI's epochs a minute |",
    );
    console.log("| --- | --- | --- | --- | --- | --- |");
    /** Slices of HipMRI's training split. */
    const HIPMRI = 11_460;
    for (const { cores, part, ours: own, rival, ratio } of rows) {
      const rate = 60 / ((median(own) * HIPMRI) / slices);
      console.log(
        `| ${cores} | ${part} | ${show(own)} | ${rival.length === 0 ? "" : show(rival)} | ${ratio?.toFixed(2) ?? ""} | ${rate.toFixed(1)} |`,
      );
    }
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
