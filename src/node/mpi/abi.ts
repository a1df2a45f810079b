/**
 * What the MPI standard long left to its makers: how communicators, types and operations are passed. There are three
 * ways: addresses of the library's data (Open MPI), the numbers of MPICH's common ABI (MPICH, Intel MPI, MVAPICH, Cray
 * MPICH), and the numbers of the standard's own ABI (MPI 5).
 */
import type { LibraryHandle } from "koffi";

/** A communicator, type or operation as the library takes it. */
export type MpiHandle = bigint | number;

export interface MpiAbi {
  /** C's type of a handle. */
  readonly handle: "void *" | "int";
  readonly world: MpiHandle;
  readonly float: MpiHandle;
  readonly byte: MpiHandle;
  readonly sum: MpiHandle;
  /** MPI_THREAD_SERIALIZED: calls from any thread, one at a time. */
  readonly serialized: number;
}

/** From mpi.h of MPICH 4.0; fixed for all since the MPICH ABI compatibility initiative of 2013. */
const MPICH: MpiAbi = {
  handle: "int",
  world: 0x44000000,
  float: 0x4c00040a,
  byte: 0x4c00010d,
  sum: 0x58000003,
  serialized: 2,
};

/** MPI 5.0, chapter 20, "Application Binary Interface". */
const STANDARD: MpiAbi = {
  handle: "void *",
  world: 0x101n,
  float: 0x210n,
  byte: 0x247n,
  sum: 0x21n,
  serialized: 2048,
};

export const hasSymbol = (library: LibraryHandle, symbol: string): boolean => {
  try {
    library.symbol(symbol);
    return true;
  } catch {
    return false;
  }
};

/**
 * How an MPI library takes its arguments; undefined for a library that is none of the three.
 * @param file the library's name or path: the standard's ABI is told by it alone
 * @param version what MPI_Get_library_version says
 */
export function abiOf(library: LibraryHandle, file: string, version: string): MpiAbi | undefined {
  if (/libmpi_abi\b[^/]*$/.test(file)) return STANDARD;
  if (hasSymbol(library, "ompi_mpi_comm_world")) {
    const address = (symbol: string): MpiHandle => library.symbol(symbol);
    return {
      handle: "void *",
      world: address("ompi_mpi_comm_world"),
      float: address("ompi_mpi_float"),
      byte: address("ompi_mpi_byte"),
      sum: address("ompi_mpi_op_sum"),
      serialized: 2,
    };
  }
  return /MPICH|Intel\(R\) MPI|MVAPICH|ParaStation/i.test(version) ? MPICH : undefined;
}
