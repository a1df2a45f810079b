/** ONNX Runtime on this machine, by onnxruntime-node. */
import { env, InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { Program, Runtime, Tensor, TensorDtype, Tensors } from "../runtime/runtime.ts";
import { findChannelBlock } from "./channel-block.ts";
import type { DeviceName } from "./device-names.ts";

export interface NodeRuntimeOptions {
  /** Default: cpu. Operations that another device lacks run on the CPU. */
  readonly device?: DeviceName;
  /** Threads inside an operation. Part of the config: another count may round otherwise. */
  readonly threads: number;
  /** Writes ORT's profile to this file prefix when a program is disposed. */
  readonly profilePrefix?: string;
}

function toOrt(tensor: Tensor): OrtTensor {
  return new OrtTensor(tensor.dtype, tensor.data, tensor.shape);
}

function fromOrt(name: string, tensor: OrtTensor): Tensor {
  const dtype = tensor.type as TensorDtype;
  if (!["float32", "int64", "int32", "uint8", "bool"].includes(dtype)) {
    throw new Error(`internal: result "${name}" has the unexpected type ${tensor.type}`);
  }
  return { dtype, shape: tensor.dims, data: tensor.data } as Tensor;
}

/** @returns a Runtime; that the device is there is not tried before a model is loaded. */
export function makeNodeRuntime({ threads, device = "cpu", profilePrefix }: NodeRuntimeOptions): Runtime {
  let block: Promise<number | undefined> | undefined;
  return {
    name: `onnxruntime-node ${env.versions.node ?? env.versions.common} ${device}, ${threads} threads`,
    channelBlock() {
      // Blocks are of the CPU's making.
      block ??=
        device === "cpu" ? findChannelBlock(makeNodeRuntime({ threads }).load) : Promise.resolve(undefined);
      return block;
    },
    async load(model, { isOnHost = false } = {}): Promise<Program> {
      const session = await InferenceSession.create(model, {
        executionProviders: device === "cpu" || isOnHost ? ["cpu"] : [device, "cpu"],
        intraOpNumThreads: isOnHost ? 1 : threads,
        interOpNumThreads: 1,
        executionMode: "sequential",
        graphOptimizationLevel: "all",
        // One plan of all buffers, made ahead, takes half as much memory again as taking them one by one, and more time.
        enableMemPattern: false,
        logSeverityLevel: 3,
        ...(profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: profilePrefix }),
      });
      return {
        async run(inputs: Tensors, into?: Tensors): Promise<Tensors> {
          const feeds = Object.fromEntries(session.inputNames.map((name) => [name, toOrt(inputs[name]!)]));
          const fetches =
            into === undefined
              ? undefined
              : Object.fromEntries(
                  session.outputNames.map((name) => [name, into[name] ? toOrt(into[name]) : null]),
                );
          const results =
            fetches === undefined ? await session.run(feeds) : await session.run(feeds, fetches);
          // ORT fills `into` and returns a copy of it: give back the original, so that the copy is freed at once.
          return Object.fromEntries(
            Object.entries(results).map(([name, tensor]) => [
              name,
              into?.[name] ?? fromOrt(name, tensor as OrtTensor),
            ]),
          );
        },
        async dispose() {
          if (profilePrefix !== undefined) session.endProfiling();
          await session.release();
        },
      };
    },
  };
}
