/**
 * The ranks over an MPI library. MPI blocks and spins in its calls, and Node must not wait in them, so that:
 * - ranks first tell each other what they are about to do, in a call that does not block and is asked for its end with
 *   pauses. Waiting for a slower rank so costs next to no processor time, signals are served, and ranks that do different
 *   things get an error instead of waiting for ever;
 * - then all are there, and the data move on another thread;
 * - one call follows the other: MPI is opened for one thread at a time.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { OtherRankFailed } from "../../train/agreement.ts";
import type { Ranks } from "../../train/ranks.ts";
import type { MpiLibrary } from "./library.ts";

/** Numbers of a sum that travel at once: above 1 MB nothing is gained, and MPI sets aside as much memory again. */
const PIECE = 2 ** 20;
/** MPI's counts and displacements are 32-bit. */
const MOST_GATHERED_BYTES = 2 ** 31 - 1;
/** For how long a wait asks at every turn of the event loop before it pauses: about what equal ranks differ by. */
const EAGER_MS = 2;
/** A pause is at most this part of the wait so far, and at most so long: a wait gets hardly longer by it. */
const PAUSE_SHARE = 0.01;
const LONGEST_PAUSE_MS = 10;
/** Every MPI's status is smaller. */
const STATUS_BYTES = 64;

const DEEDS = ["sum", "gather", "close"] as const;
type Deed = (typeof DEEDS)[number];

/** Off the heap of V8, where MPI can write while no call runs. */
const doubles = (length: number): Float64Array => new Float64Array(new ArrayBuffer(length * 8));

/** MPI ends the job by itself on an error, so that a code is not expected here. */
function checked(name: string, code: number): void {
  if (code !== 0) throw new Error(`internal: ${name} failed with MPI's error ${code}`);
}

/** Where part `i` of `length` things begins, shared out evenly over `parts`. */
const begin = (i: number, parts: number, length: number): number => Math.floor((i * length) / parts);

export interface Communicator {
  readonly ranks: Ranks;
  /**
   * Waits until all ranks close, then ends MPI. A rank that fails closes before the others: what they are about to do
   * together rejects with OtherRankFailed, and they close too.
   */
  close(): Promise<void>;
}

export function makeCommunicator(mpi: MpiLibrary, rank: number, size: number): Communicator {
  const { world, byte, float, sum: plus } = mpi.abi;
  const everyRank = Array.from({ length: size }, (_, i) => i);
  const mine = doubles(2);
  const all = doubles(2 * size);
  const request = new BigInt64Array(new ArrayBuffer(8));
  const flag = new Int32Array(new ArrayBuffer(4));
  const status = new Uint8Array(new ArrayBuffer(STATUS_BYTES));
  const share = new Float32Array(new ArrayBuffer(Math.ceil(PIECE / size) * 4));

  let last: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  /** Runs work after all that came before, whatever became of that. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (isClosed) return Promise.reject(new Error("internal: the ranks are closed"));
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  }

  /** Waits until all ranks are about to do something. @returns what, with the lengths, by rank */
  async function tell(deed: Deed, length: number) {
    mine.set([DEEDS.indexOf(deed), length]);
    const bytes = mine.byteLength;
    checked("MPI_Iallgather", mpi.iallgather(mine, bytes, byte, all, bytes, byte, world, request));
    const started = performance.now();
    for (;;) {
      checked("MPI_Test", mpi.test(request, flag, status));
      if (flag[0] !== 0) break;
      const waitedMs = performance.now() - started;
      const pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(1, PAUSE_SHARE * waitedMs));
      await (waitedMs < EAGER_MS ? nextTurn() : sleep(pauseMs));
    }
    return {
      deeds: everyRank.map((i) => DEEDS[all[2 * i]!]),
      lengths: everyRank.map((i) => all[2 * i + 1]!),
    };
  }

  /** Waits until all ranks are about to do the same. @returns the lengths by rank */
  async function meet(deed: Deed, length: number): Promise<readonly number[]> {
    const { deeds, lengths } = await tell(deed, length);
    const closing = everyRank.filter((i) => deeds[i] === "close");
    if (closing.length > 0) throw new OtherRankFailed(`rank ${closing.join(", ")} has ended`);
    const differs = deeds.some((other) => other !== deed) || (deed === "sum" && new Set(lengths).size > 1);
    if (differs) {
      const says = everyRank.map((i) => `rank ${i} ${deeds[i]} of ${lengths[i]}`).join(", ");
      throw new RangeError(`Ranks must make the same calls, and sum vectors of one length: ${says}`);
    }
    return lengths;
  }

  /** Moves what the ranks hold to all of them. `counts` are of `type`. */
  async function spread(
    from: ArrayBufferView,
    to: ArrayBufferView,
    counts: Int32Array,
    starts: Int32Array,
    type: typeof byte,
  ): Promise<void> {
    const code = await mpi.allgatherv(from, counts[rank]!, type, to, counts, starts, type, world);
    checked("MPI_Allgatherv", code);
  }

  /**
   * Every rank sums one share of the vector and hands it on, so that all hold the same bits whatever algorithm the library
   * takes; MPI does not promise that of MPI_Allreduce.
   */
  async function sumPiece(piece: Float32Array): Promise<void> {
    const starts = Int32Array.from(everyRank, (i) => begin(i, size, piece.length));
    const counts = Int32Array.from(everyRank, (i) => begin(i + 1, size, piece.length) - starts[i]!);
    checked("MPI_Reduce_scatter", await mpi.reduceScatter(piece, share, counts, float, plus, world));
    await spread(share, piece, counts, starts, float);
  }

  async function sum(vector: Float32Array): Promise<void> {
    await meet("sum", vector.length);
    for (let at = 0; at < vector.length; at += PIECE) await sumPiece(vector.subarray(at, at + PIECE));
  }

  async function gather(bytes: Uint8Array): Promise<readonly Uint8Array[]> {
    const lengths = await meet("gather", bytes.length);
    const total = lengths.reduce((one, other) => one + other, 0);
    if (total > MOST_GATHERED_BYTES) {
      throw new RangeError(`Ranks can gather ${MOST_GATHERED_BYTES} bytes together, not ${total}`);
    }
    const counts = Int32Array.from(lengths);
    const starts = new Int32Array(size);
    for (let i = 1; i < size; i++) starts[i] = starts[i - 1]! + counts[i - 1]!;
    const gathered = new Uint8Array(new ArrayBuffer(total));
    await spread(bytes, gathered, counts, starts, byte);
    return everyRank.map((i) => gathered.slice(starts[i]!, starts[i]! + counts[i]!));
  }

  return {
    ranks: {
      rank,
      size,
      sum: (vector) => inTurn(() => sum(vector)),
      gather: (bytes) => inTurn(() => gather(bytes)),
    },
    close() {
      const closed = inTurn(async () => {
        // Ranks that were about to do something else are told by this, and come here too.
        while ((await tell("close", 0)).deeds.some((deed) => deed !== "close"));
        // On the thread that opened MPI, as the standard wants it; all ranks are here, so it is short.
        checked("MPI_Finalize", mpi.finalize());
      });
      isClosed = true;
      return closed;
    },
  };
}
