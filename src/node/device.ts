/** Where models can run on this machine, found by trying: what is not there, or computes wrongly, is told and not used. */
import { readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { messageOf } from "../core/errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { DeviceName } from "./device-names.ts";
import { convolve, isSame } from "./probe.ts";
import { makeNodeRuntime } from "./runtime.ts";

export interface DeviceState {
  readonly name: DeviceName;
  readonly isThere: boolean;
  /** What it is, or why it cannot be used. */
  readonly says: string;
}

/** The part of ORT's message that is meant for people: it begins with a path and a signature of C++. */
function reasonOf(error: unknown): string {
  const [first = ""] = messageOf(error).trim().split("\n");
  return first.split(/was false\. /).at(-1)!;
}

/** ORT's libraries for CUDA are not in the npm package: its install script loads them. */
async function hasCudaLibraries(): Promise<boolean> {
  const main = createRequire(import.meta.url).resolve("onnxruntime-node");
  const files = await readdir(join(dirname(main), "..", "bin"), { recursive: true });
  return files.some((file) => /onnxruntime_providers_cuda\.(so|dll)$/.test(file));
}

/** Whether a device is there and gives the CPU's numbers. */
export async function tryDevice(name: DeviceName): Promise<DeviceState> {
  if (name === "cpu") {
    const cores = cpus();
    return { name, isThere: true, says: `${cores[0]?.model.trim() ?? "unknown"}, ${cores.length} threads` };
  }
  if (name === "cuda" && !(await hasCudaLibraries())) {
    return { name, isThere: false, says: "ONNX Runtime's libraries for CUDA are not installed" };
  }
  try {
    const found = await convolve(makeNodeRuntime({ threads: 1, device: name }).load);
    const expected = await convolve(makeNodeRuntime({ threads: 1 }).load);
    return isSame(found, expected)
      ? { name, isThere: true, says: "there, and gives the CPU's numbers" }
      : { name, isThere: false, says: "its numbers are not those of the CPU" };
  } catch (error) {
    return { name, isThere: false, says: reasonOf(error) };
  }
}

/**
 * A runtime on the device asked for, or on the CPU where that cannot be used.
 * @param warn is told why the choice fell back
 */
export async function chooseRuntime(options: {
  readonly device?: DeviceName | undefined;
  readonly threads: number;
  readonly warn?: ((text: string) => void) | undefined;
}): Promise<Runtime> {
  const { device = "cpu", threads, warn } = options;
  if (device === "cpu") return makeNodeRuntime({ threads });
  const { isThere, says } = await tryDevice(device);
  if (isThere) return makeNodeRuntime({ threads, device });
  warn?.(`--device ${device} cannot be used here: ${says}; the CPU does the work`);
  return makeNodeRuntime({ threads });
}
