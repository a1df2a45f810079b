/** Corrected cases of tiny phantoms, and an untrained model that fits them. */
import { makePhantomVolume } from "../../src/dataset/phantom/phantom.ts";
import { sizeOf } from "../../src/graph/value.ts";
import type { CorrectedCase } from "../../src/learn/types.ts";
import type { ModelCard } from "../../src/predict/card.ts";
import { exportModel, specifyNetworkOf } from "../../src/predict/export.ts";
import type { UnetConfig } from "../../src/unet/config.ts";
import { initialParameters, initialStatistics } from "../../src/unet/parameters.ts";
import { presets } from "../../src/unet/presets.ts";
import { makeCard } from "../support/model-card.ts";

const SIZE = { x: 32, y: 16, slices: 8 } as const;
const OPTIONS = { patients: { train: 5, validate: 1, test: 1 }, weeksPerPatient: 2, size: SIZE, seed: 1 };

export function correctedCase(man: number, changes: Partial<CorrectedCase> = {}): CorrectedCase {
  const { image, mask, shape, spacingMm } = makePhantomVolume(OPTIONS, man, 0);
  const [width, height, depth] = shape;
  return {
    name: `case ${man}`,
    patient: `man ${man}`,
    width,
    height,
    depth,
    spacingMm,
    hasSpacing: true,
    image,
    mask,
    ...changes,
  };
}

export const SMALL_UNET: UnetConfig = { ...presets.pelvis, levels: 2, baseWidth: 4, maxWidth: 16 };

export function smallModel(changes: Partial<ModelCard> = {}, extra: Readonly<Record<string, string>> = {}) {
  const input = { ...makeCard().input, canvas: { width: 32, height: 16 } };
  const card = makeCard({ preset: "pelvis", unet: SMALL_UNET, input, ...changes });
  const spec = specifyNetworkOf(card);
  const parameters = initialParameters(spec.parameters, { seed: 1, initialisation: "he" });
  // It sees background everywhere, so that no label can do worse.
  for (const { name, offset, shape } of spec.parameters) {
    if (name === "head.weight") parameters.fill(0, offset, offset + sizeOf(shape));
    if (name === "head.bias") parameters[offset] = 0.1;
  }
  const weights = { parameters, statistics: initialStatistics(spec.statistics) };
  return { bytes: exportModel(card, spec, weights, extra), card, spec, name: "model.onnx" };
}
