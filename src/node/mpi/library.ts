/** Finds the MPI library of this machine and binds the few functions that are used of it. */
import type { LibraryHandle } from "koffi";
import { HipError, messageOf } from "../../core/errors.ts";
import { abiOf, hasSymbol, type MpiAbi, type MpiHandle } from "./abi.ts";
import type { Launcher, MpiFamily } from "./launcher.ts";

/** Names a library to use instead of searching; "none" for no MPI at all. */
export const LIBRARY_VARIABLE = "HIPMRI_MPI_LIBRARY";

/** As the loader of Linux searches them; the names without a number come with packages for development. */
const FILES: Readonly<Record<MpiFamily, readonly string[]>> = {
  "open-mpi": ["libmpi.so.40", "libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi.so"],
  mpich: ["libmpi.so.12", "libmpich.so.12", "libmpi_abi.so.1", "libmpi_abi.so.0", "libmpich.so", "libmpi.so"],
};
const INSTALL: Readonly<Record<MpiFamily, string>> = {
  "open-mpi": "apt install libopenmpi3, or module load openmpi on a cluster",
  mpich: "apt install libmpich12, or module load mpich (or Intel MPI's module) on a cluster",
};
const VERSION = "MPI_Get_library_version";
/** MPI_MAX_LIBRARY_VERSION_STRING is at most this in every MPI known. */
const VERSION_BYTES = 8192;
/** Of the threads that calls run on: what C code has on a thread of its own. The default of koffi is 128 kB. */
const STACK_BYTES = 8 * 2 ** 20;
/** koffi takes settings before it loads its first library, and then no more. */
let isConfigured = false;

/** Of Linux's dlfcn.h. */
const RTLD_LAZY = 0x1;
const RTLD_GLOBAL = 0x100;
const RTLD_NODELETE = 0x1000;

type Koffi = typeof import("koffi").default;
type KoffiFunction = ReturnType<LibraryHandle["func"]>;
type Argument = MpiHandle | ArrayBufferView | null;
/** An MPI function: returns its error code, 0 for success. */
export type MpiFunction = (...values: readonly Argument[]) => number;
/** The same on a thread of its own. */
export type MpiTask = (...values: readonly Argument[]) => Promise<number>;

export interface MpiLibrary {
  readonly file: string;
  /** As it calls itself: "Open MPI v4.1.4". */
  readonly version: string;
  readonly abi: MpiAbi;
  readonly initThread: MpiFunction;
  readonly commRank: MpiFunction;
  readonly commSize: MpiFunction;
  readonly iallgather: MpiFunction;
  readonly test: MpiFunction;
  readonly reduceScatter: MpiTask;
  readonly allgatherv: MpiTask;
  readonly finalize: MpiFunction;
  readonly abort: MpiFunction;
}

/**
 * Keeps a library in memory to the very end. koffi lets go of it when Node's environment ends, and the threads that ran
 * its code end after that: what the library left for their end (Open MPI leaves something) would be gone.
 */
function keepLoaded(koffi: Koffi, file: string): void {
  if (process.platform !== "linux") return;
  const open = koffi.load(null).func("dlopen", "void *", ["const char *", "int"]);
  open(file, RTLD_LAZY + RTLD_GLOBAL + RTLD_NODELETE);
}

/** The first line, without what Open MPI says of its packager; nothing for a library that is no MPI. */
function versionOf(library: LibraryHandle): string {
  const text = Buffer.alloc(VERSION_BYTES);
  if (!hasSymbol(library, VERSION)) return "";
  library.func(VERSION, "int", ["void *", "void *"])(text, new Int32Array(1));
  const said = text.toString("latin1").split("\0")[0]!;
  return said.split(/[,\n]/)[0]!.replace(/\s+/g, " ").trim();
}

/** What calls on threads were given: koffi keeps none of it from the garbage collector while they run. */
const lent = new Set<readonly Argument[]>();

function onThread(func: KoffiFunction): MpiTask {
  return (...values) =>
    new Promise((resolve, reject) => {
      lent.add(values);
      func.async(...values, (error: unknown, code: number) => {
        lent.delete(values);
        if (error) reject(error);
        else resolve(code);
      });
    });
}

/** "p" a pointer, "i" an int, "h" a handle; all return an int. */
function bind(library: LibraryHandle, file: string, version: string, abi: MpiAbi): MpiLibrary {
  const types: Readonly<Record<string, string>> = { p: "void *", i: "int", h: abi.handle };
  const func = (name: string, signature: string): KoffiFunction =>
    library.func(
      name,
      "int",
      [...signature].map((letter) => types[letter]!),
    );
  return {
    file,
    version,
    abi,
    initThread: func("MPI_Init_thread", "ppip"),
    commRank: func("MPI_Comm_rank", "hp"),
    commSize: func("MPI_Comm_size", "hp"),
    iallgather: func("MPI_Iallgather", "pihpihhp"),
    test: func("MPI_Test", "ppp"),
    reduceScatter: onThread(func("MPI_Reduce_scatter", "ppphhh")),
    allgatherv: onThread(func("MPI_Allgatherv", "pihppphh")),
    finalize: func("MPI_Finalize", ""),
    abort: func("MPI_Abort", "hi"),
  };
}

function notFound(launcher: Launcher, named: string | undefined, tried: readonly string[]): HipError {
  const which = launcher.size === undefined ? "one of several" : `one of ${launcher.size}`;
  const install = launcher.families.map((family) => INSTALL[family]).join("; ");
  return new HipError(
    "not-found",
    `This process was started by ${launcher.name} as ${which}, but no MPI library to join them was found`,
    {
      problems: tried,
      hint:
        named === undefined
          ? `install the library of the same MPI (${install}), or name its file in ${LIBRARY_VARIABLE}`
          : `${LIBRARY_VARIABLE} names the only file that was tried: correct it, or unset it to search`,
    },
  );
}

/**
 * Loads the MPI library that belongs to a launcher.
 * @param named a library's name or path, which is then the only one tried
 * @throws HipError "not-found", naming every file tried and why it did not load; "config" for a library that is no known MPI
 */
export async function loadLibrary(launcher: Launcher, named: string | undefined): Promise<MpiLibrary> {
  // Loaded here, since processes by themselves do not need it and it is a binary.
  const { default: koffi } = await import("koffi");
  if (!isConfigured) koffi.config({ ...koffi.config(), async_stack_size: STACK_BYTES });
  isConfigured = true;
  const files = named === undefined ? launcher.families.flatMap((family) => FILES[family]) : [named];
  const tried: string[] = [];
  for (const file of new Set(files)) {
    let library: LibraryHandle;
    try {
      // Open MPI's own plug-ins look for its symbols among the global ones.
      library = koffi.load(file, { global: true });
    } catch (error) {
      const reason = messageOf(error).replace(/^Failed to load shared library: /, "");
      tried.push(reason.startsWith(file) ? reason : `${file}: ${reason}`);
      continue;
    }
    const version = versionOf(library);
    const abi = abiOf(library, file, version);
    if (abi === undefined) {
      throw new HipError(
        "config",
        `The library ${file} is ${version === "" ? "no MPI" : `an MPI of no known kind ("${version}")`}`,
        {
          hint: `name a library of Open MPI, of MPICH or its kin, or libmpi_abi of MPI 5 in ${LIBRARY_VARIABLE}`,
        },
      );
    }
    keepLoaded(koffi, file);
    return bind(library, file, version, abi);
  }
  throw notFound(launcher, named, tried);
}
