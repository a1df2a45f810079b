/**
 * Training steps and inference, ours and PyTorch's, by turns in one run: node bench/steps/run.js
 *   [--works a1,b,…] [--modes train,infer] [--sides ours,parts,int8,plain,bare,nchw,channels-last,compiled,bf16] [--batches 1,8] [--rounds 9] [--threads 2] [--json]
 * --batches are those of inference. "int8" is ours in 8-bit integers (inference alone), "plain" ours without ONNX Runtime's blocked layout and what goes with it, "bare" without augmentation, "parts" with the gradient taken image by image.
 * PYTHON names an interpreter with PyTorch; without one our side is timed alone. Each side has a process of its own, the
 * same weights and the same batch; a round is one step of each. The ratio is the median over rounds of the time of
 * PyTorch's best side in fp32 over ours: above 1 we are faster.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ensureBuilt } from "../../bin/build.js";
import { median, quantile, startSide } from "./side.js";
import { WORKS } from "./works.js";

const { values } = parseArgs({
  options: {
    works: { type: "string", default: WORKS.map(({ id }) => id).join(",") },
    modes: { type: "string", default: "train,infer" },
    sides: { type: "string", default: "ours,int8,nchw,channels-last,compiled,bf16" },
    rounds: { type: "string", default: "9" },
    batches: { type: "string", default: "1,8" },
    threads: { type: "string", default: "2" },
    json: { type: "boolean", default: false },
  },
});
const PYTHON = process.env.PYTHON ?? "python3";
const OURS = new Set(["ours", "parts", "int8", "plain", "bare"]);
/** Of another precision: shown, but no rival of ours in fp32. */
const APART = new Set(["bf16"]);
/** ORT lays out its memory and PyTorch compiles in the first steps. */
const WARM_UP = 4;
const PAUSE_MS = 400;

const hasTorch = spawnSync(PYTHON, ["-c", "import torch, numpy"]).status === 0;
const torchVersion = hasTorch
  ? spawnSync(PYTHON, ["-c", "import torch; print(torch.__version__)"], { encoding: "utf8" }).stdout.trim()
  : undefined;

const here = import.meta.dirname;

/** Weights and a batch for every side. */
function writeFolder(work, folder) {
  const argument = JSON.stringify({
    work,
    mode: "train",
    folder,
    threads: 1,
    variant: "ours",
    isWriting: true,
  });
  const { status } = spawnSync(process.execPath, [join(here, "ours.js"), argument], { stdio: "inherit" });
  if (status !== 0) throw new Error(`The folder of ${work.id} could not be written`);
}

function start(variant, options) {
  const argument = JSON.stringify({ ...options, variant, threads: Number(values.threads) });
  return OURS.has(variant)
    ? startSide(process.execPath, [join(here, "ours.js"), argument], variant)
    : startSide(PYTHON, [join(here, "torch_side.py"), argument], variant);
}

