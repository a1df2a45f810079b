/**
 * Which of the browser's ways to compute is used: WebGPU, then WebAssembly, with threads where there are. A way is taken
 * only where it gave the model's known answer; the reason of the choice is told.
 */
import { HipError, messageOf } from "../core/errors.ts";
import type { Program, Runtime } from "../runtime/runtime.ts";
import { type BrowserDevice, makeBrowserRuntime, type RuntimeFiles } from "./runtime.ts";

/** Files of each device; undefined: where the package puts them. */
export type BackendFiles = Readonly<Partial<Record<BrowserDevice, RuntimeFiles>>>;

/** More threads than this wait for each other in networks of this size. */
const MOST_THREADS = 8;

export interface Backend {
  readonly runtime: Runtime;
  readonly device: BrowserDevice;
  readonly threads: number;
  /** One sentence each: what was tried, and why it was taken or not. */
  readonly reasons: readonly string[];
}

/** What this page or worker could use. */
export interface BackendChances {
  /** Why there is no WebGPU; undefined where there is. */
  readonly withoutWebGpu: string | undefined;
  readonly threads: number;
  /** Why there is one thread only; undefined where there are more. */
  readonly withoutThreads: string | undefined;
}

interface Gpu {
  requestAdapter(): Promise<unknown>;
}

async function whyNoWebGpu(): Promise<string | undefined> {
  if (!("gpu" in navigator)) return "this browser has no WebGPU";
  const adapter = await (navigator.gpu as Gpu).requestAdapter().catch(() => null);
  return adapter === null || adapter === undefined ? "no graphics adapter was found" : undefined;
}

/** Looks at what the browser has; tries nothing. */
export async function findChances(): Promise<BackendChances> {
  const isolated = (globalThis as { readonly crossOriginIsolated?: boolean }).crossOriginIsolated === true;
  const cores = navigator.hardwareConcurrency;
  const withoutThreads = !isolated
    ? "the page's host sends no isolation headers (COOP, COEP)"
    : cores < 2
      ? "the processor has one core"
      : undefined;
  return {
    withoutWebGpu: await whyNoWebGpu(),
    threads: withoutThreads === undefined ? Math.min(cores, MOST_THREADS) : 1,
    withoutThreads,
  };
}

export interface ChooseOptions {
  /** "auto" tries all in order; a device is tried alone, with WebAssembly after it. */
  readonly wanted?: BrowserDevice | "auto" | undefined;
  /** At most so many; default: as many as there are cores, up to 8. */
  readonly threads?: number | undefined;
  readonly files?: BackendFiles | undefined;
  readonly model: Uint8Array;
  /** @returns why the results are wrong; undefined where they are right */
  readonly check: (program: Program, device: BrowserDevice) => Promise<string | undefined>;
}

interface Rung {
  readonly device: BrowserDevice;
  readonly threads: number;
  readonly name: string;
}

const nameOf = ({ device, threads }: Omit<Rung, "name">): string =>
  device === "webgpu" ? "WebGPU" : `WebAssembly, ${threads === 1 ? "1 thread" : `${threads} threads`}`;

/** The ladder of this browser, and what is left out of it. */
function ladderOf(
  chances: BackendChances,
  wanted: ChooseOptions["wanted"],
  most: number,
): { readonly rungs: readonly Rung[]; readonly reasons: string[] } {
  const reasons: string[] = [];
  const rungs: Rung[] = [];
  const add = (device: BrowserDevice, threads: number): void => {
    rungs.push({ device, threads, name: nameOf({ device, threads }) });
  };
  if (wanted !== "wasm") {
    if (chances.withoutWebGpu === undefined) add("webgpu", 1);
    else reasons.push(`WebGPU: not used, ${chances.withoutWebGpu}`);
  }
  const threads = Math.min(chances.threads, most);
  if (threads === 1 && chances.withoutThreads !== undefined) {
    reasons.push(`Threads: not used, ${chances.withoutThreads}`);
  }
  // ONNX Runtime starts once in a page or worker: where threads fail, one thread needs another (`threads: 1`).
  add("wasm", threads);
  return { rungs, reasons };
}

/** Why a rung does not hold; undefined where it does. */
async function tryRung(
  rung: Rung,
  { files, model, check }: ChooseOptions,
): Promise<{ readonly runtime: Runtime } | { readonly problem: string }> {
  try {
    const { device, threads } = rung;
    const runtime = await makeBrowserRuntime({ device, threads, files: files?.[device] });
    const program = await runtime.load(model);
    try {
      const problem = await check(program, device);
      return problem === undefined ? { runtime } : { problem };
    } finally {
      await program.dispose();
    }
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

/**
 * The first way that gives the model's known answer.
 * @throws HipError "bad-model" where none does: the model, or the browser, is broken; `problems` tell what each said
 */
export async function chooseBackend(options: ChooseOptions): Promise<Backend> {
  const chances = await findChances();
  const { rungs, reasons } = ladderOf(chances, options.wanted, options.threads ?? MOST_THREADS);
  for (const rung of rungs) {
    const tried = await tryRung(rung, options);
    if ("runtime" in tried) {
      reasons.push(`${rung.name}: used, it gives the model's known answer`);
      return { runtime: tried.runtime, device: rung.device, threads: rung.threads, reasons };
    }
    reasons.push(`${rung.name}: not used, ${tried.problem}`);
  }
  throw new HipError(
    "bad-model",
    "Cannot use the model: no way to compute in this browser gives right results",
    {
      problems: reasons,
      hint: "Update the browser or try another one; where other models work here, this one is damaged",
    },
  );
}
