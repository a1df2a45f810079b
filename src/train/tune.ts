/** What validation patients can still say of a trained network: how sure it may be, and which organs are in one piece. */
import type { CaseEntry } from "../dataset/types.ts";
import { makeCleanUpMeter } from "../metrics/clean-up.ts";
import { makeTemperatureMeter } from "../metrics/temperature.ts";
import { replaceMetadata, scaleInitializers } from "../onnx/model.ts";
import { cardMetadata, type ModelCard } from "../predict/card.ts";
import type { Predictor } from "../predict/predictor.ts";
import type { TrainingData } from "./types.ts";
import { classLookup } from "./validation.ts";

/** The last convolution: dividing its numbers divides the scores. */
const HEAD = new Set(["head.weight", "head.bias"]);

/**
 * The model with its scores divided by the best temperature and its card saying so, and which labels are cleaned up.
 * A model that was tuned before is given back as it is, so that a run that is finished twice has the same bytes.
 * @param predictor of the same bytes
 */
export async function tuneModel(
  model: Uint8Array,
  predictor: Predictor,
  cases: readonly CaseEntry[],
  data: Pick<TrainingData, "labels" | "load">,
  onCase: (done: number) => void,
): Promise<{ readonly bytes: Uint8Array; readonly card: ModelCard }> {
  const { card } = predictor;
  if (card.inference.temperature !== null || cases.length === 0) return { bytes: model, card };
  const classOf = classLookup(data.labels);
  const temperature = makeTemperatureMeter(card.unet.classes);
  const cleanUp = makeCleanUpMeter(data.labels);
  for (const [i, entry] of cases.entries()) {
    const decoded = await data.load(entry);
    const { width, height, depth, mask } = decoded;
    const length = width * height;
    const prediction = await predictor.predict(decoded, {
      onSlice: (slice, scores) =>
        temperature.add(
          scores,
          mask.subarray(slice * length, (slice + 1) * length).map((label) => classOf[label]!),
        ),
    });
    if (depth > 1) cleanUp.add({ truth: mask, prediction, shape: [width, height, depth] });
    onCase(i + 1);
  }
  const found = temperature.result();
  const inference = { ...card.inference, temperature: found, keepLargest: cleanUp.result() };
  const tuned = { ...card, inference };
  const scaled = scaleInitializers(model, HEAD, 1 / found);
  return { bytes: replaceMetadata(scaled, cardMetadata(tuned)), card: tuned };
}
