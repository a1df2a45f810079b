import { expect, test } from "vitest";
import { readModelMetadata } from "../../src/onnx/model.ts";
import { readModelCard } from "../../src/predict/card.ts";
import { exportModel, specifyNetworkOf } from "../../src/predict/export.ts";
import { specifyNetwork } from "../../src/unet/network.ts";
import { initialParameters, initialStatistics } from "../../src/unet/parameters.ts";
import { makeCard, TINY_UNET } from "../support/model-card.ts";

test("a network is specified on the canvas that holds its images, which may be of odd size", () => {
  const card = makeCard({ input: { ...makeCard().input, canvas: { width: 43, height: 57 } } });
  const spec = specifyNetworkOf(card);
  expect(spec).toEqual(specifyNetwork(TINY_UNET, [1, 1, 10, 12]));
});

test("further metadata stands beside the card and cannot replace it", () => {
  const spec = specifyNetwork(TINY_UNET, [1, 1, 10, 12]);
  const parameters = initialParameters(spec.parameters, { seed: 1, initialisation: "he" });
  const weights = { parameters, statistics: initialStatistics(spec.statistics) };
  const bytes = exportModel(makeCard(), spec, weights, { passport: "{}", hipmri: "rubbish" });
  expect(readModelMetadata(bytes)).toMatchObject({ passport: "{}" });
  expect(readModelCard(bytes, "model.onnx")).toEqual(makeCard());
});
