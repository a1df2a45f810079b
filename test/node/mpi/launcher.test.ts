import { describe, expect, it } from "vitest";
import { readLauncher } from "../../../src/node/mpi/launcher.ts";

describe("readLauncher()", () => {
  it("finds none for a process by itself, in a batch script, or for the only one", () => {
    expect(readLauncher({})).toBeUndefined();
    // What sbatch sets for its script.
    expect(readLauncher({ SLURM_NTASKS: "4", SLURM_PROCID: "0", SLURM_JOB_ID: "7" })).toBeUndefined();
    expect(readLauncher({ OMPI_COMM_WORLD_SIZE: "1", OMPI_COMM_WORLD_RANK: "0" })).toBeUndefined();
    expect(readLauncher({ PMI_SIZE: "1", PMI_RANK: "0", HYDI_CONTROL_FD: "7" })).toBeUndefined();
    expect(readLauncher({ SLURM_STEP_NUM_TASKS: "1", SLURM_PROCID: "0", PMIX_RANK: "0" })).toBeUndefined();
  });

  it("knows Open MPI's mpirun, also within a SLURM step", () => {
    const env = { OMPI_COMM_WORLD_SIZE: "4", OMPI_COMM_WORLD_RANK: "3", PMIX_RANK: "3" };
    const expected = { name: "Open MPI's mpirun", families: ["open-mpi"], size: 4, rank: 3 };
    expect(readLauncher(env)).toEqual(expected);
    expect(readLauncher({ ...env, SLURM_STEP_NUM_TASKS: "2", SLURM_PROCID: "1" })).toEqual(expected);
  });

  it("knows Hydra, with its size where it tells it", () => {
    const name = "the mpirun of MPICH or Intel MPI";
    expect(readLauncher({ PMI_SIZE: "4", PMI_RANK: "2", PMI_FD: "6", MPI_LOCALNRANKS: "4" })).toEqual({
      name,
      families: ["mpich"],
      size: 4,
      rank: 2,
    });
    expect(readLauncher({ MPI_LOCALNRANKS: "4", PMI_ID: "2" })).toEqual({
      name,
      families: ["mpich"],
      size: undefined,
      rank: 2,
    });
  });

  it("knows srun by what it offers", () => {
    const step = { SLURM_STEP_NUM_TASKS: "8", SLURM_PROCID: "5" };
    const both = { name: "srun", size: 8, rank: 5 };
    expect(readLauncher({ ...step, PMIX_RANK: "5" })).toEqual({ ...both, families: ["open-mpi", "mpich"] });
    expect(readLauncher({ ...step, PMI_SIZE: "8", PMI_RANK: "5" })).toEqual({ ...both, families: ["mpich"] });
    expect(readLauncher({ ...step, PMI_SHARED_SECRET: "1" })).toEqual({
      ...both,
      families: ["mpich", "open-mpi"],
    });
    expect(readLauncher(step)).toEqual({ ...both, families: [] });
  });

  it("takes any launcher that speaks PMIx, though it tells no size", () => {
    expect(readLauncher({ PMIX_RANK: "3" })).toEqual({
      name: "a PMIx launcher",
      families: ["open-mpi", "mpich"],
      size: undefined,
      rank: 3,
    });
  });
});
