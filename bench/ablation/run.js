/**
 * Which parts of a U-Net matter here? One factor at a time, three data sets, three seeds, equal time for each run:
 * node bench/ablation/run.js OUT DATA [--minutes 3] [--seeds 3] [--sets phantom,hippocampus,acdc] [--factors base,…] [--jobs 2]
 * DATA holds hippocampus/ and acdc/; the phantom is drawn. Each run has one core. First each network's step is timed,
 * with as many beside it as later; its runs then take as many steps as fit into the minutes. A run that is complete is
 * not repeated, one that was stopped goes on: stop it at any time and start it again. OUT/results.json and OUT/steps.json
 * gather what is there: with them alone, in another folder or on another day, only what is missing is run.
 * What has been run so far is in bench/ablation/results.
 * node bench/ablation/table.js OUT/results.json makes a table and a plot of them.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureBuilt } from "../../bin/build.js";
import { BASE, FACTORS, SETS } from "./factors.js";

const HIPMRI = join(import.meta.dirname, "../../bin/hipmri.js");
/** Steps of each network that are run to time it; in the first ones ORT lays out its memory. */
const TIMED_STEPS = 14;
const WARM_UP = 4;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string", default: "3" },
    seeds: { type: "string", default: "3" },
    sets: { type: "string", default: SETS.join(",") },
    factors: { type: "string", default: Object.keys(FACTORS).join(",") },
    jobs: { type: "string", default: `${cpus().length}` },
  },
});
const [out, data] = positionals;
if (out === undefined || data === undefined) {
  console.error("Give the folder to write to and the folder that holds hippocampus/ and acdc/");
  process.exit(2);
}

const hipmri = (args) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [HIPMRI, ...args], { stdio: ["ignore", "ignore", "inherit"] });
    child.on("error", reject);
    child.on("close", resolve);
  });
const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));
const nameOf = ({ set, factor, seed }) => `${set}-${factor.replaceAll(" ", "-")}-${seed}`;
const dataOf = (set) => (set === "phantom" ? join(out, "phantom") : join(data, set));

async function train(job, run, settings) {
  const all = { ...BASE, ...FACTORS[job.factor], threads: 1, ...settings };
  const resumed = existsSync(join(run, "config.json")) ? ["--resume"] : [];
  const status = await hipmri([
    ...[
      "train",
      dataOf(job.set),
      "--out",
      run,
      "--preset",
      "ronneberger",
      "--seed",
      `${job.seed}`,
      "--quiet",
    ],
    ...Object.entries(all).flatMap(([key, value]) => ["--set", `${key}=${value}`]),
    ...resumed,
  ]);
  if (status === 130) process.exit(130);
  if (status !== 0) console.error(`${nameOf(job)} ended with ${status}`);
}

/** Seconds of a step, the median of those timed. */
function stepSeconds(run) {
  const path = join(run, "log.jsonl");
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const times = lines
    .filter(({ kind, step }) => kind === "step" && step > WARM_UP)
    .map(({ seconds }) => seconds);
  return times.length < TIMED_STEPS - WARM_UP ? undefined : times.sort((a, b) => a - b)[times.length >> 1];
}

/** Takes jobs off the list until it is empty, as many at a time as there are to be. */
async function inParallel(jobs, work) {
  const left = [...jobs];
  const worker = async () => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) await work(job);
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, worker));
}

const resultsPath = join(out, "results.json");
const earlier = existsSync(resultsPath) ? readJson(resultsPath) : undefined;
if (earlier !== undefined && JSON.stringify(earlier.about.base) !== JSON.stringify(BASE)) {
  console.error(
    `${resultsPath} was made with other settings than bench/ablation/factors.js has now: give another folder`,
  );
  process.exit(2);
}
const known = earlier?.runs ?? [];

function readRun({ set, factor, seed }) {
  const run = join(out, nameOf({ set, factor, seed }));
  if (!existsSync(join(run, "metrics.json")))
    return known.find((each) => each.set === set && each.factor === factor && each.seed === seed);
  const metrics = readJson(join(run, "metrics.json"));
  return {
    set,
    factor,
    seed,
    steps: readJson(join(run, "config.json")).steps,
    foregroundMean: metrics.foregroundMean,
    labels: metrics.labels.map(({ name, dice }) => ({ name, dice: dice.perVolume.mean })),
    // Mean over labels of each volume, of which several may be of one patient.
    volumes: metrics.cases.map(({ patient, labels }) => {
      const scored = labels.map(({ dice }) => dice).filter((dice) => dice !== null);
      return { patient, dice: scored.reduce((sum, dice) => sum + dice, 0) / scored.length };
    }),
  };
}

ensureBuilt();
mkdirSync(out, { recursive: true });
const sets = values.sets.split(",");
const factors = values.factors.split(",");
const seeds = Array.from({ length: Number(values.seeds) }, (_, seed) => seed);
if (sets.includes("phantom") && !existsSync(join(out, "phantom", "README.txt")))
  await hipmri(["phantom", join(out, "phantom"), "--seed", "1", "--quiet", "--overwrite"]);

const stepsPath = join(out, "steps.json");
const steps = existsSync(stepsPath) ? readJson(stepsPath) : {};
const networks = sets.flatMap((set) => factors.map((factor) => ({ set, factor, seed: 0 })));
await inParallel(
  networks.filter(({ set, factor }) => steps[`${set} ${factor}`] === undefined),
  async (job) => {
    const run = join(out, `timed-${nameOf(job)}`);
    await train(job, run, { steps: TIMED_STEPS, stepsPerEpoch: TIMED_STEPS });
    const seconds = stepSeconds(run);
    if (seconds === undefined) return;
    steps[`${job.set} ${job.factor}`] = Math.round((Number(values.minutes) * 60) / seconds);
    writeFileSync(stepsPath, `${JSON.stringify(steps, null, 2)}\n`);
  },
);

const jobs = seeds.flatMap((seed) => factors.flatMap((factor) => sets.map((set) => ({ set, factor, seed }))));
const gather = () => {
  const others = known.filter((run) => !jobs.some((job) => nameOf(job) === nameOf(run)));
  const runs = [...jobs.map(readRun).filter((run) => run !== undefined), ...others];
  const about = {
    minutes: Number(values.minutes),
    jobs: Number(values.jobs),
    machine: cpus()[0]?.model,
    base: BASE,
  };
  writeFileSync(resultsPath, `${JSON.stringify({ about, runs }, null, 1)}\n`);
};
await inParallel(
  jobs.filter((job) => readRun(job) === undefined),
  async (job) => {
    const planned = steps[`${job.set} ${job.factor}`];
    if (planned === undefined) {
      console.error(`${nameOf(job)} is left out: its step could not be timed`);
      return;
    }
    console.error(`${new Date().toISOString()} ${nameOf(job)}, ${planned} steps`);
    await train(job, join(out, nameOf(job)), { steps: planned, stepsPerEpoch: planned });
    gather();
  },
);
gather();
