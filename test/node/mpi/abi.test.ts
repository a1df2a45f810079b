import type { LibraryHandle } from "koffi";
import { describe, expect, it } from "vitest";
import { abiOf } from "../../../src/node/mpi/abi.ts";

/** A library with some symbols at made-up addresses. */
function libraryOf(symbols: Readonly<Record<string, bigint>>): LibraryHandle {
  const none = (): never => {
    throw new Error("not of this library");
  };
  const symbol = (name: string): bigint => symbols[name] ?? none();
  return { symbol, func: none, cdecl: none, stdcall: none, fastcall: none, thiscall: none, unload: none };
}
const MPICH = libraryOf({});

describe("abiOf()", () => {
  it("passes addresses of Open MPI's data", () => {
    const openMpi = libraryOf({
      ompi_mpi_comm_world: 1n,
      ompi_mpi_float: 2n,
      ompi_mpi_byte: 3n,
      ompi_mpi_op_sum: 4n,
    });
    expect(abiOf(openMpi, "libmpi.so.40", "Open MPI v4.1.4")).toEqual({
      handle: "void *",
      world: 1n,
      float: 2n,
      byte: 3n,
      sum: 4n,
      serialized: 2,
    });
  });

  it("passes the common numbers of MPICH and its kin", () => {
    for (const version of ["MPICH Version: 4.0.2", "Intel(R) MPI Library 2021.19", "MVAPICH Version: 4.0"]) {
      expect(abiOf(MPICH, "libmpi.so.12", version)).toMatchObject({ handle: "int", world: 0x44000000 });
    }
  });

  it("tells the standard's ABI by the file", () => {
    for (const file of ["libmpi_abi.so.1", "/opt/mpich/lib/libmpi_abi.so"]) {
      expect(abiOf(MPICH, file, "MPICH Version: 5.0.2")).toMatchObject({ handle: "void *", world: 0x101n });
    }
    expect(abiOf(MPICH, "/opt/libmpi_abi/libmpi.so.12", "MPICH Version: 5.0.2")?.handle).toBe("int");
  });

  it("knows no others", () => {
    expect(abiOf(MPICH, "libmpi.so", "")).toBeUndefined();
  });
});
