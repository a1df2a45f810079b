/** Random data for a graph, differences of the reference, and runs of the emitted model. */
import { gradient } from "../../src/autodiff/gradient.ts";
import { makeRandom } from "../../src/core/random.ts";
import { input, mul, reduceSum } from "../../src/graph/build.ts";
import { sizeOf, topologicalOrder, type Value } from "../../src/graph/value.ts";
import { makeNodeRuntime } from "../../src/node/runtime.ts";
import { buildModel, type ModelOptions } from "../../src/onnx/model.ts";
import type { Runtime, Tensor, Tensors } from "../../src/runtime/runtime.ts";
import { evaluate, type Feeds } from "./evaluate.ts";

/** ORT on one thread, so that sums are taken in one order. */
export const runtime: Runtime = makeNodeRuntime({ threads: 1 });

/** The Input values that `outputs` need. */
export function inputsOf(outputs: readonly Value[]): Value<"Input">[] {
  return topologicalOrder(outputs).filter((value) => value.op === "Input");
}

/**
 * Seeded data that float32 holds exactly. The first word of an input's name says what kind: "positive…" is uniform in
 * [0.5, 1.5], "tied…" is one of -1, 0, 1, uint8 is 0 to 6 or 255; all else is normal.
 */
export function drawFeeds(outputs: readonly Value[], seed = 1): Feeds {
  const feeds: Record<string, Float64Array | Uint8Array> = {};
  for (const { shape, dtype, attrs } of inputsOf(outputs)) {
    const random = makeRandom(seed, attrs.name);
    const draw = attrs.name.startsWith("positive")
      ? () => random.between(0.5, 1.5)
      : attrs.name.startsWith("tied")
        ? () => random.integer(3) - 1
        : random.normal;
    feeds[attrs.name] =
      dtype === "uint8"
        ? Uint8Array.from({ length: sizeOf(shape) }, () => (random.uniform() < 0.2 ? 255 : random.integer(7)))
        : Float64Array.from({ length: sizeOf(shape) }, () => Math.fround(draw()));
  }
  return feeds;
}

/** Largest difference over the largest magnitude; infinite where lengths differ or something is not a number. */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let magnitude = 0;
  for (let i = 0; i < expected.length; i++) {
    if (!Number.isFinite(found[i]) || !Number.isFinite(expected[i])) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, Math.abs(found[i]! - expected[i]!));
    magnitude = Math.max(magnitude, Math.abs(expected[i]!));
  }
  return difference === 0 ? 0 : difference / magnitude;
}

/** Sum of a value's elements, each weighted by its own random number. */
export function randomProjection(value: Value): Value {
  return reduceSum(mul(value, input("projection", value.shape)));
}

/** d loss / d target, or undefined when no gradient reaches it. */
function gradientOrNone(loss: Value, target: Value): Value | undefined {
  try {
    return gradient(loss, [target])[0]!;
  } catch (error) {
    if (error instanceof RangeError && error.message.startsWith("The loss does not depend on"))
      return undefined;
    throw error;
  }
}

/**
 * vᵀ·∇f against (f(x + εv) - f(x - εv)) / 2ε for each float32 input x in turn and a random direction v, all in float64.
 * Where gradient() finds no path, f must not change at all.
 * @returns the relative error by input name.
 */
export function directionalErrors(loss: Value, feeds: Feeds, seed = 2): Readonly<Record<string, number>> {
  const errors: Record<string, number> = {};
  const step = 1e-5;
  for (const target of inputsOf([loss])) {
    if (target.dtype !== "float32" || target.attrs.name === "projection") continue;
    const { name } = target.attrs;
    const random = makeRandom(seed, name);
    const x = feeds[name]!;
    const direction = Float64Array.from(x, () => random.normal());
    const moved = (sign: number): number => {
      const at = Float64Array.from(x, (value, i) => value + sign * step * direction[i]!);
      return evaluate([loss], { ...feeds, [name]: at })[0]![0]!;
    };
    const slope = (moved(1) - moved(-1)) / (2 * step);
    const derivative = gradientOrNone(loss, target);
    let product = 0;
    if (derivative !== undefined) {
      const [values] = evaluate([derivative], feeds);
      for (const [i, value] of values!.entries()) product += value * direction[i]!;
    }
    errors[name] = relativeError([product], [slope]);
  }
  return errors;
}

/** Feeds as a runtime takes them. */
export function toTensors(outputs: readonly Value[], feeds: Feeds): Tensors {
  const tensors: Record<string, Tensor> = {};
  for (const { shape, attrs } of inputsOf(outputs)) {
    const data = feeds[attrs.name]!;
    tensors[attrs.name] =
      data instanceof Uint8Array
        ? { dtype: "uint8", shape, data }
        : { dtype: "float32", shape, data: Float32Array.from(data) };
  }
  return tensors;
}

/** Results of ONNX Runtime. */
export async function runModel(options: ModelOptions, tensors: Tensors): Promise<Tensors> {
  const program = await runtime.load(buildModel(options));
  try {
    return await program.run(tensors);
  } finally {
    await program.dispose();
  }
}
