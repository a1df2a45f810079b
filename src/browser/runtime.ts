/** ONNX Runtime in a page or worker, by onnxruntime-web. */
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-web";
import type { Program, Runtime, Tensor, TensorDtype, Tensors } from "../runtime/runtime.ts";

export type BrowserDevice = "webgpu" | "wasm";

/** Where the two files of ONNX Runtime's WebAssembly lie. */
export interface RuntimeFiles {
  /** ort-wasm-simd-threaded.mjs, or …asyncify.mjs for WebGPU. */
  readonly mjs: string;
  readonly wasm: string;
}

export interface BrowserRuntimeOptions {
  readonly device: BrowserDevice;
  /** More than one need cross-origin isolation (COOP and COEP headers). */
  readonly threads: number;
  /** Left out: where the package puts them, beside its script. */
  readonly files?: RuntimeFiles | undefined;
}

type Ort = Pick<typeof import("onnxruntime-web"), "env" | "InferenceSession" | "Tensor">;

const DTYPES: readonly TensorDtype[] = ["float32", "int64", "int32", "uint8", "bool"];

function fromOrt(name: string, tensor: OrtTensor): Tensor {
  const dtype = tensor.type as TensorDtype;
  if (!DTYPES.includes(dtype)) {
    throw new Error(`internal: result "${name}" has the unexpected type ${tensor.type}`);
  }
  return { dtype, shape: tensor.dims, data: tensor.data } as Tensor;
}

/** WebAssembly computes without a pause: whoever wants to stop it must get a turn between two runs. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

function makeProgram(ort: Ort, session: InferenceSession): Program {
  return {
    async run(inputs: Tensors, into?: Tensors): Promise<Tensors> {
      const feeds = Object.fromEntries(
        session.inputNames.map((name) => {
          const { dtype, data, shape } = inputs[name]!;
          return [name, new ort.Tensor(dtype, data, shape)];
        }),
      );
      await turn();
      const results = await session.run(feeds);
      return Object.fromEntries(
        Object.entries(results).map(([name, tensor]) => {
          const result = fromOrt(name, tensor as OrtTensor);
          const wanted = into?.[name];
          if (wanted === undefined) return [name, result];
          // The WebAssembly's memory is its own: results are copied out of it in any case.
          if (wanted.dtype === "int64" && result.dtype === "int64") wanted.data.set(result.data);
          else if (wanted.dtype !== "int64" && result.dtype !== "int64") wanted.data.set(result.data);
          return [name, wanted];
        }),
      );
    },
    dispose: () => session.release(),
  };
}

/**
 * Loads ONNX Runtime: one set of threads a page or worker, for as long as it lives.
 * @returns a Runtime; rejects where the WebAssembly cannot be fetched or started
 */
export async function makeBrowserRuntime(options: BrowserRuntimeOptions): Promise<Runtime> {
  const { device, threads, files } = options;
  const ort: Ort =
    device === "webgpu" ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web/wasm");
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  if (files !== undefined) ort.env.wasm.wasmPaths = { mjs: files.mjs, wasm: files.wasm };
  const count = threads === 1 ? "1 thread" : `${threads} threads`;
  return {
    name: `onnxruntime-web ${ort.env.versions.web ?? ort.env.versions.common} ${device}, ${count}`,
    async load(model) {
      const session = await ort.InferenceSession.create(model, {
        executionProviders: device === "webgpu" ? ["webgpu", "wasm"] : ["wasm"],
        graphOptimizationLevel: "all",
        executionMode: "sequential",
        enableMemPattern: false,
        logSeverityLevel: 3,
      });
      return makeProgram(ort, session);
    },
  };
}
