// How long the ranks of a training take to sum a gradient, by its size. Each rank runs this under an MPI launcher:
//
//   mpirun -n 2 --bind-to none node bench/cluster/allreduce.js [--json] [--rounds N] [--mb LIST]          (shared memory)
//   scripts/mpi_over_tcp.sh -n 1 -r 1gbit node bench/cluster/allreduce.js                     (TCP at 1 Gbit/s)
//
// All ranks meet before each sum; a time is that of the slowest rank. "effective" is the size over the median time.
import { parseArgs } from "node:util";
import { openRanks } from "../../dist/node/mpi.js";

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "15" },
    mb: { type: "string", default: "0.1,0.5,1,2,5,10,31,62,130" },
  },
});
const sizesMb = flags.mb.split(",").map(Number);

const opened = await openRanks();
if (opened === undefined) {
  console.error("Start this with mpirun, at least 2 ranks");
  process.exit(2);
}
const { ranks, library, onThisHost, close } = opened;

/** @param {readonly number[]} sorted @param {number} share */
const quantile = (sorted, share) => sorted[Math.round(share * (sorted.length - 1))];

/** Milliseconds of the slowest rank, of each round, sorted. */
async function timesOf(length, rounds) {
  const vector = new Float32Array(length).fill(1e-6);
  const mine = new Float64Array(rounds);
  for (let round = -1; round < rounds; round++) {
    await ranks.gather(new Uint8Array(0));
    const start = performance.now();
    await ranks.sum(vector);
    // The first is for warming up.
    if (round >= 0) mine[round] = performance.now() - start;
    vector.fill(1e-6);
  }
  const all = await ranks.gather(new Uint8Array(mine.buffer));
  const byRank = all.map((bytes) => new Float64Array(bytes.buffer));
  return Array.from(mine, (_, round) => Math.max(...byRank.map((times) => times[round]))).sort(
    (a, b) => a - b,
  );
}

const rows = [];
for (const mb of sizesMb) {
  const times = await timesOf(mb * 250_000, Number(flags.rounds));
  const medianMs = quantile(times, 0.5);
  rows.push({
    mb,
    minMs: times[0],
    p25Ms: quantile(times, 0.25),
    medianMs,
    p75Ms: quantile(times, 0.75),
    maxMs: times.at(-1),
    gbPerS: mb / medianMs,
  });
}
if (ranks.rank === 0) {
  const about = { ranks: ranks.size, onOneMachine: onThisHost, library, rounds: Number(flags.rounds) };
  if (flags.json) console.log(JSON.stringify({ ...about, rows }));
  else {
    console.log(`${ranks.size} ranks, ${onThisHost} on each machine, ${library}, ${flags.rounds} rounds`);
    console.log("| MB | median ms | middle half | min-max | effective GB/s |\n|---|---|---|---|---|");
    const ms = (value) => value.toFixed(value < 10 ? 2 : 1);
    for (const { mb, minMs, p25Ms, medianMs, p75Ms, maxMs, gbPerS } of rows) {
      console.log(
        `| ${mb} | ${ms(medianMs)} | ${ms(p25Ms)}-${ms(p75Ms)} | ${ms(minMs)}-${ms(maxMs)} | ${gbPerS.toFixed(2)} |`,
      );
    }
  }
}
await close();
