/** A trained network as a model of 8-bit integers: the ranges of its images are observed first, then rounded to. */
import { concat, neg, reduceMax } from "../graph/build.ts";
import { type ChannelRanges, prepareForIntegers, quantise, rangedValues } from "../graph/quantise.ts";
import type { Value } from "../graph/value.ts";
import { buildModel } from "../onnx/model.ts";
import { float32Of, type Program, type Runtime } from "../runtime/runtime.ts";
import type { NetworkSpec } from "../unet/network.ts";
import { cardMetadata, type ModelCard } from "./card.ts";
import { inferenceGraph, type Weights } from "./export.ts";

/** What a network's images were seen to hold. */
export interface Observation {
  /** The model, which gives the ranges of each run beside its scores; without the card's clean-up it is the same. */
  readonly bytes: Uint8Array;
  /** Runs the model and remembers its ranges. */
  observing(runtime: Runtime): Runtime;
  /**
   * The model of 8-bit integers.
   * @throws RangeError where nothing was observed
   */
  exportQuantised(card: ModelCard, extra?: Readonly<Record<string, string>>): Uint8Array;
}

const PIXELS = [0, 2, 3];
const CHANNELS = 1;

/** Of each value its channels' largest numbers, all in a row. */
const largestOf = (values: readonly Value[]): Value =>
  concat(
    values.map((value) => reduceMax(value, PIXELS)),
    CHANNELS,
  );

/** @throws RangeError where the card promises another number of networks */
export function observeRanges(
  card: ModelCard,
  spec: NetworkSpec,
  weights: Weights | readonly Weights[],
): Observation {
  const { logits, symbolicAxes } = inferenceGraph(card, spec, weights);
  const [prepared] = prepareForIntegers([logits]);
  const observed = rangedValues([prepared!]);
  const offsets = new Map<Value, number>();
  let channels = 0;
  for (const value of observed) {
    offsets.set(value, channels);
    channels += value.shape[CHANNELS]!;
  }
  const low = new Float32Array(channels).fill(Number.POSITIVE_INFINITY);
  const high = new Float32Array(channels).fill(Number.NEGATIVE_INFINITY);
  let runs = 0;

  const observe = (program: Program): Program => ({
    async run(inputs, into) {
      const results = await program.run(inputs, into);
      const [most, least] = [float32Of(results, "high"), float32Of(results, "low")];
      for (let c = 0; c < channels; c++) {
        high[c] = Math.max(high[c]!, most[c]!);
        low[c] = Math.min(low[c]!, -least[c]!);
      }
      runs++;
      return results;
    },
    dispose: () => program.dispose(),
  });
  const partOf = (value: Value): ChannelRanges => {
    const from = offsets.get(value)!;
    const to = from + value.shape[CHANNELS]!;
    return { low: low.subarray(from, to), high: high.subarray(from, to) };
  };
  const layerOf = ({ op, label }: Value): string | undefined => (label === "" ? undefined : `${op} ${label}`);
  // A network that is applied to mirrored copies has the ranges of all of them, and so its weights once.
  const rangesOf = (value: Value): ChannelRanges =>
    observed
      .filter((each) => each !== value && layerOf(value) !== undefined && layerOf(each) === layerOf(value))
      .map(partOf)
      .reduce(
        (all, part) => ({
          low: all.low.map((least, c) => Math.min(least, part.low[c]!)),
          high: all.high.map((most, c) => Math.max(most, part.high[c]!)),
        }),
        partOf(value),
      );

  return {
    bytes: buildModel({
      outputs: { logits: prepared!, high: largestOf(observed), low: largestOf(observed.map(neg)) },
      symbolicAxes,
      metadata: cardMetadata(card),
    }),
    observing: (runtime) => ({
      ...runtime,
      load: async (model, options) => observe(await runtime.load(model, options)),
    }),
    exportQuantised(own, extra = {}) {
      if (runs === 0) throw new RangeError("Cannot round a network before any image was seen");
      const [rounded] = quantise([prepared!], rangesOf);
      return buildModel({
        outputs: { logits: rounded! },
        symbolicAxes,
        metadata: { ...extra, ...cardMetadata(own) },
      });
    },
  };
}
