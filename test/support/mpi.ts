/** Starts small jobs under the MPI launchers of this machine. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface MpiLauncher {
  readonly name: "Open MPI" | "MPICH";
  readonly command: string;
  readonly flags: readonly string[];
}

export interface RanksResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What the ranks that ended well printed, by rank. */
  readonly ranks: readonly RankSays[];
}

export interface RankSays {
  readonly rank: number;
  readonly size: number;
  readonly library: string;
  readonly onThisHost: number;
  readonly pid: number;
  readonly result: Readonly<Record<string, unknown>>;
}

const ROOT = join(import.meta.dirname, "../..");
const PROGRAM = join(ROOT, "test/support/mpi-ranks.js");
/** Tests run as root, in containers. */
export const MPI_ENVIRONMENT = {
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  // Otherwise Open MPI 4 wants an ssh, though all is on this machine.
  OMPI_MCA_plm: "isolated",
};
const FLAGS = { "Open MPI": ["--oversubscribe", "--bind-to", "none"], MPICH: [] } as const;

const versionOf = (command: string): string => spawnSync(command, ["--version"], { encoding: "utf8" }).stdout;

/** Debian has each MPI's launcher under a name of its own; elsewhere there is one. */
export function findMpiLaunchers(): readonly MpiLauncher[] {
  const found = new Map<string, MpiLauncher>();
  for (const command of ["mpirun.openmpi", "mpirun.mpich", "mpirun"]) {
    const version = versionOf(command) ?? "";
    const name = /Open MPI|OpenRTE/.test(version) ? "Open MPI" : /HYDRA/.test(version) ? "MPICH" : undefined;
    if (name !== undefined && !found.has(name)) found.set(name, { name, command, flags: FLAGS[name] });
  }
  return [...found.values()];
}

/** Builds dist/, which the ranks run, where it is stale. */
export function buildForRanks(): void {
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, "bin/hipmri.js"), "--version"], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
}

/**
 * Runs `deed` of mpi-ranks.js on `count` ranks.
 * @param options `says` is told what comes on stderr; `mark` stands in the ranks' command lines
 */
export function runRanks(
  launcher: MpiLauncher,
  count: number,
  deed: string,
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly mark?: string;
    readonly says?: (text: string) => void;
  } = {},
): Promise<RanksResult> {
  return new Promise((resolve, reject) => {
    const ranks = [process.execPath, PROGRAM, deed, options.mark ?? ""];
    const folder = mkdtempSync(join(tmpdir(), "hipmri-ranks-"));
    const child = spawn(launcher.command, ["-n", String(count), ...launcher.flags, ...ranks], {
      env: { ...process.env, ...MPI_ENVIRONMENT, RANKS_SAY_INTO: folder, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
      options.says?.(stderr);
    });
    child.on("error", reject);
    child.on("close", (code) => {
      const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
      rmSync(folder, { recursive: true });
      const ranks = texts.map((text): RankSays => JSON.parse(text)).sort((one, two) => one.rank - two.rank);
      resolve({ code, stdout, stderr, ranks });
    });
  });
}
