/** A graph as the bytes of an ONNX ModelProto. Specification: https://onnx.ai/onnx/repo-docs/IR.html */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Op } from "../graph/ops.ts";
import { splitConvolutions } from "../graph/rewrite.ts";
import { type Shape, topologicalOrder, type Value } from "../graph/value.ts";
import { BLOCKED_DOMAIN, type Forms, toBlocked, toPlain } from "./blocked.ts";
import { emitRules } from "./emit.ts";
import { blockedRules } from "./emit-blocked.ts";
import { type Emitter, makeEmitter } from "./emitter.ts";
import {
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./generated/onnx_pb.ts";

/** The versions of ONNX that models are written in. */
export const OPSET = 17n;
export const IR_VERSION = 8n;
const DATA_TYPES = { float32: DataType.FLOAT, uint8: DataType.UINT8 } as const;

export interface ModelOptions {
  readonly outputs: Readonly<Record<string, Value>>;
  /** Names for axes that may have any extent, by input or output name, e.g. { image: ["batch", 1, "height", "width"] }. */
  readonly symbolicAxes?: Readonly<Record<string, readonly (string | number)[]>>;
  /**
   * Channels in a block of ORT's blocked layout on the machine that will run the model (Runtime.channelBlock): convolutions
   * and what stands between them are then written in it, and convolutions of joined images split. Default: none, so that the model runs anywhere.
   */
  readonly channelBlock?: number | undefined;
  /** The model's card: stored as metadata_props. */
  readonly metadata?: Readonly<Record<string, string>>;
}

type AnyRule = (emit: Emitter, value: Value, inputs: readonly string[]) => string;
type AnyBlockedRule = (emit: Emitter, value: Value, forms: Forms) => string | undefined;

/** Writes values in the layout that suits each, reordering where a form is asked for that is not there. */
function makeWriter(emit: Emitter, block: number | undefined) {
  const plainNames = new Map<Value, string>();
  const blockedNames = new Map<Value, string>();
  const once = (names: Map<Value, string>, value: Value, make: () => string): string => {
    const known = names.get(value) ?? make();
    names.set(value, known);
    return known;
  };
  const plain = (value: Value): string =>
    once(plainNames, value, () => toPlain(emit, blockedNames.get(value)!, value.shape[1]!));
  const forms: Forms | undefined =
    block === undefined
      ? undefined
      : {
          block,
          plain,
          blocked: (value) => once(blockedNames, value, () => toBlocked(emit, plainNames.get(value)!)),
          isBlocked: (value) => blockedNames.has(value),
        };
  return {
    plain,
    write(value: Value): void {
      const blockedRule = blockedRules[value.op as Op] as AnyBlockedRule | null;
      const blocked = forms === undefined ? undefined : blockedRule?.(emit, value, forms);
      if (blocked !== undefined) blockedNames.set(value, blocked);
      else
        plainNames.set(value, (emitRules[value.op as Op] as AnyRule)(emit, value, value.inputs.map(plain)));
    },
  };
}

function valueInfo(
  name: string,
  value: Value,
  symbolic: readonly (string | number)[] | undefined,
): ValueInfoProto {
  const dims: Shape | readonly (string | number)[] = symbolic ?? value.shape;
  const dim = dims.map((extent) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof extent === "string"
          ? { case: "dimParam", value: extent }
          : { case: "dimValue", value: BigInt(extent) },
    }),
  );
  const shape = create(TensorShapeProtoSchema, { dim });
  const tensor = create(TypeProto_TensorSchema, { elemType: DATA_TYPES[value.dtype], shape });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: "tensorType", value: tensor } }),
  });
}

const EMITTED_NAME = /^[vc]\d+$/;

/** Names of inputs and outputs must differ from each other and from those that the emitter gives (v0, c0, …). */
function checkName(name: string, taken: Set<string>): void {
  if (taken.has(name))
    throw new RangeError(`Cannot build the model: two inputs or outputs are named "${name}"`);
  if (EMITTED_NAME.test(name))
    throw new RangeError(`Cannot build the model: the name "${name}" is the emitter's own`);
  taken.add(name);
}

/**
 * Calls a value by an output's name; one that has another output's name already, or that no node makes, is copied.
 * @returns whether it has the new name instead of its own
 */
function nameOutput(
  emit: Emitter,
  nodes: readonly NodeProto[],
  { from, to }: { readonly from: string; readonly to: string },
): boolean {
  const maker = nodes.find((node) => node.output[0] === from);
  if (maker === undefined || !EMITTED_NAME.test(from)) {
    emit.node("Identity", [from]);
    nodes.at(-1)!.output = [to];
    return false;
  }
  maker.output = [to];
  for (const node of nodes) {
    if (node.input.includes(from)) node.input = node.input.map((name) => (name === from ? to : name));
  }
  return true;
}

/** Nodes that lead to an output; they stand in topological order. */
function withoutDeadNodes(nodes: readonly NodeProto[], outputs: ReadonlySet<string>): NodeProto[] {
  const wanted = new Set(outputs);
  const needed = [...nodes].reverse().filter((node) => {
    const isNeeded = node.output.some((name) => wanted.has(name));
    if (isNeeded) for (const name of node.input) wanted.add(name);
    return isNeeded;
  });
  return needed.reverse();
}

