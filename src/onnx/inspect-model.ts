/**
 * A model of unknown origin held against what our own exports look like, before any runtime sees it: only their
 * operators, everything inside the file, every stored tensor as long as it says. It runs nothing. What it cannot say is
 * how much memory running would take; that is bounded where the image is tiled, not here.
 */
import { fromBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "./generated/onnx_pb.ts";
import { INFERENCE_OPERATORS } from "./inference-operators.ts";
import { IR_VERSION, OPSET } from "./model.ts";
import { structureSize } from "./structure-size.ts";

/** Of a whole file, unless given: several times the largest preset. */
const MOST_MODEL_BYTES = 512 * 2 ** 20;
/** Of everything but weights: an ensemble of ten mirrored networks with its card has a tenth of it. */
const MOST_STRUCTURE_BYTES = 16 * 2 ** 20;
/** Kernels, steps, paddings and axes are far below it. */
const LARGEST_INTEGER = 4096n;
/** A file that is something else altogether would fill pages. */
const MOST_PROBLEMS = 20;

export interface ModelInspection {
  /** What is not as in our exports, in words; empty where nothing is. */
  readonly problems: readonly string[];
  /** undefined where the file is too large to be decoded. */
  readonly metadata: Readonly<Record<string, string>> | undefined;
  /** Of the input "image" [batch, channels, height, width]; undefined where it is another. */
  readonly channels: number | undefined;
  /** Of the output "logits" [batch, classes, height, width]. */
  readonly classes: number | undefined;
}

/** Bytes of a number of each type that our exports store. */
const BYTES_OF: ReadonlyMap<number, bigint> = new Map([
  [DataType.FLOAT, 4n],
  [DataType.INT64, 8n],
  [DataType.INT32, 4n],
  [DataType.INT8, 1n],
  [DataType.UINT8, 1n],
]);
const ATTRIBUTE_TYPES: ReadonlySet<number> = new Set([
  AttributeType.INT,
  AttributeType.INTS,
  AttributeType.FLOAT,
  AttributeType.STRING,
]);

type Tell = (problem: string) => void;

function inspectTensor(tensor: TensorProto, tell: Tell): void {
  const { name, dims, dataType, rawData, externalData, dataLocation } = tensor;
  const what = `weights "${name}"`;
  if (externalData.length > 0 || dataLocation !== DataLocation.DEFAULT) {
    tell(`${what} lie in another file`);
    return;
  }
  const each = BYTES_OF.get(dataType);
  if (each === undefined) {
    tell(`${what} are of the type ${DataType[dataType] ?? dataType}`);
    return;
  }
  const others = [tensor.floatData, tensor.int32Data, tensor.int64Data, tensor.stringData];
  if ([...others, tensor.doubleData, tensor.uint64Data].some((list) => list.length > 0)) {
    tell(`${what} are not stored as raw data`);
    return;
  }
  const isCountable = dims.every((extent) => extent >= 0n);
  // As whole numbers of any size: extents whose product overflows must not come out right.
  const expected = dims.reduce((product, extent) => product * extent, each);
  if (isCountable && BigInt(rawData.length) === expected) return;
  tell(
    `${what} of [${dims.join(", ")}] must be ${isCountable ? expected : 0} bytes long, found ${rawData.length}`,
  );
}

function inspectNode({ opType, domain, overload, attribute }: NodeProto, tell: Tell): void {
  if (domain !== "" || overload !== "" || !INFERENCE_OPERATORS.has(opType)) {
    tell(`operator "${domain === "" ? "" : `${domain}.`}${opType}"`);
    return;
  }
  for (const { name, type, ints, i, g, graphs, t, tensors, refAttrName } of attribute) {
    const isGraph = g !== undefined || graphs.length > 0;
    if (isGraph) tell(`a graph inside of the operator "${opType}"`);
    else if (!ATTRIBUTE_TYPES.has(type) || t !== undefined || tensors.length > 0 || refAttrName !== "") {
      tell(`attribute "${name}" of "${opType}" is neither a number nor a word nor a list of whole numbers`);
    } else if ([i, ...ints].some((value) => value > LARGEST_INTEGER || value < -LARGEST_INTEGER)) {
      tell(`attribute "${name}" of "${opType}" is larger than ${LARGEST_INTEGER}`);
    }
  }
}

/** Channels of the one value of a list that is named so and has the axes [any, channels, any, any]. */
function inspectValue(
  values: readonly ValueInfoProto[],
  { name, kind }: { readonly name: string; readonly kind: "input" | "output" },
  tell: Tell,
): number | undefined {
  const [value] = values;
  if (values.length !== 1 || value!.name !== name) {
    const found = values.map((each) => `"${each.name}"`).join(", ");
    tell(`${kind}s must be "${name}" alone, found ${found === "" ? "none" : found}`);
    return undefined;
  }
  const type = value!.type?.value;
  const dims = type?.case === "tensorType" ? (type.value.shape?.dim ?? []) : [];
  const channels = dims[1]?.value;
  const isFloat = type?.case === "tensorType" && type.value.elemType === DataType.FLOAT;
  const isOfAnySize = [0, 2, 3].every((axis) => dims[axis]?.value.case === "dimParam");
  if (isFloat && dims.length === 4 && isOfAnySize && channels?.case === "dimValue") {
    return Number(channels.value);
  }
  tell(`${kind} "${name}" must be float32 of [batch, channels, height, width], sizes left open`);
  return undefined;
}

function inspectVersions({ irVersion, opsetImport }: ModelProto, tell: Tell): void {
  const newer = (found: bigint, own: bigint): string => (found > own ? ": a newer version wrote it" : "");
  if (irVersion !== IR_VERSION) {
    tell(`the format must be version ${IR_VERSION}, found ${irVersion}${newer(irVersion, IR_VERSION)}`);
  }
  for (const { domain, version } of opsetImport) {
    if (domain !== "") tell(`operators of "${domain}"`);
    else if (version !== OPSET) {
      tell(`operators must be of version ${OPSET}, found ${version}${newer(version, OPSET)}`);
    }
  }
  if (!opsetImport.some(({ domain }) => domain === "")) tell("no version of its operators");
}

function inspectGraph(graph: GraphProto, tell: Tell): Pick<ModelInspection, "channels" | "classes"> {
  for (const node of graph.node) inspectNode(node, tell);
  for (const tensor of graph.initializer) inspectTensor(tensor, tell);
  if (graph.sparseInitializer.length > 0) tell("sparse weights");
  if (graph.quantizationAnnotation.length > 0) tell("annotations of quantisation");
  return {
    channels: inspectValue(graph.input, { name: "image", kind: "input" }, tell),
    classes: inspectValue(graph.output, { name: "logits", kind: "output" }, tell),
  };
}

const tooLarge = (problem: string): ModelInspection => ({
  problems: [problem],
  metadata: undefined,
  channels: undefined,
  classes: undefined,
});
const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20).toLocaleString("en")} MiB`;

/**
 * All that is in a model and not in one of ours. Weights are not copied, nothing is run.
 * @returns undefined where the bytes are no ONNX model
 */
export function inspectModel(
  bytes: Uint8Array,
  { mostBytes = MOST_MODEL_BYTES }: { readonly mostBytes?: number } = {},
): ModelInspection | undefined {
  if (bytes.length > mostBytes) {
    return tooLarge(`it must be at most ${megabytes(mostBytes)}, found ${megabytes(bytes.length)}`);
  }
  const structure = structureSize(bytes, MOST_STRUCTURE_BYTES);
  if (structure === undefined) return undefined;
  if (structure > MOST_STRUCTURE_BYTES) {
    return tooLarge(
      `all but its weights must be at most ${megabytes(MOST_STRUCTURE_BYTES)}, and there is more`,
    );
  }
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch {
    return undefined;
  }
  if (model.graph === undefined) return undefined;
  const problems = new Set<string>();
  const tell = (problem: string): void => {
    problems.add(problem);
  };
  inspectVersions(model, tell);
  if (model.functions.length > 0) tell("functions of its own");
  if (model.trainingInfo.length > 0) tell("instructions for training");
  const values = inspectGraph(model.graph, tell);
  const all = [...problems];
  const more = all.length - MOST_PROBLEMS;
  return {
    problems: more > 0 ? [...all.slice(0, MOST_PROBLEMS), `and ${more} more`] : all,
    metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
    ...values,
  };
}
