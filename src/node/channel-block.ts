/** Finds by trial whether ONNX Runtime's blocked convolutions are to be had on this machine, and with which block. */
import { conv, input } from "../graph/build.ts";
import { sizeOf } from "../graph/value.ts";
import { buildModel } from "../onnx/model.ts";
import { float32Of, type Program, type Tensors } from "../runtime/runtime.ts";

/** AVX-512 has blocks of 16, AVX2 of 8. */
const BLOCKS = [16, 8] as const;
const CHANNELS = 16;
/** Rounding leaves less than 1e-5; a wrong block leaves differences as large as the numbers. */
const TOLERANCE = 1e-3;

const waves = (shape: readonly number[], frequency: number): Tensors[string] => ({
  dtype: "float32",
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i * frequency)),
});

async function resultOf(
  load: (model: Uint8Array) => Promise<Program>,
  channelBlock: number | undefined,
): Promise<Float32Array> {
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

/** @returns the block with which a convolution gives what the plain one gives; undefined where none does. */
export async function findChannelBlock(
  load: (model: Uint8Array) => Promise<Program>,
): Promise<number | undefined> {
  const expected = await resultOf(load, undefined);
  for (const block of BLOCKS) {
    // An ORT without the operators refuses the model.
    const found = await resultOf(load, block).catch(() => undefined);
    if (found?.every((value, i) => Math.abs(value - expected[i]!) <= TOLERANCE)) return block;
  }
  return undefined;
}
