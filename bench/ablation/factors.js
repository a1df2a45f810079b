/** What is compared: one network and recipe, and what each factor changes of it. */

/** Ronneberger's U-Net with padded convolutions, narrow enough for three minutes; plain cross-entropy, no augmentation. */
export const BASE = {
  "unet.levels": 4,
  "unet.baseWidth": 16,
  "unet.maxWidth": 256,
  "unet.padding": "same",
  "unet.bottleneckDropout": 0,
  "loss.dice": 0,
  "optimizer.kind": "adam",
  "optimizer.momentum": 0,
  "schedule.kind": "poly",
  "schedule.learningRate": 0.001,
  clipNorm: 12,
  batchSize: 8,
  // The last weights: the patients who judge choose nothing.
  keep: "last",
  // The test patients are those of docs/accuracy.md, whom nobody looks at here.
  "split.seed": 2026,
  "split.testFraction": 0.2,
  "split.validateFraction": 0.2,
};

/** In the order in which they are run: those of the question first. */
export const FACTORS = {
  base: {},
  "batch norm and spatial dropout": {
    "unet.block": "[conv, activation, dropout, norm, conv, activation]",
    "unet.normalisation": "batch",
    "unet.dropout": 0.25,
  },
  "three levels": { "unet.levels": 3 },
  unpadded: { "unet.padding": "valid" },
  "cross-entropy and Dice": { "loss.dice": 1 },
  "batch norm": {
    "unet.block": "[conv, activation, norm, conv, activation]",
    "unet.normalisation": "batch",
  },
  "spatial dropout": { "unet.block": "[conv, activation, dropout, conv, activation]", "unet.dropout": 0.25 },
  "instance norm": {
    "unet.block": "[conv, norm, activation, conv, norm, activation]",
    "unet.normalisation": "instance",
  },
};

export const SETS = ["phantom", "hippocampus", "acdc"];