function rewritten(outputs: ModelOptions["outputs"], block: number): ModelOptions["outputs"] {
  const values = splitConvolutions(Object.values(outputs), block);
  return Object.fromEntries(Object.keys(outputs).map((name, i) => [name, values[i]!]));
}

/**
 * The model that computes `outputs`. Its inputs are the graph's Input values, in order of use.
 * Equal graphs give equal bytes: no date, path or duration is written.
 * @throws RangeError when two inputs or outputs share a name.
 */
export function buildModel(options: ModelOptions): Uint8Array {
  const { symbolicAxes = {}, metadata = {}, channelBlock } = options;
  const outputs = channelBlock === undefined ? options.outputs : rewritten(options.outputs, channelBlock);
  const { emitter, nodes, initializers } = makeEmitter();
  const writer = makeWriter(emitter, channelBlock);
  const inputs: ValueInfoProto[] = [];
  const taken = new Set<string>();
  for (const value of topologicalOrder(Object.values(outputs))) {
    const before = nodes.length;
    writer.write(value);
    for (const [i, node] of nodes.slice(before).entries()) {
      if (value.label !== "") node.name = `${value.label}/${node.opType}_${before + i}`;
    }
    if (value.op === "Input") {
      const { name } = value.attrs;
      checkName(name, taken);
      inputs.push(valueInfo(name, value, symbolicAxes[name]));
    }
  }
  const renamed = new Map<string, string>();
  const output = Object.entries(outputs).map(([name, value]) => {
    checkName(name, taken);
    const emitted = writer.plain(value);
    const from = renamed.get(emitted) ?? emitted;
    if (nameOutput(emitter, nodes, { from, to: name })) renamed.set(emitted, name);
    return valueInfo(name, value, symbolicAxes[name]);
  });
  const needed = withoutDeadNodes(nodes, new Set(output.map(({ name }) => name)));
  const used = new Set(needed.flatMap(({ input }) => input));
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: "hipmri-unet",
    opsetImport: [
      create(OperatorSetIdProtoSchema, { domain: "", version: OPSET }),
      ...["com.microsoft", BLOCKED_DOMAIN]
        .filter((domain) => needed.some((node) => node.domain === domain))
        .map((domain) => create(OperatorSetIdProtoSchema, { domain, version: 1n })),
    ],
    graph: create(GraphProtoSchema, {
      name: "hipmri-unet",
      node: needed,
      // Weights that are stored as integers are not stored as they were, too.
      initializer: initializers.filter(({ name }) => used.has(name)),
      input: inputs,
      output,
    }),
    metadataProps: Object.entries(metadata).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    ),
  });
  return toBinary(ModelProtoSchema, model);
}

/**
 * The same model with other metadata_props: those that it has keep their place, new ones follow, others stay.
 * Equal models and metadata give equal bytes.
 * @throws Error when the bytes are no ONNX model
 */
export function replaceMetadata(bytes: Uint8Array, metadata: Readonly<Record<string, string>>): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const before = model.metadataProps.map(({ key, value }) => [key, value] as const);
  // A Map keeps the place of a key that is set again.
  const all = new Map([...before, ...Object.entries(metadata)]);
  model.metadataProps = [...all].map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
  return toBinary(ModelProtoSchema, model);
}

/** A float32 tensor that a model stores. */
export interface StoredTensor {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** A copy, since raw data may begin anywhere; Node's Buffer has a slice() that makes none. */
const floatsOf = (rawData: Uint8Array): Float32Array => new Float32Array(new Uint8Array(rawData).buffer);

/** The float32 tensors of a model by name; undefined when the bytes are no ONNX model. */
export function readInitializers(bytes: Uint8Array): ReadonlyMap<string, StoredTensor> | undefined {
  try {
    const { graph } = fromBinary(ModelProtoSchema, bytes);
    if (graph === undefined) return undefined;
    const stored = graph.initializer.filter(({ dataType }) => dataType === DataType.FLOAT);
    return new Map(
      stored.map(({ name, dims, rawData }) => [name, { shape: dims.map(Number), data: floatsOf(rawData) }]),
    );
  } catch {
    return undefined;
  }
}

/**
 * The same model with some of its stored tensors multiplied by a factor.
 * @param names of float32 tensors; others are left alone
 * @throws Error when the bytes are no ONNX model
 */
export function scaleInitializers(bytes: Uint8Array, names: ReadonlySet<string>, factor: number): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  for (const tensor of model.graph?.initializer ?? []) {
    if (!names.has(tensor.name) || tensor.dataType !== DataType.FLOAT) continue;
    const data = floatsOf(tensor.rawData).map((value) => value * factor);
    tensor.rawData = new Uint8Array(data.buffer);
  }
  return toBinary(ModelProtoSchema, model);
}

/** The metadata_props of a model, or undefined when the bytes are no ONNX model. */
export function readModelMetadata(bytes: Uint8Array): Readonly<Record<string, string>> | undefined {
  try {
    const model = fromBinary(ModelProtoSchema, bytes);
    if (model.graph === undefined) return undefined;
    return Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value]));
  } catch {
    return undefined;
  }
}
