/** The named U-Nets, each as its source has it. */
import type { UnetConfig } from "./config.ts";

export const PRESET_NAMES = ["pelvis", "seed", "ronneberger", "sakboonyara", "ptrblck", "kaggle"] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

/** Two 3x3 convolutions, each followed by a ReLU: Ronneberger's Figure 1. */
const plain = {
  levels: 4,
  baseWidth: 64,
  maxWidth: 1024,
  inChannels: 1,
  classes: 6,
  padding: "same",
  block: ["conv", "activation", "conv", "activation"],
  blockKind: "plain",
  attention: false,
  normalisation: "none",
  negativeSlope: 0,
  dropout: 0,
  bottleneckDropout: 0,
  upChannels: "halve",
  concat: "skip-first",
  headKernel: 1,
  deepSupervision: 0,
  initialisation: "he",
} as const satisfies UnetConfig;

export const presets: { readonly [K in PresetName]: UnetConfig } = {
  /**
   * Ours: the plain U with instance norm and leaky ReLU, as nnU-Net's 2D mode (Isensee et al., Nature Methods 2021),
   * narrow enough for a CPU.
   */
  pelvis: {
    ...plain,
    levels: 4,
    baseWidth: 16,
    maxWidth: 256,
    block: ["conv", "norm", "activation", "conv", "norm", "activation"],
    normalisation: "instance",
    negativeSlope: 0.01,
  },
  /** The student's project this tool grew from: one level fewer than Ronneberger's, padded, PyTorch's initial weights. */
  seed: { ...plain, levels: 3, initialisation: "pytorch" },
  /**
   * Ronneberger, Fischer, Brox: "U-Net: Convolutional Networks for Biomedical Image Segmentation" (MICCAI 2015):
   * unpadded, 572x572 -> 388x388, skips cropped, dropout at the end of the contracting path.
   */
  ronneberger: { ...plain, padding: "valid", bottleneckDropout: 0.5 },
  /**
   * Sakboonyara and Taeprasartsit: "U-Net and Mean-Shift Histogram for Efficient Liver Segmentation from CT Images"
   * (KST 2019): convolution and ReLU, 25 % spatial dropout, batch norm, then the second convolution.
   */
  sakboonyara: {
    ...plain,
    block: ["conv", "activation", "dropout", "norm", "conv", "activation"],
    normalisation: "batch",
    dropout: 0.25,
  },
  /** ptrblck's unet_demo (github.com/ptrblck/pytorch_misc): up-convolutions keep their channels, 3x3 head. */
  ptrblck: { ...plain, upChannels: "keep", concat: "up-first", headKernel: 3, initialisation: "pytorch" },
  /** The form usual in Kaggle notebooks (bryanb's among them): batch norm after each convolution. */
  kaggle: {
    ...plain,
    block: ["conv", "norm", "activation", "conv", "norm", "activation"],
    normalisation: "batch",
    initialisation: "pytorch",
  },
};
