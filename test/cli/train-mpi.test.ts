import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readLog } from "../../src/node/run-folder.ts";
import { buildForRanks, findMpiLaunchers, MPI_ENVIRONMENT } from "../support/mpi.ts";
import { makeTinyPhantom, type TinyPhantom } from "../support/tiny-phantom.ts";

const [launcher] = findMpiLaunchers();
if (launcher === undefined) console.warn("skipped: no mpirun (Debian: apt install openmpi-bin)");

const HIPMRI = join(import.meta.dirname, "../../bin/hipmri.js");
/** Cross-entropy without norms and with nothing drawn outside the image: a mean over images, equal on any ranks. */
const CONFIG = {
  unet: { levels: 2, baseWidth: 4, normalisation: "none", block: ["conv", "activation"] },
  loss: { dice: 0 },
  augment: { strength: 0, mirror: { width: false, height: false } },
  batchSize: 8,
  threads: 1,
  checkpointSeconds: 0.01,
};

let phantom: TinyPhantom;
beforeAll(async () => {
  if (launcher === undefined) return;
  buildForRanks();
  phantom = await makeTinyPhantom();
  writeFileSync(join(phantom.folder, "config.yaml"), JSON.stringify(CONFIG));
}, 120_000);
afterAll(() => phantom?.remove());

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** `hipmri train` by so many ranks. @param watch is called as the launcher starts */
function train(
  run: string,
  ranks: number,
  { steps = 50, flags = [] as readonly string[], watch = (_child: ChildProcess): void => undefined } = {},
): Promise<Ended> {
  const { folder, data } = phantom;
  const { command, flags: own } = launcher!;
  const settings = ["--config", join(folder, "config.yaml"), "--set", `steps=${steps}`];
  const verb = [
    "train",
    data,
    "--out",
    join(folder, run),
    ...settings,
    "--set",
    "stepsPerEpoch=25",
    ...flags,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(command, ["-n", `${ranks}`, ...own, process.execPath, HIPMRI, ...verb], {
      env: { ...process.env, ...MPI_ENVIRONMENT, HIPMRI_CACHE: join(folder, "cache") },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        output += chunk;
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
    watch(child);
  });
}

const losses = async (run: string): Promise<readonly number[]> => {
  const log = await readLog(join(phantom.folder, run)).catch(() => []);
  return log.flatMap((entry) => (entry.kind === "step" ? [Number(entry.loss)] : []));
};

const mostApart = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((loss, i) => Math.abs(loss - b[i]!)));

describe.skipIf(launcher === undefined)("hipmri train under mpirun", () => {
  test("50 steps of batch 8 by two ranks and by four have the losses of one", {
    timeout: 240_000,
  }, async () => {
    for (const ranks of [1, 2, 4]) {
      const { code, output } = await train(`on-${ranks}`, ranks);
      expect({ ranks, code, output }).toMatchObject({ code: 0 });
      // Told once, by rank 0.
      expect(output.split("Foreground mean")).toHaveLength(2);
    }
    const [one, two, four] = [await losses("on-1"), await losses("on-2"), await losses("on-4")];
    expect([one.length, two.length, four.length]).toEqual([50, 50, 50]);
    // Seen: 6e-7 and less.
    expect(mostApart(two, one)).toBeLessThan(1e-4);
    expect(mostApart(four, one)).toBeLessThan(1e-4);
    expect(one.at(-1)).toBeLessThan(0.8 * one[0]!);
  });

  test("a rank that is killed ends all; another number of ranks goes on", { timeout: 240_000 }, async () => {
    const killed = await train("killed", 2, {
      steps: 5000,
      watch: (child) => {
        const timer = setInterval(async () => {
          if ((await losses("killed")).length < 5) return;
          clearInterval(timer);
          signalLastRank(child, "SIGKILL");
        }, 50);
      },
    });
    expect(killed.code).not.toBe(0);
    expect(killed.output).toMatch(/signal 9|KILLED BY SIGNAL: 9|\(signal 9\)|Killed/);
    const before = (await losses("killed")).length;
    expect(before).toBeGreaterThanOrEqual(5);
    // The length of the run is that of its config.json: stop it once it has gone on.
    const resumed = await train("killed", 4, {
      flags: ["--resume"],
      watch: (child) => {
        const timer = setInterval(async () => {
          if ((await losses("killed")).length < before + 5) return;
          clearInterval(timer);
          // One rank is told; all stop.
          signalLastRank(child, "SIGUSR2");
        }, 50);
      },
    });
    expect(resumed.output).toContain("on 4 ranks");
    expect(resumed.output).toContain("Go on with: hipmri train");
    const log = await readLog(join(phantom.folder, "killed"));
    const steps = log.filter(({ kind }) => kind === "step").map(({ step }) => step);
    expect(steps.length).toBeGreaterThan(before);
    // No step is lost, and none is taken twice.
    expect(steps).toEqual(steps.map((_, i) => i + 1));
  });

  test("what is wrong is told once, and nobody is left waiting", { timeout: 120_000 }, async () => {
    const { code, output } = await train("odd", 3);
    expect(code).toBe(1);
    expect(output).toContain("error: A batch of 8 cannot be shared out evenly among 3 ranks");
    expect(output.split("error:")).toHaveLength(2);
  });
});

/** To the last of the launcher's processes that runs hipmri. */
function signalLastRank(launched: ChildProcess, signal: NodeJS.Signals): void {
  const { stdout } = spawnSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" });
  const rows = stdout.split("\n").map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []);
  const below = new Set([launched.pid]);
  // Parents stand before their children.
  const ranks = rows.filter(([, pid, parent, args = ""]) => {
    if (!below.has(Number(parent))) return false;
    below.add(Number(pid));
    return args.includes("bin/hipmri.js train") && !args.includes("-n ");
  });
  process.kill(Number(ranks.at(-1)![1]), signal);
}
