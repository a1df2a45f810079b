import { describe, expect, it } from "vitest";
import { HipError } from "../../../src/core/errors.ts";
import type { Launcher } from "../../../src/node/mpi/launcher.ts";
import { loadLibrary } from "../../../src/node/mpi/library.ts";

const LAUNCHER: Launcher = { name: "Open MPI's mpirun", families: ["open-mpi"], size: 4, rank: 0 };
async function refusalOf(named: string): Promise<HipError> {
  const error = await loadLibrary(LAUNCHER, named).catch((caught: unknown) => caught);
  if (!(error instanceof HipError)) throw new Error(`no refusal but ${String(error)}`);
  return error;
}

describe("loadLibrary()", () => {
  it("says which files were tried, why they did not load, and what to do", async () => {
    const error = await refusalOf("/nowhere/libmpi.so.40");
    expect(error.code).toBe("not-found");
    expect(error.message).toBe(
      "This process was started by Open MPI's mpirun as one of 4, but no MPI library to join them was found",
    );
    expect(error.problems).toHaveLength(1);
    expect(error.problems[0]).toMatch(/^\/nowhere\/libmpi\.so\.40: .*No such file/);
    expect(error.hint).toBe(
      "HIPMRI_MPI_LIBRARY names the only file that was tried: correct it, or unset it to search",
    );
  });

  it.runIf(process.platform === "linux")("refuses a library that is no MPI", async () => {
    const error = await refusalOf("libm.so.6");
    expect(error.code).toBe("config");
    expect(error.message).toBe("The library libm.so.6 is no MPI");
    expect(error.hint).toContain("HIPMRI_MPI_LIBRARY");
  });
});
