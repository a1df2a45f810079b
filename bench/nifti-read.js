// Time and peak memory of reading one .nii.gz volume beside nibabel, each in its own process, by turns.
// Run: node bench/nifti-read.js [--json] [--rounds N]     PYTHON names a Python with nibabel (default: python3)
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { ensureBuilt } from "../bin/build.js";

ensureBuilt();
const { makeRandom } = await import("../dist/core/random.js");
const { writeNifti } = await import("../dist/nifti/write.js");
const { gzip } = await import("../dist/node/inflate.js");

const SHAPE = [256, 256, 128];
const WARM_UP = 1;
const TIMED = 3;
const json = process.argv.includes("--json");
const at = process.argv.indexOf("--rounds");
const rounds = at < 0 ? 5 : Number(process.argv[at + 1]);
const python = process.env.PYTHON ?? "python3";
const here = import.meta.dirname;

/** A body of three tissues with a bias field in air, with Rician noise: numbers as a scanner's reconstruction has them. */
function makeMagnitudes() {
  const random = makeRandom(7, "bench");
  const [nx, ny, nz] = SHAPE;
  const out = new Float32Array(nx * ny * nz);
  let i = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const u = x / nx - 0.5;
        const v = y / ny - 0.5;
        const w = z / nz - 0.5;
        const r = Math.hypot(u / 0.42, v / 0.3);
        const organ = Math.hypot(u - 0.05, v + 0.06, w) < 0.12;
        const tissue = r > 1 ? 0 : organ ? 900 : r > 0.85 ? 1400 : 480;
        const signal = tissue * (1 + 0.3 * u - 0.2 * w);
        out[i] = Math.hypot(signal + 18 * random.normal(), 18 * random.normal());
      }
    }
  }
  return out;
}

function writeWorks(folder) {
  const magnitudes = makeMagnitudes();
  const whole = magnitudes.map(Math.round);
  const works = [
    ["float32", "float32", magnitudes],
    ["float32 of whole numbers", "float32", whole],
    ["int16", "int16", Int16Array.from(whole)],
  ];
  const affine = [
    [-1.68, 0, 0, 210],
    [0, -1.68, 0, 200],
    [0, 0, 1.56, -90],
    [0, 0, 0, 1],
  ];
  return works.map(([name, dtype, data], n) => {
    const bytes = gzip(writeNifti({ shape: SHAPE, dtype, data, spacingMm: [1.68, 1.68, 1.56], affine }));
    const path = join(folder, `${n}.nii.gz`);
    writeFileSync(path, bytes);
    return { work: `${name}, ${SHAPE.join("x")}, ${(bytes.length / 2 ** 20).toFixed(1)} MB gzip`, path };
  });
}

/** Runs one process: reads `path` and gives its times, its peak memory and a checksum of the values. */
const SIDES = {
  ours: (path, warmUp, timed) => [process.execPath, [join(here, "nifti-read-ours.js"), path, warmUp, timed]],
  nibabel: (path, warmUp, timed) => [python, [join(here, "nifti_read_nibabel.py"), path, warmUp, timed]],
};
function measure(side, path, warmUp, timed) {
  const [program, args] = SIDES[side](path, String(warmUp), String(timed));
  return JSON.parse(execFileSync(program, args, { encoding: "utf8" }));
}

const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) => sorted(values)[values.length >> 1];

function compare({ work, path }) {
  const found = Object.fromEntries(
    Object.keys(SIDES).map((side) => [side, { ms: [], cpuMs: [], peakMb: [], baseMb: [] }]),
  );
  const sums = new Set();
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? ["ours", "nibabel"] : ["nibabel", "ours"]) {
      const { ms, cpuMs, sum } = measure(side, path, WARM_UP, TIMED);
      found[side].ms.push(...ms);
      found[side].cpuMs.push(...cpuMs);
      sums.add(sum);
      // Memory is that of a process that reads the file once; the base is one that reads nothing.
      found[side].peakMb.push(measure(side, path, 0, 1).peakMb);
      found[side].baseMb.push(measure(side, path, 0, 0).peakMb);
    }
  }
  if (sums.size !== 1) throw new Error(`The values differ: ${[...sums].join(" and ")}`);
  const row = ({ ms, cpuMs, peakMb, baseMb }) => ({
    medianMs: Number(median(ms).toFixed(1)),
    cpuMs: Number(median(cpuMs).toFixed(1)),
    rangeMs: [sorted(ms)[0], sorted(ms).at(-1)].map((value) => Number(value.toFixed(1))),
    peakMb: Math.round(median(peakMb)),
    baseMb: Math.round(median(baseMb)),
  });
  const ours = row(found.ours);
  const rival = { name: "nibabel", ...row(found.nibabel) };
  return { work, ours, rival, ratio: Number((rival.medianMs / ours.medianMs).toFixed(2)) };
}

const folder = mkdtempSync(join(tmpdir(), "hipmri-bench-"));
try {
  const works = writeWorks(folder);
  const versions = measure("nibabel", works[0].path, 0, 0).versions;
  const result = {
    machine: { cpu: cpus()[0].model, cores: cpus().length, memoryGb: Math.round(totalmem() / 2 ** 30) },
    versions: { node: process.version, zlib: process.versions.zlib, ...versions },
    rows: works.map(compare),
  };
  if (json) console.log(JSON.stringify(result));
  else {
    console.log(`${result.machine.cpu}, ${result.machine.cores} cores; ${JSON.stringify(result.versions)}`);
    console.log(
      `median (range) of ${rounds * TIMED} reads; processor time; peak memory of one read (of a process that reads nothing)`,
    );
    for (const { work, ours, rival, ratio } of result.rows) {
      const show = ({ medianMs, cpuMs, rangeMs, peakMb, baseMb }) =>
        `${medianMs} ms (${rangeMs.join("-")}), ${cpuMs} ms of processor, ${peakMb} MB (${baseMb})`;
      console.log(`${work}\n  ours    ${show(ours)}\n  nibabel ${show(rival)}\n  nibabel / ours ${ratio}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
