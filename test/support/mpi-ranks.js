// One rank of a small job, for the tests and the script of MPI: does what its first argument says and, where it ends well,
// prints one line of JSON, or writes it into a file of the folder RANKS_SAY_INTO. Run by a launcher, on what `npm run build` made.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { openRanks } from "../../dist/node/mpi.js";

const opened = await openRanks();
if (opened === undefined) {
  console.log(JSON.stringify({ alone: true }));
  process.exit(0);
}
const { ranks, library, onThisHost, close } = opened;
const { rank, size } = ranks;

const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");
/** The same on every rank of every run, and of all magnitudes, so that the order of a sum shows in its bits. */
function vectorOf(seed, length) {
  const vector = new Float32Array(length);
  let state = (seed * 2654435761 + 1) >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    vector[i] = (state / 2 ** 32 - 0.5) * 10 ** (state % 7);
  }
  return vector;
}

const DEEDS = {
  /** Sums of several lengths: their bits on all ranks, the largest relative error beside float64, a second time. */
  async sum() {
    const results = [];
    for (const length of [0, 1, 3, 1000, 2 ** 20, 2 ** 20 + 1]) {
      const vector = vectorOf(rank, length);
      const again = vector.slice();
      await ranks.sum(vector);
      await ranks.sum(again);
      const terms = Array.from({ length: size }, (_, i) => vectorOf(i, length));
      let error = 0;
      for (let i = 0; i < length; i += 1 + (length >> 12)) {
        const exact = terms.reduce((sum, term) => sum + term[i], 0);
        const scale = terms.reduce((sum, term) => sum + Math.abs(term[i]), 1e-30);
        error = Math.max(error, Math.abs(vector[i] - exact) / scale);
      }
      const digests = (await ranks.gather(Buffer.from(digest(vector)))).map((bytes) =>
        Buffer.from(bytes).toString(),
      );
      results.push({ length, error, digests, repeats: digest(again) === digest(vector) });
    }
    return results;
  },
  /** Every rank gives as many bytes as its number, and once a view that lies askew in its buffer. */
  async gather() {
    const small = await ranks.gather(new Uint8Array(rank).fill(rank));
    const big = await ranks.gather(new Uint8Array(300_001 + rank).fill(rank + 1).subarray(1));
    return {
      small: small.map((bytes) => [...bytes]),
      big: big.map((bytes) => [bytes.length, bytes[0], bytes.at(-1), bytes.byteOffset]),
    };
  },
  /** Rank 1 ends before the others do: they are told, whatever they wanted to do, and all end well. */
  async leave() {
    if (rank === 1) return { says: [] };
    const nameOf = ({ name, message }) => `${name}: ${message}`;
    const says = [];
    await ranks.sum(new Float32Array(3)).catch((error) => says.push(nameOf(error)));
    if (rank === 2) await ranks.gather(new Uint8Array(3)).catch((error) => says.push(nameOf(error)));
    return { says };
  },
  /** Calls that are not awaited keep their order. */
  async order() {
    const sums = Array.from({ length: 20 }, (_, i) => new Float32Array(5).fill(i + rank));
    const all = sums.map((vector) => ranks.sum(vector));
    const gathered = ranks.gather(Uint8Array.of(rank));
    await Promise.all(all);
    return { sums: sums.map((vector) => vector[4]), gathered: (await gathered).length };
  },
  /** Every rank is told, and all go on. */
  async unequal() {
    const says = [];
    for (const call of [
      () => ranks.sum(new Float32Array(10 + rank)),
      () => (rank === 0 ? ranks.gather(new Uint8Array(7)) : ranks.sum(new Float32Array(7))),
    ]) {
      await call().catch((error) => says.push(`${error.name}: ${error.message}`));
    }
    const vector = Float32Array.of(1);
    await ranks.sum(vector);
    return { says, after: vector[0] };
  },
  /** What calls are given is dropped by the caller and the garbage collected while they run. */
  async drop() {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc");
    const timer = setInterval(collect, 5);
    for (let i = 0; i < 8; i++) {
      const calls = [];
      for (let j = 0; j < 4; j++) {
        calls.push(ranks.sum(new Float32Array(1 + (i % 2) * 400_000 + j)));
        calls.push(ranks.gather(new Uint8Array(10 + rank + (i % 3) * 100_000).fill(rank + 1)));
      }
      collect();
      for (const parts of (await Promise.all(calls)).filter((result) => result !== undefined)) {
        parts.forEach((part, from) => {
          if (part.some((value) => value !== from + 1)) throw new Error(`rank ${from} gave something else`);
        });
      }
    }
    clearInterval(timer);
    return { intact: true };
  },
  /** While the others wait for the last rank they cost little, and timers run. */
  async wait() {
    if (rank === size - 1) await new Promise((resolve) => setTimeout(resolve, 2000));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 20);
    const before = process.cpuUsage();
    await ranks.sum(new Float32Array(10));
    const { user, system } = process.cpuUsage(before);
    clearInterval(timer);
    return { cpuMs: (user + system) / 1000, ticks };
  },
  /** The last rank throws where nobody catches; the others wait for it. */
  async throw() {
    if (rank === size - 1) throw new Error("the last rank fails");
    await ranks.sum(new Float32Array(10));
  },
  async exit() {
    if (rank === size - 1) process.exit(7);
    await ranks.sum(new Float32Array(10));
  },
  async abort() {
    if (rank === 0) opened.abort(9);
    await ranks.sum(new Float32Array(10));
  },
  /** The last rank is killed while the others are amid sums. */
  async kill() {
    const vector = new Float32Array(200_000);
    for (let i = 0; ; i++) {
      if (rank === size - 1 && i === 3) process.kill(process.pid, "SIGKILL");
      await ranks.sum(vector);
    }
  },
  /** Sums until a signal comes to any of the ranks, then all stop after the same sum, as a training does. */
  async signal() {
    let stop = 0;
    process.on("SIGTERM", () => {
      stop = 1;
    });
    process.on("SIGINT", () => {
      stop = 1;
    });
    if (rank === 0) console.error(`pid ${process.pid}`);
    const vector = new Float32Array(1000);
    for (let steps = 0; ; steps++) {
      await ranks.sum(vector);
      const flags = await ranks.gather(Uint8Array.of(stop));
      if (flags.some(([flag]) => flag === 1)) {
        const all = await ranks.gather(Buffer.from(String(steps)));
        return { stoppedEqually: all.every((other) => Buffer.from(other).toString() === String(steps)) };
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  },
};

const result = await DEEDS[process.argv[2]]();
const says = JSON.stringify({ rank, size, library, onThisHost, pid: process.pid, result });
// Launchers mix the lines of ranks where these are long.
const folder = process.env.RANKS_SAY_INTO;
if (folder === undefined) console.log(says);
else writeFileSync(join(folder, `${rank}.json`), says);
await close();
