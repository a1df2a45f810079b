/** Dropout masks from our own generator: a function of seed, layer, step and place, so that a resumed run draws the same. */
import { makeRandom } from "../core/random.ts";
import { sizeOf } from "../graph/value.ts";
import type { Tensors } from "../runtime/runtime.ts";
import type { DropoutSpec } from "../unet/parameters.ts";

/**
 * Masks of zeros (with probability `rate`) and 1 / (1 - rate), by layer name.
 * @param at the place in the batch of the first image of the masks; default 0
 */
export function drawDropoutMasks(
  specs: readonly DropoutSpec[],
  { seed, step, at = 0 }: { readonly seed: number; readonly step: number; readonly at?: number },
): Tensors {
  return Object.fromEntries(
    specs.map(({ name, rate, shape }) => {
      const data = new Float32Array(sizeOf(shape));
      const each = data.length / shape[0]!;
      for (let i = 0; i < shape[0]!; i++) {
        const random = makeRandom(seed, "dropout", name, step, at + i);
        const draw = (): number => (random.uniform() < rate ? 0 : 1 / (1 - rate));
        data.set(Float32Array.from({ length: each }, draw), i * each);
      }
      return [name, { dtype: "float32", shape, data } as const];
    }),
  );
}
