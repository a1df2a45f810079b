import { fromBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ModelProtoSchema } from "../../src/onnx/generated/onnx_pb.ts";
import { INFERENCE_OPERATORS } from "../../src/onnx/inference-operators.ts";
import { runtime } from "../support/check.ts";
import { exportedModel, NETWORKS, roundedModel } from "../support/inference-models.ts";

const operatorsOf = (bytes: Uint8Array): readonly string[] =>
  fromBinary(ModelProtoSchema, bytes).graph!.node.map(({ domain, opType }) => `${domain}${opType}`);

test("are just those of all models that we export: every network, mirrored, joined, in 8-bit integers", async () => {
  const found = new Set<string>();
  const mirrored = ["width", "height"] as const;
  for (const unet of Object.values(NETWORKS)) {
    for (const bytes of [
      exportedModel(unet, { mirrored }),
      exportedModel(unet, { networks: 2 }),
      await roundedModel(runtime, unet, { mirrored: ["width"] }),
    ]) {
      for (const operator of operatorsOf(bytes)) found.add(operator);
    }
  }
  expect([...found].sort()).toEqual([...INFERENCE_OPERATORS].sort());
});

test("none reads files, calls code or branches", () => {
  for (const name of ["Loop", "If", "Scan", "Identity", "ConstantOfShape", "Expand", "Tile", "Resize"]) {
    expect(INFERENCE_OPERATORS.has(name), name).toBe(false);
  }
});
