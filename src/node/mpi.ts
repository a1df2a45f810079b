/** Joins the processes that an MPI launcher (mpirun, srun) started into the ranks of one training. */
import { writeSync } from "node:fs";
import { hostname } from "node:os";
import { inspect } from "node:util";
import { HipError } from "../core/errors.ts";
import type { Ranks } from "../train/ranks.ts";
import { makeCommunicator } from "./mpi/communicator.ts";
import { type Launcher, readLauncher } from "./mpi/launcher.ts";
import { LIBRARY_VARIABLE, loadLibrary, type MpiLibrary } from "./mpi/library.ts";

export interface OpenedRanks {
  readonly ranks: Ranks;
  /** The library's own name and version. */
  readonly library: string;
  /** How many of the ranks run on this machine and share its processor cores. */
  readonly onThisHost: number;
  /** Waits until every rank closes, then ends MPI. A process that ends without it ends the whole job. */
  close(): Promise<void>;
  /** Ends all ranks at once, this one with them, so that none waits for one that failed. @param code the job's exit code */
  abort(code: number): void;
}

/** What MPI libraries read when they start, where the user says nothing else. */
const SETTINGS = {
  // Ranks that wait within a call let others run, which matters where there are more ranks than cores.
  OMPI_MCA_mpi_yield_when_idle: "1",
  MPIR_CVAR_POLLS_BEFORE_YIELD: "1",
  // To try its hooks, UCX lengthens the heap and shortens it again; where one of Node's other threads lengthens it in
  // between, that thread's memory goes. One rank in a hundred died of it.
  UCX_MEM_EVENTS: "no",
};

const read = (call: (into: Int32Array) => number): number => {
  const into = new Int32Array(new ArrayBuffer(4));
  call(into);
  return into[0]!;
};

function refuseUnjoined(launcher: Launcher): never {
  throw new HipError(
    "config",
    `This process is task ${launcher.rank ?? "?"} of ${launcher.size ?? "several"} of ${launcher.name}, which offers MPI no way to join them`,
    {
      hint: `start them with "srun --mpi=pmix" ("srun --mpi=list" shows what there is) or with mpirun; ${LIBRARY_VARIABLE}=none trains in each by itself`,
    },
  );
}

/** A library of another MPI than the launcher's sees a process by itself: each rank would train alone and write over the others. */
function checkSize(mpi: MpiLibrary, launcher: Launcher, size: number): void {
  const isAlone = size === 1 && (launcher.rank ?? 0) > 0;
  if (launcher.size === undefined ? !isAlone : launcher.size === size) return;
  mpi.finalize();
  throw new HipError(
    "config",
    `The MPI library ${mpi.file} (${mpi.version}) sees ${size} of the ${launcher.size ?? "several"} ranks that ${launcher.name} started: it is of another MPI than the launcher`,
    {
      hint: `start with the launcher of that MPI, or name the library of the launcher's MPI in ${LIBRARY_VARIABLE}`,
    },
  );
}

/**
 * Ends all ranks with this process, whatever ends it: an error that nobody caught, or a second Ctrl-C. The others would
 * wait for ever, and so would this one, for its thread in MPI. @param who names this rank @returns what undoes it
 */
function abortAtExit(who: string, abort: (code: number) => void): () => void {
  let uncaught: unknown;
  const onUncaught = (error: unknown): void => {
    uncaught = error;
  };
  const onExit = (code: number): void => {
    // Node would print it after this, when the process is gone.
    const why = uncaught === undefined ? "" : `${inspect(uncaught)}\n`;
    // The launchers' own words do not always arrive.
    writeSync(2, `${why}${who} ended early (code ${code}): all ranks end with it\n`);
    abort(code === 0 ? 1 : code);
  };
  process.on("uncaughtExceptionMonitor", onUncaught);
  process.on("exit", onExit);
  return () => {
    process.off("uncaughtExceptionMonitor", onUncaught);
    process.off("exit", onExit);
  };
}

/**
 * The ranks that this process is one of; undefined where no MPI launcher started it as one of several. All ranks must
 * call it, once. Until they are closed, the end of one process for whatever reason ends all.
 * @throws HipError where a launcher did start it and the ranks cannot be joined
 */
export async function openRanks(): Promise<OpenedRanks | undefined> {
  const named = process.env[LIBRARY_VARIABLE];
  const launcher = named === "none" ? undefined : readLauncher(process.env);
  if (launcher === undefined) return undefined;
  if (launcher.families.length === 0 && named === undefined) refuseUnjoined(launcher);
  for (const [name, value] of Object.entries(SETTINGS)) process.env[name] ??= value;
  const mpi = await loadLibrary(launcher, named);
  const { world, serialized } = mpi.abi;
  const provided = read((into) => mpi.initThread(null, null, serialized, into));
  const rank = read((into) => mpi.commRank(world, into));
  const size = read((into) => mpi.commSize(world, into));
  checkSize(mpi, launcher, size);
  if (provided < serialized) {
    mpi.finalize();
    throw new HipError("config", `The MPI library ${mpi.file} (${mpi.version}) was built without threads`, {
      hint: "use one with MPI_THREAD_SERIALIZED or better",
    });
  }

  const abort = (code: number): void => {
    mpi.abort(world, code);
  };
  const letGo = abortAtExit(`Rank ${rank} of ${size}`, abort);
  const { ranks, close } = makeCommunicator(mpi, rank, size);
  const here = hostname();
  const hosts = (await ranks.gather(Buffer.from(here))).map((bytes) => Buffer.from(bytes).toString());
  return {
    ranks,
    library: mpi.version,
    onThisHost: hosts.filter((host) => host === here).length,
    async close() {
      await close();
      letGo();
    },
    abort,
  };
}
