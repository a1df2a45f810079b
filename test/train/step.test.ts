import { expect, test } from "vitest";
import { noAugmentation } from "../../src/augment/config.ts";
import { makeRandom } from "../../src/core/random.ts";
import { sizeOf } from "../../src/graph/value.ts";
import { float32Tensor } from "../../src/runtime/runtime.ts";
import { buildStepModel } from "../../src/train/step.ts";
import { makeStepper } from "../../src/train/stepper.ts";
import { specifyNetwork } from "../../src/unet/network.ts";
import { initialParameters } from "../../src/unet/parameters.ts";
import { runtime } from "../support/check.ts";
import { TINY_UNET } from "../support/model-card.ts";

const spec = specifyNetwork(TINY_UNET, [1, 1, 8, 8]);

/** Largest gradient of the head's bias and weights of each class; no label is above 3. */
async function headGradients(unseenClasses: readonly number[]): Promise<readonly number[]> {
  const model = buildStepModel({
    unet: TINY_UNET,
    spec,
    batchSize: 1,
    inputSize: { width: 8, height: 8 },
    loss: { crossEntropy: 1, dice: 1, labelSmoothing: 0 },
    augment: noAugmentation,
    averageDecay: 0,
    unseenClasses,
    optimizer: { kind: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
    clipNorm: 0,
  });
  const stepper = await makeStepper(runtime, model);
  const random = makeRandom(1, "image");
  const image = float32Tensor(Float32Array.from({ length: 64 }, random.normal), [1, 1, 8, 8]);
  const labels = Uint8Array.from({ length: 64 }, (_, i) => i % 4);
  const { gradient } = await stepper.gradient(
    [{ image, labels: { dtype: "uint8", shape: [1, 8, 8], data: labels } }],
    { parameters: initialParameters(spec.parameters, { seed: 1, initialisation: "he" }) },
  );
  const largest = new Array<number>(TINY_UNET.classes).fill(0);
  for (const { name, offset, shape } of spec.parameters) {
    if (!name.startsWith("head")) continue;
    const row = sizeOf(shape) / TINY_UNET.classes;
    for (const [k, before] of largest.entries()) {
      const part = gradient.subarray(offset + k * row, offset + (k + 1) * row);
      largest[k] = Math.max(before, ...part.map(Math.abs));
    }
  }
  await stepper.dispose();
  return largest;
}

test("classes of which nothing is to be learnt are not pushed down where they are not", async () => {
  const pushed = await headGradients([]);
  expect(Math.min(...pushed)).toBeGreaterThan(1e-3);
  const left = await headGradients([4, 5]);
  expect(Math.max(...left.slice(4))).toBeLessThan(1e-12);
  expect(Math.min(...left.slice(0, 4))).toBeGreaterThan(1e-3);
});
