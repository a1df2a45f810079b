/** Weights of a trained model as the start of another training: by name, where shapes fit, labels by their names. */
import { HipError } from "../core/errors.ts";
import { counted } from "../core/text.ts";
import { sizeOf } from "../graph/value.ts";
import { readInitializers, type StoredTensor } from "../onnx/model.ts";
import { readModelCard } from "../predict/card.ts";
import type { NetworkSpec } from "../unet/network.ts";
import { type ParameterSpec, parameterCount, statisticCount } from "../unet/parameters.ts";
import type { LabelDefinition } from "../volume/volume.ts";

export interface StartingWeights {
  readonly parameters: Float32Array;
  readonly statistics: Float32Array;
  /** One sentence: how much was taken over. */
  readonly summary: string;
}

/**
 * All weights of a model's one network.
 * @throws HipError "bad-model" where one is missing: the model was written before weights had names
 */
export function storedWeights(
  model: { readonly bytes: Uint8Array; readonly name: string },
  spec: NetworkSpec,
): { readonly parameters: Float32Array; readonly statistics: Float32Array } {
  const stored = readInitializers(model.bytes) ?? new Map<string, StoredTensor>();
  const take = (into: Float32Array, name: string, offset: number, size: number): void => {
    const tensor = stored.get(name);
    if (tensor?.data.length !== size) {
      throw new HipError("bad-model", `Cannot use "${model.name}": it has no weights "${name}" that fit`, {
        hint: "Train again with this version",
      });
    }
    into.set(tensor.data, offset);
  };
  const parameters = new Float32Array(parameterCount(spec.parameters));
  const statistics = new Float32Array(statisticCount(spec.statistics));
  for (const { name, offset, shape } of spec.parameters) {
    // Heads of deep supervision are not applied, so they are not stored.
    if (!/^head\d/.test(name)) take(parameters, name, offset, sizeOf(shape));
  }
  for (const { name, channels, offset } of spec.statistics) {
    take(statistics, `${name}.mean`, offset, channels);
    take(statistics, `${name}.variance`, offset + channels, channels);
  }
  return { parameters, statistics };
}

/** Whether a parameter belongs to the contracting path. */
export const isEncoder = (name: string): boolean =>
  name.startsWith("encoder") || name.startsWith("bottleneck");

/** The rows of a head's weight or bias that stand for labels known by name; how many there are. */
function takeLabels(
  into: Float32Array,
  { shape }: ParameterSpec,
  stored: StoredTensor,
  labels: { readonly before: readonly LabelDefinition[]; readonly now: readonly LabelDefinition[] },
): number {
  const row = sizeOf(shape) / shape[0]!;
  if (stored.data.length !== row * labels.before.length) return 0;
  let taken = 0;
  for (const [to, { name }] of labels.now.entries()) {
    const from = labels.before.findIndex((label) => label.name === name);
    if (from < 0) continue;
    into.set(stored.data.subarray(from * row, (from + 1) * row), to * row);
    taken++;
  }
  return taken;
}

/** The first convolution of a network with other channels: the slice itself is in the middle of both. */
function takeMiddle(into: Float32Array, { shape }: ParameterSpec, stored: StoredTensor): boolean {
  const [o, c, kh, kw] = shape;
  const [so, sc, skh, skw] = stored.shape;
  if (shape.length !== 4 || o !== so || kh !== skh || kw !== skw) return false;
  const area = kh! * kw!;
  const offset = (c! - sc!) / 2;
  into.fill(0);
  for (let i = 0; i < o!; i++) {
    for (let j = 0; j < c!; j++) {
      const from = j - offset;
      if (from < 0 || from >= sc!) continue;
      const at = (i * sc! + from) * area;
      into.set(stored.data.subarray(at, at + area), (i * c! + j) * area);
    }
  }
  return true;
}

const isSame = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((extent, i) => extent === b[i]);

/**
 * @param start the network's own seeded weights, kept where the model has none that fit
 * @throws HipError "bad-model" where the bytes are no model of ours, hold an ensemble, or share no convolution with the network
 */
export function takeWeights(
  model: { readonly bytes: Uint8Array; readonly name: string },
  spec: NetworkSpec,
  start: { readonly parameters: Float32Array; readonly statistics: Float32Array },
  labels: readonly LabelDefinition[],
): StartingWeights {
  const card = readModelCard(model.bytes, model.name);
  const stored = readInitializers(model.bytes) ?? new Map<string, StoredTensor>();
  if (card.inference.precision === "int8") {
    throw new HipError("bad-model", `Cannot start from "${model.name}": its weights are rounded to 8 bits`, {
      hint: "Give the float32 model.onnx that it was made of",
    });
  }
  if (card.inference.networks > 1) {
    throw new HipError(
      "bad-model",
      `Cannot start from "${model.name}": it holds an ensemble of ${card.inference.networks} networks`,
      { hint: "Give the model.onnx of one fold, e.g. fold_0/model.onnx" },
    );
  }
  const parameters = start.parameters.slice();
  const statistics = start.statistics.slice();
  let taken = 0;
  let known = 0;
  for (const each of spec.parameters) {
    const tensor = stored.get(each.name);
    if (tensor === undefined) continue;
    const into = parameters.subarray(each.offset, each.offset + sizeOf(each.shape));
    if (each.name.startsWith("head")) {
      known = Math.max(known, takeLabels(into, each, tensor, { before: card.labels, now: labels }));
    } else if (isSame(tensor.shape, each.shape)) {
      into.set(tensor.data);
      taken++;
    } else if (each.name.startsWith("encoder0") && takeMiddle(into, each, tensor)) taken++;
  }
  for (const { name, channels, offset } of spec.statistics) {
    for (const [part, at] of [
      ["mean", offset],
      ["variance", offset + channels],
    ] as const) {
      const tensor = stored.get(`${name}.${part}`);
      if (tensor?.data.length === channels) statistics.set(tensor.data, at);
    }
  }
  if (taken === 0) {
    throw new HipError(
      "bad-model",
      `Cannot start from "${model.name}": none of its weights fits the network`,
      {
        hint: "Models before version 0.4 do not name their weights: train again. Otherwise leave unet.* out, so that the network is the model's",
      },
    );
  }
  const others = spec.parameters.filter(({ name }) => !name.startsWith("head")).length;
  const summary = `${taken} of ${counted(others, "tensor")} from "${model.name}", ${known} of ${counted(labels.length, "label")} known by name`;
  return { parameters, statistics, summary };
}
