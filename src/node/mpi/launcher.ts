/** Who started this process as one of several, read from the environment alone: no library is loaded for it. */

/** The families of MPI whose processes find each other in the same way. */
export type MpiFamily = "open-mpi" | "mpich";

export interface Launcher {
  /** For messages. */
  readonly name: string;
  /** Whose libraries can join, the likeliest first; none where no way to join was offered. */
  readonly families: readonly MpiFamily[];
  /** How many processes it says it started, where it says so. */
  readonly size: number | undefined;
  readonly rank: number | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

function count(env: Environment, ...names: readonly string[]): number | undefined {
  const text = names.map((name) => env[name]).find((value) => value !== undefined && /^\d+$/.test(value));
  return text === undefined ? undefined : Number(text);
}

/**
 * The launcher that started this process as one of several; undefined for a process by itself, also for the only one
 * of a launcher. Known are Open MPI's mpirun, Hydra (MPICH, Intel MPI, MVAPICH), SLURM's srun and any that speaks PMIx.
 */
export function readLauncher(env: Environment): Launcher | undefined {
  const launcher = knownLauncher(env);
  return launcher?.size === 1 ? undefined : launcher;
}

function knownLauncher(env: Environment): Launcher | undefined {
  if (env.OMPI_COMM_WORLD_SIZE !== undefined) {
    return {
      name: "Open MPI's mpirun",
      families: ["open-mpi"],
      size: count(env, "OMPI_COMM_WORLD_SIZE"),
      rank: count(env, "OMPI_COMM_WORLD_RANK"),
    };
  }
  // Only srun sets it, and only for the tasks of a step: the script of a batch job is none.
  const stepTasks = count(env, "SLURM_STEP_NUM_TASKS");
  const isHydra = env.HYDI_CONTROL_FD !== undefined || env.MPI_LOCALNRANKS !== undefined;
  if (isHydra || (env.PMI_SIZE !== undefined && env.PMI_RANK !== undefined)) {
    return {
      name: isHydra
        ? "the mpirun of MPICH or Intel MPI"
        : stepTasks === undefined
          ? "a PMI launcher"
          : "srun",
      families: ["mpich"],
      size: count(env, "PMI_SIZE") ?? (isHydra ? undefined : stepTasks),
      rank: count(env, "PMI_RANK", "PMI_ID"),
    };
  }
  const rank = count(env, "PMIX_RANK", "SLURM_PROCID");
  if (env.PMIX_RANK !== undefined) {
    const name = stepTasks === undefined ? "a PMIx launcher" : "srun";
    return { name, families: ["open-mpi", "mpich"], size: stepTasks, rank };
  }
  if (stepTasks !== undefined && env.SLURM_PROCID !== undefined) {
    const canJoin = Object.keys(env).some((name) => /^PMI2?_/.test(name));
    return { name: "srun", families: canJoin ? ["mpich", "open-mpi"] : [], size: stepTasks, rank };
  }
  return undefined;
}
