/** One function an operation: checks shapes and makes the value. */
import type { Normalisation, Op, OpAttrs, Pair, Pooling, Quantisation, Window } from "./ops.ts";
import { shapeRules } from "./shapes.ts";
import type { DType, Shape, Value } from "./value.ts";

/**
 * Makes the result of an operation.
 * @throws RangeError naming the operation, its label and what does not fit.
 */
export function makeValue<K extends Op>(
  op: K,
  inputs: readonly Value[],
  attrs: OpAttrs[K],
  label = "",
): Value {
  let result: { readonly shape: Shape; readonly dtype: DType };
  try {
    result = shapeRules[op](inputs, attrs);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new RangeError(`Cannot add ${op} "${label}": ${cause.message}`, { cause });
  }
  // The one cast of the graph: TypeScript does not follow that `attrs` belongs to `op` through the union.
  return { op, inputs, attrs, ...result, label } as unknown as Value;
}

export const input = (name: string, shape: Shape, dtype: DType = "float32"): Value =>
  makeValue("Input", [], { name, shape, dtype }, name);
export const constant = (data: Float32Array | number, shape?: Shape, label = ""): Value => {
  const numbers = typeof data === "number" ? Float32Array.of(data) : data;
  const extents = shape ?? (typeof data === "number" ? [] : [data.length]);
  return makeValue("Constant", [], { data: numbers, shape: extents }, label);
};

type Operand = Value | number;
const value = (operand: Operand): Value => (typeof operand === "number" ? constant(operand) : operand);

export const add = (a: Operand, b: Operand): Value => makeValue("Add", [value(a), value(b)], {});
export const sub = (a: Operand, b: Operand): Value => makeValue("Sub", [value(a), value(b)], {});
export const mul = (a: Operand, b: Operand): Value => makeValue("Mul", [value(a), value(b)], {});
export const div = (a: Operand, b: Operand): Value => makeValue("Div", [value(a), value(b)], {});
export const minimum = (a: Operand, b: Operand): Value => makeValue("Minimum", [value(a), value(b)], {});
/** The larger of both. */
export const maximum = (a: Operand, b: Operand): Value => neg(minimum(neg(value(a)), neg(value(b))));
/** a to the power of b; a must not be negative. */
export const power = (a: Operand, b: Operand): Value => makeValue("Power", [value(a), value(b)], {});
export const lessEqual = (a: Operand, b: Operand): Value => makeValue("LessEqual", [value(a), value(b)], {});
export const neg = (x: Value): Value => makeValue("Neg", [x], {});
export const exp = (x: Value): Value => makeValue("Exp", [x], {});
export const log = (x: Value): Value => makeValue("Log", [x], {});
export const sqrt = (x: Value): Value => makeValue("Sqrt", [x], {});
export const cast = (x: Value): Value => makeValue("Cast", [x], {});
export const stopGradient = (x: Value): Value => makeValue("StopGradient", [x], {});
export const leakyRelu = (x: Value, alpha: number, label?: string): Value =>
  makeValue("LeakyRelu", [x], { alpha }, label);

/** Sum over axes; reduced axes stay with extent 1. No axes: over all. */
export const reduceSum = (x: Value, axes: readonly number[] = x.shape.map((_, i) => i)): Value =>
  makeValue("ReduceSum", [x], { axes });
export const reduceMax = (x: Value, axes: readonly number[]): Value => makeValue("ReduceMax", [x], { axes });
/** Mean over axes; reduced axes stay with extent 1. */
export function reduceMean(x: Value, axes: readonly number[] = x.shape.map((_, i) => i)): Value {
  const count = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
  return mul(reduceSum(x, axes), 1 / count);
}

export const reshape = (x: Value, shape: Shape): Value => makeValue("Reshape", [x], { shape });
export const transpose = (x: Value, permutation: readonly number[]): Value =>
  makeValue("Transpose", [x], { permutation });
export const expand = (x: Value, shape: Shape): Value => makeValue("Expand", [x], { shape });
export const concat = (inputs: readonly Value[], axis: number, label?: string): Value =>
  makeValue("Concat", inputs, { axis }, label);
export const slice = (x: Value, start: Shape, trim: Shape, label?: string): Value =>
  makeValue("Slice", [x], { start, trim }, label);
export const pad = (x: Value, before: Shape, after: Shape): Value => makeValue("Pad", [x], { before, after });
export const flip = (x: Value, axes: readonly number[]): Value => makeValue("Flip", [x], { axes });
/** Matrix products over the last two axes; those before broadcast. */
export const matMul = (a: Value, b: Value): Value => makeValue("MatMul", [a, b], {});
export const gridSample = (x: Value, grid: Value, mode: "linear" | "nearest"): Value =>
  makeValue("GridSample", [x, grid], { mode });
export const depthToSpace = (x: Value, block: number): Value => makeValue("DepthToSpace", [x], { block });
export const fakeQuantise = (x: Value, quantisation: Quantisation): Value =>
  makeValue("FakeQuantise", [x], quantisation, x.label);
export const oneHot = (labels: Value, depth: number): Value => makeValue("OneHot", [labels], { depth });

/** x [N,C,H,W], weight [O,C,kh,kw], bias [O] -> [N,O,H',W']. */
export const conv = (x: Value, weight: Value, window: Window, bias?: Value, label?: string): Value =>
  makeValue("Conv", bias === undefined ? [x, weight] : [x, weight, bias], window, label);
/** y [N,O,H',W'], weight [O,C,kh,kw], bias [C] -> [N,C,size]: what PyTorch calls ConvTranspose2d(O, C). */
export const convTranspose = (
  y: Value,
  weight: Value,
  attrs: Window & { readonly size: Pair },
  bias?: Value,
  label?: string,
): Value => makeValue("ConvTranspose", bias === undefined ? [y, weight] : [y, weight, bias], attrs, label);
export const convWeightGrad = (x: Value, y: Value, attrs: Window & { readonly kernel: Pair }): Value =>
  makeValue("ConvWeightGrad", [x, y], attrs);
export const maxPool = (x: Value, pooling: Pooling, label?: string): Value =>
  makeValue("MaxPool", [x], pooling, label);
/** x [N,C,H,W] * scale [C] + shift [C]. */
export const channelAffine = (x: Value, scale: Value, shift: Value, label?: string): Value =>
  makeValue("ChannelAffine", [x, scale, shift], {}, label);
export const norm = (x: Value, scale: Value, shift: Value, attrs: Normalisation, label?: string): Value =>
  makeValue("Norm", [x, scale, shift], attrs, label);

/**
 * Log of the softmax over the channels of [N,K,H,W], shifted by the maximum so that exp() cannot overflow.
 * The shift cancels, so no gradient need flow through it. (ORT's own LogSoftmax over axis 1 took 12 times as long.)
 */
export function logSoftmax(logits: Value): Value {
  const shifted = sub(logits, stopGradient(reduceMax(logits, [1])));
  return sub(shifted, log(reduceSum(exp(shifted), [1])));
}
