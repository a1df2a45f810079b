/** Dropout masks from our own generator: a function of seed, layer and step, so that a resumed run draws the same. */
import { makeRandom } from "../core/random.ts";
import { sizeOf } from "../graph/value.ts";
import type { Tensors } from "../runtime/runtime.ts";
import type { DropoutSpec } from "../unet/parameters.ts";

/** Masks of zeros (with probability `rate`) and 1 / (1 - rate), by layer name. */
export function drawDropoutMasks(
  specs: readonly DropoutSpec[],
  { seed, step }: { readonly seed: number; readonly step: number },
): Tensors {
  return Object.fromEntries(
    specs.map(({ name, rate, shape }) => {
      const random = makeRandom(seed, "dropout", name, step);
      const kept = 1 / (1 - rate);
      const data = Float32Array.from({ length: sizeOf(shape) }, () => (random.uniform() < rate ? 0 : kept));
      return [name, { dtype: "float32", shape, data } as const];
    }),
  );
}
