/** What can be varied in a U-Net; presets.ts holds the named choices. */

/** What a block is made of, in order. */
export type BlockStep = "conv" | "norm" | "activation" | "dropout";

export interface UnetConfig {
  /** How often the image is halved: 3 in the seed project, 4 in Ronneberger's Figure 1. */
  readonly levels: number;
  /** Channels at full resolution; doubled at each level down. */
  readonly baseWidth: number;
  /** No level is wider than this. */
  readonly maxWidth: number;
  readonly inChannels: number;
  /** Labels, background included. */
  readonly classes: number;
  /** "same": 3x3 convolutions keep the size; "valid": unpadded, the result is smaller and skips are cropped. */
  readonly padding: "same" | "valid";
  readonly block: readonly BlockStep[];
  /** "residual": the block's input is added before its last activation (He et al. 2016), through a 1x1 where widths differ. */
  readonly blockKind: "plain" | "residual";
  /** Whether gates weigh each skip connection by what the level below found (Oktay et al., "Attention U-Net", 2018). */
  readonly attention: boolean;
  readonly normalisation: "none" | "instance" | "batch";
  /** Slope for negative inputs of the (leaky) ReLU; 0 is ReLU. */
  readonly negativeSlope: number;
  /** Share of whole channels zeroed at each "dropout" step (spatial dropout) while training. */
  readonly dropout: number;
  /** Share of single values zeroed after the lowest block while training. */
  readonly bottleneckDropout: number;
  /** Whether the 2x2 up-convolution halves the channels or keeps them. */
  readonly upChannels: "halve" | "keep";
  /** Order of the channels where skip and up-convolution meet. */
  readonly concat: "skip-first" | "up-first";
  /** Kernel of the last convolution. */
  readonly headKernel: 1 | 3;
  /** While training, so many levels below the finest of the expanding path are judged too. */
  readonly deepSupervision: number;
  /** "he": normal, variance 2 / fan-in (He et al. 2015); "pytorch": uniform within 1 / sqrt(fan-in). */
  readonly initialisation: "he" | "pytorch";
}

/** Channels at a level, 0 = full resolution. */
export function widthAt({ baseWidth, maxWidth }: UnetConfig, level: number): number {
  return Math.min(baseWidth * 2 ** level, maxWidth);
}

/** The size of the result for an input size along one axis, or undefined where the input does not fit. */
export function outputExtent(config: UnetConfig, inputExtent: number): number | undefined {
  const shrink = config.padding === "same" ? 0 : 2 * config.block.filter((step) => step === "conv").length;
  const headShrink = config.padding === "same" ? 0 : config.headKernel - 1;
  let extent = inputExtent;
  for (let level = 0; level < config.levels; level++) {
    extent -= shrink;
    if (extent < 2 || extent % 2 !== 0) return undefined;
    extent /= 2;
  }
  extent -= shrink;
  for (let level = 0; level < config.levels; level++) extent = extent * 2 - shrink;
  extent -= headShrink;
  return extent < 1 ? undefined : extent;
}

/** The smallest input extent whose result covers `wanted` pixels. */
export function inputExtentFor(config: UnetConfig, wanted: number): number {
  for (let extent = Math.max(wanted, 2 ** config.levels); extent < wanted + 4096; extent++) {
    const output = outputExtent(config, extent);
    // Both margins must be whole, so that input and output share a centre.
    if (output !== undefined && output >= wanted && (extent - output) % 2 === 0) return extent;
  }
  throw new RangeError(`No input of this U-Net gives ${wanted} pixels`);
}
