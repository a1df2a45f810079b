import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { makeRandom } from "../../src/core/random.ts";
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  FunctionProtoSchema,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
  TrainingInfoProtoSchema,
} from "../../src/onnx/generated/onnx_pb.ts";
import { inspectModel } from "../../src/onnx/inspect-model.ts";
import { runtime } from "../support/check.ts";
import { exportedModel, NETWORKS, roundedModel } from "../support/inference-models.ts";

const pelvis = NETWORKS.pelvis!;
const good = exportedModel(pelvis);

function changed(change: (model: ModelProto) => void): readonly string[] | undefined {
  const model = fromBinary(ModelProtoSchema, good);
  change(model);
  return inspectModel(toBinary(ModelProtoSchema, model))?.problems;
}
const graphOf = (model: ModelProto) => model.graph!;
const firstTensor = (model: ModelProto) => graphOf(model).initializer[0]!;

describe("inspectModel() finds nothing in models of ours:", () => {
  test.each(Object.entries(NETWORKS))("%s", async (_, unet) => {
    const channels = { channels: unet.inChannels, classes: unet.classes };
    for (const bytes of [
      exportedModel(unet, { mirrored: ["width", "height"] }),
      exportedModel(unet, { networks: 3 }),
      await roundedModel(runtime, unet),
    ]) {
      expect(inspectModel(bytes)).toMatchObject({ problems: [], ...channels });
      expect(Object.keys(inspectModel(bytes)!.metadata!)).toEqual(["hipmri"]);
    }
  });
});

