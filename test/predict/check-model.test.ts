import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import { ModelProtoSchema } from "../../src/onnx/generated/onnx_pb.ts";
import { replaceMetadata } from "../../src/onnx/model.ts";
import { cardMetadata, readModelCard } from "../../src/predict/card.ts";
import { checkModel } from "../../src/predict/check-model.ts";
import { exportedModel, NETWORKS } from "../support/inference-models.ts";

const good = exportedModel(NETWORKS.pelvis!);

function thrownBy(bytes: Uint8Array, mostBytes?: number): HipError {
  try {
    checkModel(bytes, "m.onnx", mostBytes === undefined ? {} : { mostBytes });
  } catch (error) {
    if (error instanceof HipError) return error;
  }
  throw new Error("nothing was thrown");
}

test("checkModel() gives the card of a model of ours", () => {
  expect(checkModel(good, "m.onnx")).toEqual(readModelCard(good, "m.onnx"));
});

test("checkModel() lists everything at once, and says that nothing was run", () => {
  const model = fromBinary(ModelProtoSchema, good);
  model.graph!.node[0]!.opType = "If";
  model.metadataProps = [];
  expect(thrownBy(toBinary(ModelProtoSchema, model))).toMatchObject({
    code: "bad-model",
    message: 'Cannot use "m.onnx": it is not as hipmri writes models, and was not run',
    problems: ['operator "If"', "it carries no card that this version reads"],
    hint: "Give a model.onnx that hipmri trained or rounded, and a newer version of hipmri where a newer one wrote it",
  });
});

test("checkModel() refuses a card of another network", () => {
  const card = readModelCard(good, "m.onnx");
  const other = { ...card, unet: { ...card.unet, inChannels: 3, classes: 4 } };
  expect(thrownBy(replaceMetadata(good, cardMetadata(other))).problems).toEqual([
    "the image has 1 channel, the card says 3",
    "the scores are of 6 labels, the card says 4",
    "the card names 6 labels of 4",
  ]);
});

test("checkModel() leaves what it cannot read to the messages of the card", () => {
  expect(thrownBy(new Uint8Array(9).fill(7)).message).toBe(
    'Cannot read "m.onnx": expected an ONNX model, got something else',
  );
  const bare = fromBinary(ModelProtoSchema, good);
  bare.metadataProps = [];
  expect(thrownBy(toBinary(ModelProtoSchema, bare)).message).toBe(
    'Cannot apply "m.onnx": the model carries no "hipmri" card in its metadata',
  );
});

test("checkModel() takes no file above the limit", () => {
  expect(thrownBy(good, 100).problems).toEqual(["it must be at most 1 MiB, found 1 MiB"]);
});
