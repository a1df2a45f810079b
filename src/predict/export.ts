/** Trained weights as a model.onnx that accepts any batch and image size. */
import { add, exp, flip, input, log, logSoftmax, mul } from "../graph/build.ts";
import type { Value } from "../graph/value.ts";
import { buildModel, type ModelOptions } from "../onnx/model.ts";
import { buildInferenceNetwork, type NetworkSpec, specifyNetwork } from "../unet/network.ts";
import { cardMetadata, type ModelCard } from "./card.ts";
import { makeCanvas } from "./fit.ts";

/** Flat vectors in the order of a network's specification. */
export interface Weights {
  readonly parameters: Float32Array;
  readonly statistics: Float32Array;
}

/** A probability of 0 has a logarithm all the same. */
const TINY = 1e-12;
const AXES = { height: 2, width: 3 } as const;

/** Every set of the axes, the empty one first. */
function mirrorings(axes: readonly ("width" | "height")[]): readonly (readonly number[])[] {
  const sets: (readonly number[])[] = [[]];
  for (const axis of axes) sets.push(...sets.map((set) => [...set, AXES[axis]]));
  return sets;
}

/** Mean of values of one shape. */
function meanOf(values: readonly Value[]): Value {
  const [first, ...rest] = values;
  return rest.length === 0 ? first! : mul(rest.reduce(add, first!), 1 / values.length);
}

/** What the network of a model needs. */
export function specifyNetworkOf({
  unet,
  input: { canvas },
}: Pick<ModelCard, "unet" | "input">): NetworkSpec {
  const { input: size } = makeCanvas(unet, canvas);
  return specifyNetwork(unet, [1, unet.inChannels, size.height, size.width]);
}

/** The graph of a model, and how its axes are called. */
export interface InferenceGraph {
  readonly logits: Value;
  readonly symbolicAxes: NonNullable<ModelOptions["symbolicAxes"]>;
}

/**
 * @param weights of the networks of `card.inference`: one, or those of an ensemble, whose probabilities are averaged.
 *   Mirrored copies of an image are averaged by their scores, as nnU-Net does both.
 * @throws RangeError where the card promises another number of networks
 */
export function inferenceGraph(
  card: ModelCard,
  spec: NetworkSpec,
  weights: Weights | readonly Weights[],
): InferenceGraph {
  const networks = "parameters" in weights ? [weights] : weights;
  if (networks.length !== card.inference.networks) {
    throw new RangeError(`The card promises ${card.inference.networks} networks, got ${networks.length}`);
  }
  const { unet } = card;
  const { input: size } = makeCanvas(unet, card.input.canvas);
  const image = input("image", [1, unet.inChannels, size.height, size.width]);
  const scores = networks.map((each, i) => {
    const options = { prefix: networks.length === 1 ? "" : `network${i}.`, shared: new Map<string, Value>() };
    return meanOf(
      mirrorings(card.inference.mirrored).map((axes) =>
        flip(buildInferenceNetwork(flip(image, axes), each, unet, spec, options), axes),
      ),
    );
  });
  const logits =
    scores.length === 1 ? scores[0]! : log(add(meanOf(scores.map((each) => exp(logSoftmax(each)))), TINY));
  return {
    logits,
    symbolicAxes: {
      image: ["batch", unet.inChannels, "height", "width"],
      // An unpadded network's result is smaller than its input.
      logits:
        unet.padding === "same"
          ? ["batch", unet.classes, "height", "width"]
          : ["batch", unet.classes, "outputHeight", "outputWidth"],
    },
  };
}

/**
 * @param weights as of inferenceGraph()
 * @param extra further metadata_props beside the card; one under the card's own key is overruled by the card.
 * @throws RangeError where the card promises another number of networks
 */
export function exportModel(
  card: ModelCard,
  spec: NetworkSpec,
  weights: Weights | readonly Weights[],
  extra: Readonly<Record<string, string>> = {},
): Uint8Array {
  const { logits, symbolicAxes } = inferenceGraph(card, spec, weights);
  return buildModel({
    outputs: { logits },
    symbolicAxes,
    metadata: { ...extra, ...cardMetadata(card) },
  });
}
