/** What a network costs: the products of its convolutions, which are nearly all of its time. */
import { input } from "../graph/build.ts";
import { sizeOf, topologicalOrder, type Value } from "../graph/value.ts";
import type { UnetConfig } from "./config.ts";
import { buildUnet } from "./unet.ts";

/**
 * Multiplications and additions of a convolution, x [N,C,H,W], w [O,C,kh,kw] -> [N,O,H',W'], or of a transposed one,
 * w [C,O,kh,kw]: every number of the one's result, and of the other's input, takes a product with a slab of the weight.
 */
function operationsOf({ op, inputs, shape }: Value): number {
  if (op !== "Conv" && op !== "ConvTranspose") return 0;
  const [, channels = 0, kh = 0, kw = 0] = inputs[1]!.shape;
  return 2 * channels * kh * kw * sizeOf(op === "Conv" ? shape : inputs[0]!.shape);
}

/** Floating-point operations of one inference. @param size of the input, in pixels */
export function inferenceOperations(
  config: UnetConfig,
  { width, height }: { readonly width: number; readonly height: number },
): number {
  const logits = buildUnet(input("image", [1, config.inChannels, height, width]), config, {
    mode: "infer",
    parameter: (name, shape) => input(name, shape),
    statistics: (name, channels) => ({
      mean: input(`${name}.mean`, [channels]),
      variance: input(`${name}.variance`, [channels]),
    }),
    observed: () => undefined,
    auxiliary: () => undefined,
    dropoutMask: (name, _, shape) => input(name, shape),
  });
  return topologicalOrder([logits]).reduce((sum, value) => sum + operationsOf(value), 0);
}