async function compare(work, mode, batch) {
  const folder = mkdtempSync(join(tmpdir(), "hipmri-bench-"));
  const sides = new Map();
  const failed = [];
  try {
    writeFolder(work, folder);
    const wanted = values.sides.split(",").filter((side) => OURS.has(side) || hasTorch);
    for (const side of wanted) {
      const own = OURS.has(side) ? { ...work, batch: mode === "infer" ? batch : work.batch } : work;
      const isOther = mode === "infer" ? ["plain", "bare", "parts"].includes(side) : side === "int8";
      if (isOther) continue;
      try {
        const one = await start(side, { work: own, mode, folder, batch });
        const first = await one.go();
        sides.set(side, { ...one, firstMs: first.ms, losses: [first.loss], times: [] });
      } catch (error) {
        console.error(`${work.id} ${mode}: ${error.message}`);
        failed.push(side);
      }
    }
    for (let round = 1 - WARM_UP; round < Number(values.rounds); round++) {
      for (const side of sides.values()) {
        // Threads of the side before may still be waiting busily for more work.
        await setTimeout(PAUSE_MS);
        const { ms, loss } = await side.go();
        side.losses.push(loss);
        if (round >= 0) side.times.push(ms);
      }
    }
    const rows = [];
    for (const [name, side] of sides) {
      const { peakMb } = await side.end();
      rows.push({
        side: name,
        medianMs: median(side.times),
        lowMs: quantile(side.times, 0.1),
        p95Ms: quantile(side.times, 0.95),
        readyMs: side.readyMs,
        firstMs: side.firstMs,
        peakMb,
        firstLoss: side.losses[0],
        lastLoss: side.losses.at(-1),
        times: side.times,
      });
    }
    const ours = rows.find(({ side }) => side === "ours");
    const rivals = rows.filter(({ side }) => !OURS.has(side) && !APART.has(side));
    const best = rivals.sort((a, b) => a.medianMs - b.medianMs)[0];
    const over = (side, own = ours) => median(own.times.map((ms, i) => side.times[i] / ms));
    const int8 = rows.find(({ side }) => side === "int8");
    // The best of some may not be the best of all.
    const isComparable = ours !== undefined && best !== undefined && failed.length === 0;
    return {
      ...{ work: work.id, name: work.name, mode, batch, size: work.size, failed, rows },
      best: best?.side,
      ratio: isComparable ? over(best) : undefined,
      int8Ratio: isComparable && int8 !== undefined ? over(best, int8) : undefined,
      own:
        ours === undefined
          ? []
          : rows.filter(({ side }) => OURS.has(side) && side !== "ours").map((row) => [row.side, over(row)]),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** HipMRI's volumes have 60 slices. */
const volumesPerMinute = (ms, batch) => 60_000 / (60 * (ms / batch));

ensureBuilt();
const results = [];
for (const id of values.works.split(",")) {
  const work = WORKS.find((each) => each.id === id);
  if (work === undefined)
    throw new Error(`No work is called "${id}": ${WORKS.map((each) => each.id).join(", ")}`);
  for (const mode of values.modes.split(",")) {
    for (const batch of mode === "train" ? [work.batch] : values.batches.split(",").map(Number)) {
      const result = await compare(work, mode, batch);
      results.push(result);
      if (values.json) continue;
      const { width, height } = work.size;
      console.log(
        `\n${id} ${mode}: ${work.name}, ${width} x ${height}, batch ${batch}${[...(result.ratio === undefined ? [] : [[result.best, result.ratio]]), ...result.own].map(([side, ratio]) => `; ${side} / ours ${ratio.toFixed(2)}`).join("")}${result.int8Ratio === undefined ? "" : `; ${result.best} / int8 ${result.int8Ratio.toFixed(2)}`}`,
      );
      for (const row of result.rows) {
        console.log(
          `  ${row.side.padEnd(14)} ${row.medianMs.toFixed(0).padStart(6)} ms (p10 ${row.lowMs.toFixed(0)}, p95 ${row.p95Ms.toFixed(0)}), ready ${row.readyMs.toFixed(0)} ms, first ${row.firstMs.toFixed(0)} ms, peak ${row.peakMb.toFixed(0)} MB, ${mode === "train" ? "loss" : "mean |logit|"} ${row.firstLoss.toFixed(5)} -> ${row.lastLoss.toFixed(5)}${mode === "train" ? "" : `, ${volumesPerMinute(row.medianMs, batch).toFixed(0)} volumes a minute`}`,
        );
      }
    }
  }
}
if (values.json) {
  const rows = results.map(({ work, mode, batch, size, best, ratio, int8Ratio, failed, rows: sides }) => {
    const shown = ({ side, medianMs, lowMs, p95Ms, readyMs, firstMs, peakMb, firstLoss, lastLoss }) => ({
      name: side,
      medianMs,
      lowMs,
      p95Ms,
      readyMs,
      firstMs,
      peakMb,
      firstLoss,
      lastLoss,
    });
    const at = (name) => sides.filter(({ side }) => side === name).map(shown)[0];
    return {
      work: `${work} ${mode} batch ${batch}`,
      size,
      ours: at("ours"),
      rival: best === undefined ? undefined : at(best),
      others: sides.filter(({ side }) => side !== "ours" && side !== best).map(shown),
      ratio,
      int8Ratio,
      failed,
    };
  });
  const versions = { node: process.version, torch: torchVersion };
  console.log(JSON.stringify({ machine: cpus()[0]?.model, versions, rows }, null, 2));
}
