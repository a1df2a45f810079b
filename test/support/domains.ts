import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "../../src/onnx/generated/onnx_pb.ts";

/** The operator sets that a model imports. */
export const readModelDomains = (model: Uint8Array): readonly string[] =>
  fromBinary(ModelProtoSchema, model).opsetImport.map(({ domain }) => domain);
