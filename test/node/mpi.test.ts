import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { openRanks } from "../../src/node/mpi.ts";
import { buildForRanks, findMpiLaunchers, type RanksResult, runRanks } from "../support/mpi.ts";

const launchers = findMpiLaunchers();
if (launchers.length === 0) console.warn("skipped: no mpirun (Debian: apt install openmpi-bin)");

interface Summed {
  readonly length: number;
  readonly error: number;
  readonly digests: readonly string[];
  readonly repeats: boolean;
}

const resultsOf = ({ code, stderr, ranks }: RanksResult, count: number): readonly unknown[] => {
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(ranks.map(({ rank, size }) => [rank, size])).toEqual(
    Array.from({ length: count }, (_, i) => [i, count]),
  );
  return ranks.map(({ result }) => result);
};
/** In the command line of this run's ranks alone. */
const MARK = randomUUID();
/** Ranks that are still there a moment after their launcher is gone; those dead and not yet collected do not count. */
async function left(): Promise<string> {
  for (let tries = 0; ; tries++) {
    const { stdout } = spawnSync("ps", ["-eo", "stat=,args="], { encoding: "utf8" });
    const lines = stdout.split("\n").filter((line) => line.includes(MARK) && !line.startsWith("Z"));
    if (lines.length === 0 || tries === 50) return lines.join("\n");
    await sleep(100);
  }
}

describe("openRanks()", () => {
  it("gives nothing to a process that no launcher started", async () => {
    expect(await openRanks()).toBeUndefined();
  });
});

describe.each(launchers)("ranks under $name", (launcher) => {
  beforeAll(buildForRanks);

  it.each([2, 4])("sum to the same bits on all of %i, every time", async (count) => {
    const results = resultsOf(
      await runRanks(launcher, count, "sum"),
      count,
    ) as readonly (readonly Summed[])[];
    for (const { length, error, digests, repeats } of results.flat()) {
      // Sums of `count` floats, each rounded once per addition.
      expect(error, `length ${length}`).toBeLessThan(count * 2 ** -24);
      expect(new Set(digests).size, `length ${length}`).toBe(1);
      expect(digests).toHaveLength(count);
      expect(repeats, `length ${length}`).toBe(true);
    }
  });

  it.each([2, 4])("gather what each of %i gave, by rank", async (count) => {
    const expected = {
      small: Array.from({ length: count }, (_, i) => Array(i).fill(i)),
      big: Array.from({ length: count }, (_, i) => [300_000 + i, i + 1, i + 1, 0]),
    };
    const results = resultsOf(await runRanks(launcher, count, "gather"), count);
    expect(results).toEqual(Array(count).fill(expected));
  });

  it("know the library and who is on the same machine", async () => {
    const { ranks } = await runRanks(launcher, 2, "gather");
    for (const { library, onThisHost } of ranks) {
      expect(library).toContain(launcher.name);
      expect(onThisHost).toBe(2);
    }
  });

  it("are told where another one has ended, and end too", async () => {
    const left = "OtherRankFailed: rank 1 has ended";
    expect(resultsOf(await runRanks(launcher, 4, "leave"), 4)).toEqual([
      { says: [left] },
      { says: [] },
      { says: [left, expect.stringMatching(/^OtherRankFailed: rank (0, )?1(, 3)? has ended$/)] },
      { says: [left] },
    ]);
  });

  it("keep the order of calls that nobody awaits", async () => {
    const sums = Array.from({ length: 20 }, (_, i) => 3 * i + 3);
    expect(resultsOf(await runRanks(launcher, 3, "order"), 3)).toEqual(Array(3).fill({ sums, gathered: 3 }));
  });

  it("refuse vectors of different lengths and different calls on every rank, and go on", async () => {
    const same = "RangeError: Ranks must make the same calls, and sum vectors of one length: ";
    const says = [
      `${same}rank 0 sum of 10, rank 1 sum of 11, rank 2 sum of 12`,
      `${same}rank 0 gather of 7, rank 1 sum of 7, rank 2 sum of 7`,
    ];
    expect(resultsOf(await runRanks(launcher, 3, "unequal"), 3)).toEqual(Array(3).fill({ says, after: 3 }));
  });

  it("lose nothing that the garbage collector would take during a call", async () => {
    expect(resultsOf(await runRanks(launcher, 2, "drop"), 2)).toEqual(Array(2).fill({ intact: true }));
  });

  it("wait for a slower rank with timers running and the processor mostly free", async () => {
    const results = resultsOf(await runRanks(launcher, 2, "wait"), 2) as readonly {
      cpuMs: number;
      ticks: number;
    }[];
    // Of 2 seconds; a busy wait would take them all.
    expect(results[0]!.cpuMs).toBeLessThan(1000);
    expect(results[0]!.ticks).toBeGreaterThan(20);
  });

  it("all end when one throws, with its error", async () => {
    const { code, stderr, ranks } = await runRanks(launcher, 3, "throw", { mark: MARK });
    expect(code).toBe(1);
    expect(stderr).toContain("Error: the last rank fails");
    expect(stderr).toContain("Rank 2 of 3 ended early (code 1): all ranks end with it");
    expect(ranks).toEqual([]);
    expect(await left()).toBe("");
  });

  it.each([
    ["exit", 7],
    ["abort", 9],
  ])("all end when one calls %s, with its code", async (deed, expected) => {
    const { code, ranks } = await runRanks(launcher, 3, deed, { mark: MARK });
    expect(code).toBe(expected);
    expect(ranks).toEqual([]);
    expect(await left()).toBe("");
  });

  it("all end when one is killed, which the launcher tells", async () => {
    const { code, stdout, stderr, ranks } = await runRanks(launcher, 3, "kill", { mark: MARK });
    expect(code).not.toBe(0);
    expect(stdout + stderr).toMatch(/signal 9|KILLED BY SIGNAL: 9|\(signal 9\)|Killed/);
    expect(ranks).toEqual([]);
    expect(await left()).toBe("");
  });

  it("stop together when a signal reaches one of them", async () => {
    let isSent = false;
    const { code, ranks } = await runRanks(launcher, 3, "signal", {
      says(stderr) {
        const pid = /^pid (\d+)$/m.exec(stderr)?.[1];
        if (pid === undefined || isSent) return;
        isSent = true;
        process.kill(Number(pid), "SIGTERM");
      },
    });
    expect(code).toBe(0);
    expect(ranks.map(({ result }) => result)).toEqual(Array(3).fill({ stoppedEqually: true }));
  });
});