describe("inspectModel() names", () => {
  test.each<[string, (model: ModelProto) => void, string]>([
    [
      "weights in another file",
      (model) => {
        firstTensor(model).externalData = [
          create(StringStringEntryProtoSchema, { key: "location", value: "/etc/passwd" }),
        ];
      },
      'weights "encoder0.conv0.weight" lie in another file',
    ],
    [
      "weights said to be elsewhere",
      (model) => {
        firstTensor(model).dataLocation = TensorProto_DataLocation.EXTERNAL;
      },
      'weights "encoder0.conv0.weight" lie in another file',
    ],
    [
      "weights that are shorter than they say",
      (model) => {
        firstTensor(model).rawData = new Uint8Array(4);
      },
      'weights "encoder0.conv0.weight" of [8, 1, 3, 3] must be 288 bytes long, found 4',
    ],
    [
      "extents whose product overflows to what is there",
      (model) => {
        firstTensor(model).dims = [2n ** 32n, 2n ** 31n, 2n];
        firstTensor(model).rawData = new Uint8Array(0);
      },
      'weights "encoder0.conv0.weight" of [4294967296, 2147483648, 2] must be 73786976294838206464 bytes long, found 0',
    ],
    [
      "a negative extent",
      (model) => {
        firstTensor(model).dims = [-1n, -72n];
      },
      'weights "encoder0.conv0.weight" of [-1, -72] must be 0 bytes long, found 288',
    ],
    [
      "weights of another type",
      (model) => {
        firstTensor(model).dataType = TensorProto_DataType.DOUBLE;
      },
      'weights "encoder0.conv0.weight" are of the type DOUBLE',
    ],
    [
      "weights as a list",
      (model) => {
        firstTensor(model).rawData = new Uint8Array(0);
        firstTensor(model).floatData = [1];
      },
      'weights "encoder0.conv0.weight" are not stored as raw data',
    ],
    [
      "an operator that we do not use",
      (model) => {
        graphOf(model).node[0]!.opType = "Loop";
      },
      'operator "Loop"',
    ],
    [
      "an operator of another domain",
      (model) => {
        graphOf(model).node[0]!.domain = "com.microsoft";
      },
      'operator "com.microsoft.Conv"',
    ],
    [
      "a graph in a graph",
      (model) => {
        graphOf(model).node[0]!.attribute.push(
          create(AttributeProtoSchema, {
            name: "body",
            type: AttributeType.GRAPH,
            g: create(GraphProtoSchema, { node: [create(NodeProtoSchema, { opType: "Conv" })] }),
          }),
        );
      },
      'a graph inside of the operator "Conv"',
    ],
    [
      "a tensor as an attribute",
      (model) => {
        graphOf(model).node[0]!.attribute.push(
          create(AttributeProtoSchema, {
            name: "value",
            type: AttributeType.TENSOR,
            t: create(TensorProtoSchema),
          }),
        );
      },
      'attribute "value" of "Conv" is neither a number nor a word nor a list of whole numbers',
    ],
    [
      "a padding without measure",
      (model) => {
        graphOf(model).node[0]!.attribute.find(({ name }) => name === "pads")!.ints = [0n, 2n ** 40n, 0n, 0n];
      },
      'attribute "pads" of "Conv" is larger than 4096',
    ],
    [
      "functions",
      (model) => {
        model.functions = [create(FunctionProtoSchema, { name: "Conv" })];
      },
      "functions of its own",
    ],
    [
      "training",
      (model) => {
        model.trainingInfo = [create(TrainingInfoProtoSchema)];
      },
      "instructions for training",
    ],
    [
      "another domain",
      (model) => {
        model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: "ai.onnx.ml", version: 1n }));
      },
      'operators of "ai.onnx.ml"',
    ],
    [
      "newer operators",
      (model) => {
        model.opsetImport[0]!.version = 99n;
      },
      "operators must be of version 17, found 99: a newer version wrote it",
    ],
    [
      "an older format",
      (model) => {
        model.irVersion = 3n;
      },
      "the format must be version 8, found 3",
    ],
    [
      "another input",
      (model) => {
        graphOf(model).input[0]!.name = "x";
      },
      'inputs must be "image" alone, found "x"',
    ],
    [
      "a second output",
      (model) => {
        const [first] = graphOf(model).output;
        graphOf(model).output.push({ ...first!, name: "more" });
      },
      'outputs must be "logits" alone, found "logits", "more"',
    ],
    [
      "an output of fixed size",
      (model) => {
        const type = graphOf(model).output[0]!.type!.value;
        if (type.case === "tensorType") type.value.shape!.dim[2]!.value = { case: "dimValue", value: 8n };
      },
      'output "logits" must be float32 of [batch, channels, height, width], sizes left open',
    ],
  ])("%s", (_, change, problem) => {
    expect(changed(change)).toEqual([problem]);
  });

  test("all that is wrong at once, each once, and not without end", () => {
    const found = changed((model) => {
      model.irVersion = 3n;
      for (const [i, node] of graphOf(model).node.entries()) node.opType = `Odd${i % 30}`;
    });
    expect(found).toHaveLength(21);
    expect(found!.slice(0, 2)).toEqual(["the format must be version 8, found 3", 'operator "Odd0"']);
    expect(found!.at(-1)).toBe("and 11 more");
  });

  test("a file that is too large, without decoding it", () => {
    expect(inspectModel(good, { mostBytes: 1000 })).toEqual({
      problems: ["it must be at most 1 MiB, found 1 MiB"],
      metadata: undefined,
      channels: undefined,
      classes: undefined,
    });
    const bloated = changed((model) => {
      model.docString = "x".repeat(17 * 2 ** 20);
    });
    expect(bloated).toEqual(["all but its weights must be at most 16 MiB, and there is more"]);
  });
});

test.each([
  ["nothing", new Uint8Array(0)],
  ["text", new TextEncoder().encode("no model at all")],
  ["a model cut short", good.subarray(0, 500)],
  ["a message without a graph", Uint8Array.of(8, 8)],
])("inspectModel() is undefined of %s", (_, bytes) => {
  expect(inspectModel(bytes)).toBeUndefined();
});

test("inspectModel() throws at no damage", () => {
  const random = makeRandom(1, "damage");
  for (let i = 0; i < 300; i++) {
    const bytes = good.slice(0, random.uniform() < 0.2 ? random.integer(good.length) : good.length);
    for (let k = random.integer(8); k >= 0 && bytes.length > 0; k--) {
      bytes[random.integer(bytes.length)] = random.integer(256);
    }
    expect(() => inspectModel(bytes)).not.toThrow();
  }
});
