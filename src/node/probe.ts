/** A small convolution whose numbers are known: what a device, or a layout, that computes it otherwise cannot be trusted with. */
import { conv, input } from "../graph/build.ts";
import { sizeOf } from "../graph/value.ts";
import { buildModel } from "../onnx/model.ts";
import { float32Of, type Program, type Tensors } from "../runtime/runtime.ts";

export type Load = (model: Uint8Array) => Promise<Program>;

const CHANNELS = 16;
/** Rounding leaves less than 1e-5; wrong numbers leave differences as large as the numbers. */
const TOLERANCE = 1e-3;

const waves = (shape: readonly number[], frequency: number): Tensors[string] => ({
  dtype: "float32",
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i * frequency)),
});

/** @throws whatever ONNX Runtime throws where it cannot run the model */
export async function convolve(load: Load, channelBlock?: number): Promise<Float32Array> {
  const image = input("image", [1, CHANNELS, 4, 4]);
  const weight = input("weight", [CHANNELS, CHANNELS, 3, 3]);
  const result = conv(image, weight, { strides: [1, 1], pads: [1, 1, 1, 1] });
  const program = await load(buildModel({ outputs: { result }, channelBlock }));
  try {
    return float32Of(
      await program.run({ image: waves(image.shape, 0.7), weight: waves(weight.shape, 0.3) }),
      "result",
    );
  } finally {
    await program.dispose();
  }
}

/** Whether two results of convolve() differ by no more than rounding. */
export const isSame = (found: Float32Array, expected: Float32Array): boolean =>
  found.every((value, i) => Math.abs(value - expected[i]!) <= TOLERANCE);