const other = { "Open MPI": "libmpich.so.12", MPICH: "libmpi.so.40" } as const;
describe.each(launchers.length === 2 ? launchers : [])(
  "the library of another MPI than $name",
  (launcher) => {
    beforeAll(buildForRanks);

    it("is refused", async () => {
      const file = other[launcher.name];
      const { code, stderr, ranks } = await runRanks(launcher, 2, "sum", {
        env: { HIPMRI_MPI_LIBRARY: file },
      });
      expect(code).not.toBe(0);
      expect(stderr).toMatch(`The MPI library ${file} (`);
      expect(stderr).toMatch(/sees 1 of the 2 ranks that .* started: it is of another MPI than the launcher/);
      expect(stderr).toContain("name the library of the launcher's MPI in HIPMRI_MPI_LIBRARY");
      expect(ranks).toEqual([]);
    });
  },
);

describe("a launcher without MPI", () => {
  beforeAll(buildForRanks);
  const start = (env: Readonly<Record<string, string>>) =>
    spawnSync(process.execPath, [join(import.meta.dirname, "../support/mpi-ranks.js"), "gather"], {
      encoding: "utf8",
      env: { PATH: process.env.PATH, ...env },
    });

  it("that offers no way to join is refused, with how to start", () => {
    const { status, stderr } = start({ SLURM_STEP_NUM_TASKS: "4", SLURM_PROCID: "2" });
    expect(status).toBe(1);
    expect(stderr).toContain("This process is task 2 of 4 of srun, which offers MPI no way to join them");
    expect(stderr).toContain("srun --mpi=pmix");
  });

  it("can be told that there is no MPI", () => {
    const { stdout } = start({ SLURM_STEP_NUM_TASKS: "4", SLURM_PROCID: "2", HIPMRI_MPI_LIBRARY: "none" });
    expect(JSON.parse(stdout)).toEqual({ alone: true });
  });
});
