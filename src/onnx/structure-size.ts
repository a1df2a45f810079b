/**
 * How much of a model is not raw weights, found without decoding it: a small file of many tiny fields would become
 * many times its size as objects. Wire format: https://protobuf.dev/programming-guides/encoding/
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** Field numbers of onnx.proto. */
const GRAPH = 7; // of ModelProto
const INITIALIZER = 5; // of GraphProto
const RAW_DATA = 9; // of TensorProto
const PATH = [GRAPH, INITIALIZER, RAW_DATA] as const;

/**
 * Bytes beside the raw data of the graph's stored tensors.
 * @returns a number above `most` as soon as there are more, undefined where the bytes are no protobuf message
 */
export function structureSize(bytes: Uint8Array, most: number): number | undefined {
  let size = 0;
  const scan = (part: Uint8Array, depth: number): void => {
    const reader = new BinaryReader(part);
    while (reader.pos < reader.len && size <= most) {
      const before = reader.pos;
      const [field, type] = reader.tag();
      if (field !== PATH[depth] || type !== WireType.LengthDelimited) {
        reader.skip(type, field);
        size += reader.pos - before;
        continue;
      }
      const inner = reader.bytes();
      size += reader.pos - before - inner.length;
      if (depth + 1 < PATH.length) scan(inner, depth + 1);
    }
  };
  try {
    scan(bytes, 0);
    return size;
  } catch {
    return undefined;
  }
}
