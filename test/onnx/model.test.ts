import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import {
  add,
  constant,
  conv,
  input,
  leakyRelu,
  maxPool,
  mul,
  oneHot,
  reduceSum,
  reshape,
} from "../../src/graph/build.ts";
import { type ModelProto, ModelProtoSchema } from "../../src/onnx/generated/onnx_pb.ts";
import { buildModel, type ModelOptions, readModelMetadata, replaceMetadata } from "../../src/onnx/model.ts";
import { runtime } from "../support/check.ts";

/** A small training step: [loss, d weight]. */
function sample(): ModelOptions {
  const image = input("image", [2, 1, 4, 5]);
  const weight = input("weight", [3, 1, 3, 3]);
  const logits = conv(
    image,
    weight,
    { strides: [1, 1], pads: [1, 1, 1, 1] },
    constant(new Float32Array(3).fill(0.5)),
  );
  const truth = oneHot(input("labels", [2, 4, 5], "uint8"), 3);
  const loss = reduceSum(mul(leakyRelu(logits, 0.01), truth));
  return {
    outputs: { loss, dWeight: gradient(loss, [weight])[0]! },
    metadata: { kind: "sample", labels: "[0,1]" },
  };
}
const parse = (bytes: Uint8Array): ModelProto => fromBinary(ModelProtoSchema, bytes);

test("equal graphs give equal bytes, other graphs other bytes", () => {
  const bytes = buildModel(sample());
  expect(buildModel(sample())).toEqual(bytes);
  expect(buildModel({ ...sample(), metadata: { kind: "other" } })).not.toEqual(bytes);
});

describe("a model says", () => {
  const model = parse(buildModel(sample()));
  test("its format and its operator sets", () => {
    expect(model.irVersion).toBe(8n);
    expect(model.producerName).toBe("hipmri-unet");
    expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([
      ["", 17n],
      ["com.microsoft", 1n],
    ]);
  });
  test("no domain of Microsoft's where it uses none", () => {
    const plain = parse(buildModel({ outputs: { y: leakyRelu(input("x", [2]), 0) } }));
    expect(plain.opsetImport.map(({ domain }) => domain)).toEqual([""]);
  });
  test("its inputs in order of use and its outputs in the order given, with type and shape", () => {
    const describeValue = (info: NonNullable<ModelProto["graph"]>["input"][number]) => {
      const tensor = info.type?.value;
      if (tensor?.case !== "tensorType") throw new Error("no tensor");
      return [info.name, tensor.value.elemType, tensor.value.shape?.dim.map(({ value }) => value.value)];
    };
    expect(model.graph!.input.map(describeValue)).toEqual([
      ["image", 1, [2n, 1n, 4n, 5n]],
      ["weight", 1, [3n, 1n, 3n, 3n]],
      ["labels", 2, [2n, 4n, 5n]],
    ]);
    expect(model.graph!.output.map(describeValue)).toEqual([
      ["loss", 1, [1n, 1n, 1n, 1n]],
      ["dWeight", 1, [3n, 1n, 3n, 3n]],
    ]);
  });
  test("names for symbolic axes", () => {
    const x = input("x", [1, 2]);
    const { graph } = parse(
      buildModel({ outputs: { y: leakyRelu(x, 0) }, symbolicAxes: { x: ["batch", 2] } }),
    );
    const tensor = graph!.input[0]!.type!.value;
    const dims = tensor.case === "tensorType" ? tensor.value.shape!.dim.map(({ value }) => value) : [];
    expect(dims).toEqual([
      { case: "dimParam", value: "batch" },
      { case: "dimValue", value: 2n },
    ]);
  });
  test("nothing of when and where it was made", () => {
    expect(model.docString).toBe("");
    expect(model.metadataProps.map(({ key }) => key)).toEqual(["kind", "labels"]);
  });
});

test("equal numbers are stored once", () => {
  const x = input("x", [2, 2]);
  const model = parse(buildModel({ outputs: { y: add(reduceSum(x, [1]), reduceSum(x, [1])) } }));
  expect(model.graph!.initializer).toHaveLength(1);
});

test("equal lists of integers and of floats are kept apart", () => {
  // Resize takes the floats [1, 1, 2, 2], Reshape the integers.
  const x = reshape(input("x", [4]), [1, 1, 2, 2]);
  const pooled = maxPool(x, { kernel: [2, 2] });
  const model = parse(buildModel({ outputs: { dx: gradient(reduceSum(pooled), [x])[0]! } }));
  const lists = model.graph!.initializer.filter(
    ({ dims, rawData }) => dims.length === 1 && rawData.length >= 16,
  );
  expect(lists.map(({ dataType, rawData }) => [dataType, rawData.length])).toContainEqual([7, 32]);
  expect(lists.map(({ dataType, rawData }) => [dataType, rawData.length])).toContainEqual([1, 16]);
});

test("one value may be two results, and an input or a constant a result", async () => {
  const x = input("x", [2]);
  const y = mul(x, 2);
  const program = await runtime.load(buildModel({ outputs: { a: y, b: y, same: x, fixed: constant(7) } }));
  const results = await program.run({ x: { dtype: "float32", shape: [2], data: Float32Array.of(1, 3) } });
  await program.dispose();
  expect(Object.entries(results).map(([name, { data }]) => [name, Array.from(data, Number)])).toEqual([
    ["a", [2, 6]],
    ["b", [2, 6]],
    ["same", [1, 3]],
    ["fixed", [7]],
  ]);
});

describe("readModelMetadata()", () => {
  test("gives back the card, in its order and letter by letter", () => {
    const metadata = { zeta: "1", alpha: '{"name": "Prostata, früh – ½ mm"}', empty: "" };
    const read = readModelMetadata(buildModel({ outputs: { y: leakyRelu(input("x", [1]), 0) }, metadata }));
    expect(read).toEqual(metadata);
    expect(Object.keys(read!)).toEqual(Object.keys(metadata));
  });
  test("is empty for a model without a card", () => {
    expect(readModelMetadata(buildModel({ outputs: { y: leakyRelu(input("x", [1]), 0) } }))).toEqual({});
  });
  test.each([
    ["nothing", new Uint8Array(0)],
    ["text", new TextEncoder().encode("not a model")],
    ["a model cut short", buildModel(sample()).subarray(0, 300)],
  ])("is undefined for %s", (_, bytes) => {
    expect(readModelMetadata(bytes)).toBeUndefined();
  });
});

describe("replaceMetadata()", () => {
  test("gives the bytes of a model that was built with it, whatever it held before", () => {
    const wanted = { kind: "other", labels: "[0,1,2]" };
    expect(replaceMetadata(buildModel(sample()), wanted)).toEqual(
      buildModel({ ...sample(), metadata: wanted }),
    );
  });
  test("leaves other keys and their order alone, and puts new ones last", () => {
    const replaced = replaceMetadata(buildModel(sample()), { licence: "none", kind: "new" });
    expect(Object.entries(readModelMetadata(replaced)!)).toEqual([
      ["kind", "new"],
      ["labels", "[0,1]"],
      ["licence", "none"],
    ]);
  });
  test("twice is as once", () => {
    const once = replaceMetadata(buildModel(sample()), { kind: "new", extra: "1" });
    expect(replaceMetadata(once, { kind: "new", extra: "1" })).toEqual(once);
  });
});
