/** What executes ONNX models. Node and the browser each implement it; tests may pass a fake. */

export type TensorDtype = "float32" | "int64" | "int32" | "uint8" | "bool";

/** Dense, row-major. */
export type Tensor =
  | { readonly dtype: "float32"; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: "int64"; readonly shape: readonly number[]; readonly data: BigInt64Array }
  | { readonly dtype: "int32"; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: "uint8"; readonly shape: readonly number[]; readonly data: Uint8Array }
  | { readonly dtype: "bool"; readonly shape: readonly number[]; readonly data: Uint8Array };

export type Tensors = Readonly<Record<string, Tensor>>;

export interface Program {
  /** Runs once. Results are written into the tensors of `into` where given: same names, dtypes and shapes. */
  run(inputs: Tensors, into?: Tensors): Promise<Tensors>;
  dispose(): Promise<void>;
}

export interface LoadOptions {
  /**
   * Runs on the CPU whatever the device, on the calling thread alone: for work on what lies in memory anyway, between
   * the runs of a program whose threads still wait busily.
   */
  readonly isOnHost?: boolean;
}

export interface Runtime {
  /** e.g. "onnxruntime-node 1.30.0 cpu". */
  readonly name: string;
  /**
   * Channels in a block of the layout in which this machine's convolutions run fastest; undefined where graphs are to be
   * plain. It is for models that are run here and now, never for such as are kept.
   */
  readonly channelBlock?: () => Promise<number | undefined>;
  /** @param model the bytes of an ONNX ModelProto. */
  load(model: Uint8Array, options?: LoadOptions): Promise<Program>;
}

/** A float32 tensor; a vector unless a shape is given. */
export const float32Tensor = (data: Float32Array, shape: readonly number[] = [data.length]): Tensor => ({
  dtype: "float32",
  shape,
  data,
});

/** The float32 data of a named result. */
export function float32Of(tensors: Tensors, name: string): Float32Array {
  const tensor = tensors[name];
  if (tensor?.dtype !== "float32") throw new Error(`internal: no float32 result "${name}"`);
  return tensor.data;
}
