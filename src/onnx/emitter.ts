/** Collects nodes and initializers while emission rules run. */
import { create } from "@bufbuild/protobuf";
import type { Quantisation } from "../graph/ops.ts";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from "./generated/onnx_pb.ts";

/** Integers, a float, a word, or a list of integers; `to: "float"` is Cast's target type. */
export type Attributes = Readonly<Record<string, number | string | readonly number[]>>;

export type SmallIntegers = Uint8Array | Int8Array | Int32Array;

/** Integers, and how they are read as numbers. */
export interface IntegerForm {
  readonly integers: string;
  readonly quantisation: Quantisation;
  /** Of DequantizeLinear. */
  readonly scale: string;
  readonly zero: string;
}

export interface Emitter {
  /** Of results that were integers, what they were: operations that pick numbers pick these. */
  readonly integerForms: Map<string, IntegerForm>;
  /** Adds a node with one result and returns the result's name. */
  node(opType: string, inputs: readonly string[], attributes?: Attributes, domain?: string): string;
  /** A float32 tensor stored in the model, under its label where it has one of its own. */
  initializer(shape: readonly number[], data: Float32Array, label?: string): string;
  /** An int64 vector stored in the model. */
  ints(values: readonly number[]): string;
  /** A float32 vector stored in the model. */
  floats(values: readonly number[]): string;
  /** A float32 scalar stored in the model. */
  float(value: number): string;
  /** 8-bit or 32-bit integers stored in the model. */
  integers(shape: readonly number[], data: SmallIntegers): string;
}

/** Float attributes of the operators we use; every other number is an integer. */
const FLOAT_ATTRIBUTES = new Set(["alpha", "beta", "epsilon"]);

function makeAttribute(name: string, value: number | string | readonly number[]): AttributeProto {
  if (name === "to")
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(DataType.FLOAT) });
  if (typeof value === "string") {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.STRING,
      s: new TextEncoder().encode(value),
    });
  }
  if (typeof value !== "number") {
    return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
  }
  if (FLOAT_ATTRIBUTES.has(name))
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value });
  return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
}

/** Little-endian bytes, ONNX's raw_data, without a copy (typed arrays are little-endian on every supported machine). */
function rawBytes(data: Stored): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

type Stored = Float32Array | BigInt64Array | SmallIntegers;

function integerType(data: SmallIntegers): DataType {
  if (data instanceof Uint8Array) return DataType.UINT8;
  return data instanceof Int8Array ? DataType.INT8 : DataType.INT32;
}

/** @returns an Emitter and the lists that it fills, in order of use, so that equal graphs give equal bytes. */
export function makeEmitter() {
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const shared = new Map<string, string>();
  const labels = new Set<string>();
  const storedIntegers: { shape: readonly number[]; data: SmallIntegers; name: string }[] = [];

  function addInitializer(dims: readonly number[], dataType: DataType, data: Stored, label = ""): string {
    const isFree = label !== "" && !labels.has(label);
    labels.add(label);
    const name = isFree ? label : `c${initializers.length}`;
    const rawData = rawBytes(data) as Uint8Array<ArrayBuffer>;
    initializers.push(create(TensorProtoSchema, { name, dims: dims.map(BigInt), dataType, rawData }));
    return name;
  }
  /** Small constants are stored once. */
  function once(key: string, add: () => string): string {
    const known = shared.get(key);
    if (known !== undefined) return known;
    const name = add();
    shared.set(key, name);
    return name;
  }
  const emitter: Emitter = {
    integerForms: new Map(),
    node(opType, inputs, attributes = {}, domain = "") {
      const output = `v${nodes.length}`;
      const attribute = Object.entries(attributes).map(([name, value]) => makeAttribute(name, value));
      nodes.push(
        create(NodeProtoSchema, {
          opType,
          domain,
          input: [...inputs],
          output: [output],
          name: output,
          attribute,
        }),
      );
      return output;
    },
    initializer: (shape, data, label) => addInitializer(shape, DataType.FLOAT, data, label),
    ints: (values) =>
      once(`i${values.join(",")}`, () =>
        addInitializer([values.length], DataType.INT64, BigInt64Array.from(values.map(BigInt))),
      ),
    floats: (values) =>
      once(`f${values.join(",")}`, () =>
        addInitializer([values.length], DataType.FLOAT, Float32Array.from(values)),
      ),
    integers(shape, data) {
      // Weights of a network that is applied twice are rounded twice, and alike.
      const known = storedIntegers.find(
        (each) =>
          each.data.constructor === data.constructor &&
          `${each.shape}` === `${shape}` &&
          each.data.every((value, i) => value === data[i]),
      );
      if (known !== undefined) return known.name;
      const name = addInitializer(shape, integerType(data), data);
      storedIntegers.push({ shape, data, name });
      return name;
    },
    float: (value) => once(`s${value}`, () => addInitializer([], DataType.FLOAT, Float32Array.of(value))),
  };
  return { emitter, nodes, initializers };
}
