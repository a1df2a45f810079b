import { describe, expect, it } from "vitest";
import { makeCommunicator } from "../../../src/node/mpi/communicator.ts";
import type { MpiFunction, MpiLibrary } from "../../../src/node/mpi/library.ts";

/** An MPI of one rank, or of several whose others do and hold what this one does. */
function makeFake(size: number, overrides: Partial<MpiLibrary> = {}) {
  const calls: string[] = [];
  const note =
    (name: string): MpiFunction =>
    () => {
      calls.push(name);
      return 0;
    };
  const mpi: MpiLibrary = {
    file: "fake",
    version: "fake",
    abi: { handle: "int", world: 1, float: 4, byte: 1, sum: 3, serialized: 2 },
    initThread: note("init"),
    commRank: note("rank"),
    commSize: note("size"),
    iallgather(mine, _bytes, _type, all) {
      calls.push("iallgather");
      for (let i = 0; i < size; i++) (all as Float64Array).set(mine as Float64Array, 2 * i);
      return 0;
    },
    test(_request, flag) {
      (flag as Int32Array)[0] = 1;
      return 0;
    },
    async reduceScatter(from, to, counts) {
      calls.push(`reduceScatter ${(counts as Int32Array).join(" ")}`);
      const share = (from as Float32Array).subarray(0, (counts as Int32Array)[0]);
      (to as Float32Array).set(share.map((value) => value * size));
      return 0;
    },
    async allgatherv(_from, _count, _type, _to, counts) {
      calls.push(`allgatherv ${(counts as Int32Array).join(" ")}`);
      return 0;
    },
    finalize: note("finalize"),
    abort: note("abort"),
    ...overrides,
  };
  return { mpi, calls };
}

describe("makeCommunicator()", () => {
  it("shares a vector out evenly, in pieces", async () => {
    const { mpi, calls } = makeFake(3);
    await makeCommunicator(mpi, 0, 3).ranks.sum(new Float32Array(2 ** 20 + 4));
    expect(calls).toEqual([
      "iallgather",
      "reduceScatter 349525 349525 349526",
      "allgatherv 349525 349525 349526",
      "reduceScatter 1 1 2",
      "allgatherv 1 1 2",
    ]);
  });

  it("refuses to gather more than MPI can count, before it sets memory aside", async () => {
    const { mpi, calls } = makeFake(2, {
      iallgather(mine, _bytes, _type, all) {
        const [deed] = mine as Float64Array;
        (all as Float64Array).set([deed!, 2 ** 30, deed!, 2 ** 30]);
        return 0;
      },
    });
    await expect(makeCommunicator(mpi, 0, 2).ranks.gather(new Uint8Array(1))).rejects.toThrow(
      new RangeError("Ranks can gather 2147483647 bytes together, not 2147483648"),
    );
    expect(calls).toEqual([]);
  });

  it("makes one call after the other", async () => {
    let inside = 0;
    let most = 0;
    const { mpi } = makeFake(2, {
      async reduceScatter() {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setTimeout(resolve, 2));
        inside--;
        return 0;
      },
    });
    const { ranks } = makeCommunicator(mpi, 0, 2);
    await Promise.all([1, 2, 3].map(() => ranks.sum(new Float32Array(2))));
    expect(most).toBe(1);
  });

  it("waits with pauses until the others are there", async () => {
    let asked = 0;
    const start = performance.now();
    const { mpi } = makeFake(2, {
      test(_request, flag) {
        asked++;
        (flag as Int32Array)[0] = performance.now() - start > 200 ? 1 : 0;
        return 0;
      },
    });
    const { ranks } = makeCommunicator(mpi, 0, 2);
    // The first is eager for some milliseconds; that must not be all there is.
    await ranks.gather(new Uint8Array(1));
    expect(performance.now() - start).toBeGreaterThanOrEqual(200);
    expect(asked).toBeGreaterThan(1);
  });

  it("tells an error of MPI as ours, and goes on with what comes next", async () => {
    let code = 13;
    const { mpi } = makeFake(2, { reduceScatter: async () => code });
    const { ranks } = makeCommunicator(mpi, 0, 2);
    await expect(ranks.sum(new Float32Array(2))).rejects.toThrow(
      "internal: MPI_Reduce_scatter failed with MPI's error 13",
    );
    code = 0;
    await ranks.sum(new Float32Array(2));
  });

  it("ends MPI after all that came before, once", async () => {
    const { mpi, calls } = makeFake(2);
    const { ranks, close } = makeCommunicator(mpi, 0, 2);
    const summed = ranks.sum(new Float32Array(2));
    const closed = close();
    await expect(ranks.sum(new Float32Array(2))).rejects.toThrow("internal: the ranks are closed");
    await Promise.all([summed, closed]);
    expect(calls).toEqual(["iallgather", "reduceScatter 1 1", "allgatherv 1 1", "iallgather", "finalize"]);
  });
});
