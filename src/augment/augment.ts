/**
 * Augmentation as a part of the training step's graph: seeded draws come in, changed images and labels go out.
 * The order and the default strengths follow nnU-Net (Isensee et al., Nature Methods 2021, doi 10.1038/s41592-020-01008-z,
 * supplementary note 4), with the blur and the loss of resolution joined into one linear map.
 */
import { add, matMul, mul } from "../graph/build.ts";
import type { Value } from "../graph/value.ts";
import { type AugmentConfig, hasGamma, isBending, isSmoothing, strengthened } from "./config.ts";
import { changeBias, changeContrast, changeGamma } from "./intensity.ts";
import { bend, splineField } from "./spatial.ts";

export interface AugmentOptions {
  readonly config: AugmentConfig;
  /** Of the network's input and of its labels; the sources may be larger by an even number. */
  readonly size: { readonly height: number; readonly width: number };
  readonly labelSize: { readonly height: number; readonly width: number };
  /** Label of what lies outside the source. */
  readonly outside: number;
  /** Makes the graph input that is fed a draw. */
  readonly draw: (name: string) => Value;
}

/**
 * @param image source [N,C,H,W], z-scored
 * @param labels source [N,H',W'] as float32 class indices
 */
export function augment(
  source: { readonly image: Value; readonly labels: Value },
  { config: asked, size, labelSize, outside, draw }: AugmentOptions,
): { readonly image: Value; readonly labels: Value } {
  const config = strengthened(asked);
  const placed = isBending(config)
    ? bend(
        source,
        { affine: draw("affine"), elastic: config.elastic.probability > 0 ? draw("elastic") : undefined },
        { image: size, labels: labelSize, outside },
      )
    : source;
  let { image } = placed;
  if (config.noise.probability > 0) image = add(image, draw("noise"));
  if (isSmoothing(config)) image = matMul(matMul(draw("rows"), image), draw("columns"));
  if (config.brightness.probability > 0) image = mul(image, draw("brightness"));
  if (config.contrast.probability > 0) image = changeContrast(image, draw("contrast"));
  if (config.bias.probability > 0) image = changeBias(image, splineField(draw("bias"), size));
  if (hasGamma(config)) image = changeGamma(image, draw("gamma"), draw("sign"));
  return { image, labels: placed.labels };
}
