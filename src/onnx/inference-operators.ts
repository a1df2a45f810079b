/**
 * The ONNX operators that a model of ours can hold, so that a model of unknown origin can be held against them before
 * anything runs it: none of them reads files, calls code or branches.
 */
import type { Op } from "../graph/ops.ts";

/** What emission makes of an operation where a network is applied; null: it is only in training steps. */
const OPERATORS: { readonly [K in Op]: readonly string[] | null } = {
  Input: [],
  Constant: [],
  Add: ["Add"],
  Sub: ["Sub"],
  Mul: ["Mul"],
  Div: ["Div"],
  Minimum: null,
  Power: null,
  LessEqual: null,
  Neg: ["Neg"],
  Exp: ["Exp"],
  Log: ["Log"],
  Sqrt: ["Sqrt"],
  LeakyRelu: ["Relu", "LeakyRelu"],
  LeakyReluGrad: null,
  Cast: null,
  StopGradient: [],
  ReduceSum: ["ReduceSum"],
  ReduceMax: ["ReduceMax"],
  Reshape: null,
  Transpose: null,
  Expand: null,
  Concat: ["Concat"],
  Slice: ["Slice"],
  Pad: null,
  Flip: ["Slice"],
  OneHot: null,
  MatMul: null,
  GridSample: null,
  // Of integers, which is where it is used.
  DepthToSpace: ["Transpose", "Reshape", "Shape", "Mul", "Div"],
  FakeQuantise: ["QuantizeLinear", "DequantizeLinear"],
  Conv: ["Conv"],
  ConvTranspose: ["ConvTranspose"],
  ConvWeightGrad: null,
  MaxPool: ["MaxPool"],
  MaxPoolGrad: null,
  ChannelAffine: ["BatchNormalization"],
  Norm: ["InstanceNormalization"],
  NormInputGrad: null,
  NormScaleGrad: null,
};

/** Operators of ONNX's own domain, which is the only one that a kept model uses. */
export const INFERENCE_OPERATORS: ReadonlySet<string> = new Set(
  Object.values(OPERATORS).flatMap((types) => types ?? []),
);
