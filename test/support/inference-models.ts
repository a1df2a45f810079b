/** Models as our own inference exports write them: every preset and every choice that changes their operators. */
import { makeRandom } from "../../src/core/random.ts";
import type { ModelCard } from "../../src/predict/card.ts";
import { exportModel, specifyNetworkOf, type Weights } from "../../src/predict/export.ts";
import { observeRanges } from "../../src/predict/quantise.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import type { UnetConfig } from "../../src/unet/config.ts";
import { initialParameters, initialStatistics } from "../../src/unet/parameters.ts";
import { presets } from "../../src/unet/presets.ts";
import { makeCard } from "./model-card.ts";

const SMALL = { levels: 2, baseWidth: 8, maxWidth: 16 } as const;
const pelvis: UnetConfig = { ...presets.pelvis, ...SMALL };

/** Tiny networks by what is special of them. */
export const NETWORKS: Readonly<Record<string, UnetConfig>> = {
  ...Object.fromEntries(Object.entries(presets).map(([name, unet]) => [name, { ...unet, ...SMALL }])),
  residual: { ...pelvis, blockKind: "residual" },
  attention: { ...pelvis, attention: true },
  "residual and gated, batch norm": {
    ...pelvis,
    blockKind: "residual",
    attention: true,
    normalisation: "batch",
  },
  "without a norm": { ...pelvis, normalisation: "none", block: ["conv", "activation"] },
  "25D, ReLU": { ...pelvis, inChannels: 3, negativeSlope: 0 },
  "wide head, kept channels": { ...pelvis, headKernel: 3, upChannels: "keep", concat: "up-first" },
  "unpadded and residual": { ...presets.ronneberger, ...SMALL, blockKind: "residual", attention: true },
  "deep supervision": { ...pelvis, deepSupervision: 1 },
};

export function networkOf(unet: UnetConfig, changes: Partial<ModelCard> = {}) {
  const canvas = { width: 24, height: 16 };
  const input = { ...makeCard().input, canvas, neighbours: (unet.inChannels - 1) / 2 };
  const card = makeCard({ unet, input, ...changes });
  const spec = specifyNetworkOf(card);
  const statistics = initialStatistics(spec.statistics);
  const weightsOf = (seed: number): Weights => ({
    parameters: initialParameters(spec.parameters, { seed, initialisation: "he" }),
    statistics,
  });
  return { card, spec, weightsOf };
}

export function exportedModel(unet: UnetConfig, inference: Partial<ModelCard["inference"]> = {}): Uint8Array {
  const changes = { inference: { ...makeCard().inference, ...inference } };
  const { card, spec, weightsOf } = networkOf(unet, changes);
  return exportModel(
    card,
    spec,
    Array.from({ length: card.inference.networks }, (_, i) => weightsOf(i)),
  );
}

/** Rounded to 8-bit integers by the ranges of one image of noise. */
export async function roundedModel(
  runtime: Runtime,
  unet: UnetConfig,
  inference: Partial<ModelCard["inference"]> = {},
): Promise<Uint8Array> {
  const changes = { inference: { ...makeCard().inference, ...inference } };
  const { card, spec, weightsOf } = networkOf(unet, changes);
  const observation = observeRanges(card, spec, weightsOf(0));
  const program = await observation.observing(runtime).load(observation.bytes);
  const random = makeRandom(1, "image");
  // Large enough for unpadded networks.
  const shape = [1, unet.inChannels, 60, 76];
  const data = Float32Array.from({ length: unet.inChannels * 60 * 76 }, random.normal);
  await program.run({ image: { dtype: "float32", shape, data } });
  await program.dispose();
  return observation.exportQuantised({ ...card, inference: { ...card.inference, precision: "int8" } });
}
