/** Trained weights as a model.onnx that accepts any batch and image size. */
import { input } from "../graph/build.ts";
import { buildModel } from "../onnx/model.ts";
import { buildInferenceNetwork, type NetworkSpec } from "../unet/network.ts";
import { cardMetadata, type ModelCard } from "./card.ts";
import { makeCanvas } from "./fit.ts";

/**
 * @param weights flat vectors in the order of `spec`.
 * @param extra further metadata_props beside the card; one under the card's own key is overruled by the card.
 */
export function exportModel(
  card: ModelCard,
  spec: NetworkSpec,
  weights: { readonly parameters: Float32Array; readonly statistics: Float32Array },
  extra: Readonly<Record<string, string>> = {},
): Uint8Array {
  const { unet } = card;
  const { input: size } = makeCanvas(unet, card.input.canvas);
  const image = input("image", [1, unet.inChannels, size.height, size.width]);
  const logits = buildInferenceNetwork(image, weights, unet, spec);
  return buildModel({
    outputs: { logits },
    symbolicAxes: {
      image: ["batch", unet.inChannels, "height", "width"],
      // An unpadded network's result is smaller than its input.
      logits:
        unet.padding === "same"
          ? ["batch", unet.classes, "height", "width"]
          : ["batch", unet.classes, "outputHeight", "outputWidth"],
    },
    metadata: { ...extra, ...cardMetadata(card) },
  });
}
