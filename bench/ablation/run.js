/**
 * Which parts of a U-Net matter here? One factor at a time, three data sets, three seeds, equal time for each run:
 * node bench/ablation/run.js OUT DATA [--minutes 3] [--seeds 3] [--sets phantom,hippocampus,acdc] [--factors base,…]
 * DATA holds hippocampus/ and acdc/; the phantom is drawn. A run that is complete is not repeated, one that was stopped
 * goes on: stop it at any time and start it again. OUT/results.json gathers what is there.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

const HIPMRI = join(import.meta.dirname, "../../bin/hipmri.js");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string", default: "3" },
    seeds: { type: "string", default: "3" },
    sets: { type: "string", default: "phantom,hippocampus,acdc" },
    factors: { type: "string" },
  },
});
const [out, data] = positionals;
if (out === undefined || data === undefined) {
  console.error("Give the folder to write to and the folder that holds hippocampus/ and acdc/");
  process.exit(2);
}

/** Ronneberger's U-Net with padded convolutions, narrow enough for three minutes; plain cross-entropy, no augmentation. */
const BASE = {
  "unet.levels": 4,
  "unet.baseWidth": 16,
  "unet.maxWidth": 256,
  "unet.padding": "same",
  "unet.bottleneckDropout": 0,
  "loss.dice": 0,
  "optimizer.kind": "adam",
  "optimizer.momentum": 0,
  "schedule.kind": "poly",
  "schedule.learningRate": 0.001,
  clipNorm: 12,
  batchSize: 8,
  keep: "last",
  "split.seed": 2026,
  "split.testFraction": 0.2,
};
/** What each factor changes of the base. */
const FACTORS = {
  base: {},
  "batch norm": {
    "unet.block": "[conv, norm, activation, conv, norm, activation]",
    "unet.normalisation": "batch",
  },
  "spatial dropout": { "unet.block": "[conv, activation, dropout, conv, activation]", "unet.dropout": 0.25 },
  "batch norm and spatial dropout": {
    "unet.block": "[conv, activation, dropout, norm, conv, activation]",
    "unet.normalisation": "batch",
    "unet.dropout": 0.25,
  },
  "instance norm": {
    "unet.block": "[conv, norm, activation, conv, norm, activation]",
    "unet.normalisation": "instance",
  },
  "three levels": { "unet.levels": 3 },
  unpadded: { "unet.padding": "valid" },
  "cross-entropy and Dice": { "loss.dice": 1 },
};

const hipmri = (args) =>
  spawnSync(process.execPath, [HIPMRI, ...args], { stdio: ["ignore", "ignore", "inherit"] });

function dataOf(set) {
  if (set !== "phantom") return join(data, set);
  const folder = join(out, "phantom");
  if (!existsSync(join(folder, "README.txt")))
    hipmri(["phantom", folder, "--seed", "1", "--quiet", "--overwrite"]);
  return folder;
}

const nameOf = (set, factor, seed) => `${set}-${factor.replaceAll(" ", "-")}-${seed}`;

function readRun(set, factor, seed) {
  const run = join(out, nameOf(set, factor, seed));
  if (!existsSync(join(run, "metrics.json"))) return undefined;
  const metrics = JSON.parse(readFileSync(join(run, "metrics.json"), "utf8"));
  const { steps } = JSON.parse(readFileSync(join(run, "config.json"), "utf8"));
  return {
    set,
    factor,
    seed,
    steps,
    patients: metrics.patients,
    foregroundMean: metrics.foregroundMean,
    labels: Object.fromEntries(metrics.labels.map(({ name, dice }) => [name, dice.perVolume.mean])),
  };
}

mkdirSync(out, { recursive: true });
const sets = values.sets.split(",");
const factors = values.factors?.split(",") ?? Object.keys(FACTORS);
const seeds = Array.from({ length: Number(values.seeds) }, (_, seed) => seed);
const results = [];
for (const seed of seeds) {
  for (const set of sets) {
    for (const factor of factors) {
      const run = join(out, nameOf(set, factor, seed));
      if (readRun(set, factor, seed) === undefined) {
        const settings = Object.entries({ ...BASE, ...FACTORS[factor] }).flatMap(([key, value]) => [
          "--set",
          `${key}=${value}`,
        ]);
        console.error(`${new Date().toISOString()} ${nameOf(set, factor, seed)}`);
        const resumed = existsSync(join(run, "config.json")) ? ["--resume"] : [];
        const { status } = hipmri([
          ...["train", dataOf(set), "--out", run, "--preset", "ronneberger", "--minutes", values.minutes],
          ...["--seed", `${seed}`, "--quiet", ...settings, ...resumed],
        ]);
        if (status === 130) process.exit(130);
      }
      const result = readRun(set, factor, seed);
      if (result !== undefined) results.push(result);
      writeFileSync(join(out, "results.json"), `${JSON.stringify(results, null, 2)}\n`);
    }
  }
}
