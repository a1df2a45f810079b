/**
 * One rule an operation: the cotangents of its inputs from that of its result (vector-Jacobian product).
 * `null` in place of a rule means "no gradient, on purpose"; `null` for an input means "not differentiable in it".
 */
import {
  conv,
  convTranspose,
  convWeightGrad,
  div,
  expand,
  flip,
  lessEqual,
  log,
  makeValue,
  matMul,
  mul,
  neg,
  pad,
  power,
  reduceSum,
  reshape,
  slice,
  sub,
  transpose,
} from "../graph/build.ts";
import type { Op } from "../graph/ops.ts";
import { isSameShape, type Shape, type Value } from "../graph/value.ts";

/** Cotangents of `value`'s inputs, in their order. */
type Rule<K extends Op> = (value: Value<K>, cotangent: Value) => readonly (Value | null)[];

/** Sums a cotangent over the axes along which `shape` was broadcast. */
export function unbroadcast(cotangent: Value, shape: Shape): Value {
  if (isSameShape(cotangent.shape, shape)) return cotangent;
  const lead = cotangent.shape.length - shape.length;
  const axes = cotangent.shape
    .map((_, axis) => axis)
    .filter((axis) => axis < lead || (shape[axis - lead] === 1 && cotangent.shape[axis] !== 1));
  return reshape(reduceSum(cotangent, axes), shape);
}

/** A matrix, or each of a stack, with rows and columns exchanged. */
function turned(x: Value): Value {
  const rank = x.shape.length;
  const permutation = x.shape.map((_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  return transpose(x, permutation);
}

/** d loss / d bias [C] for a result [N,C,H,W], where there is a bias. */
function biasGradient(bias: Value | undefined, g: Value): readonly Value[] {
  return bias === undefined ? [] : [reshape(reduceSum(g, [0, 2, 3]), bias.shape)];
}

export const vjpRules: { readonly [K in Op]: Rule<K> | null } = {
  Input: null,
  Constant: null,
  Cast: null, // from integers
  OneHot: null, // of integers
  GridSample: null, // of data
  // Of models that are applied.
  DepthToSpace: null,
  FakeQuantise: null,
  // First derivatives only: these appear in gradients, not in networks.
  MaxPoolGrad: null,
  NormInputGrad: null,
  NormScaleGrad: null,

  Add: ({ inputs }, g) => inputs.map((x) => unbroadcast(g, x.shape)),
  Sub: ({ inputs: [a, b] }, g) => [unbroadcast(g, a!.shape), neg(unbroadcast(g, b!.shape))],
  Mul: ({ inputs: [a, b] }, g) => [unbroadcast(mul(g, b!), a!.shape), unbroadcast(mul(g, a!), b!.shape)],
  Div: (y, g) => {
    const [a, b] = y.inputs;
    const da = div(g, b!);
    return [unbroadcast(da, a!.shape), neg(unbroadcast(mul(da, y), b!.shape))];
  },
  Minimum: ({ inputs: [a, b] }, g) => {
    const first = lessEqual(a!, b!);
    return [unbroadcast(mul(g, first), a!.shape), unbroadcast(mul(g, sub(1, first)), b!.shape)];
  },
  Power: (y, g) => {
    const [a, b] = y.inputs;
    return [
      unbroadcast(mul(g, mul(b!, power(a!, sub(b!, 1)))), a!.shape),
      unbroadcast(mul(g, mul(y, log(a!))), b!.shape),
    ];
  },
  LessEqual: () => [null, null], // piecewise constant: zero wherever it has a derivative
  StopGradient: () => [null],
  Neg: (_, g) => [neg(g)],
  Exp: (y, g) => [mul(g, y)],
  Log: ({ inputs: [x] }, g) => [div(g, x!)],
  Sqrt: (y, g) => [div(g, mul(2, y))],
  LeakyRelu: (y, g) => [makeValue("LeakyReluGrad", [y, g], y.attrs)],
  LeakyReluGrad: ({ inputs: [y], attrs }, g) => [null, makeValue("LeakyReluGrad", [y!, g], attrs)],

  ReduceSum: ({ inputs: [x] }, g) => [expand(g, x!.shape)],
  ReduceMax: (y, g) => {
    const x = y.inputs[0]!;
    const isMaximum = lessEqual(y, x);
    return [mul(isMaximum, div(g, reduceSum(isMaximum, y.attrs.axes)))];
  },
  Reshape: ({ inputs: [x] }, g) => [reshape(g, x!.shape)],
  Transpose: ({ attrs: { permutation } }, g) => [
    transpose(
      g,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  ],
  Flip: ({ attrs: { axes } }, g) => [flip(g, axes)],
  MatMul: ({ inputs: [a, b] }, g) => [
    unbroadcast(matMul(g, turned(b!)), a!.shape),
    unbroadcast(matMul(turned(a!), g), b!.shape),
  ],
  Expand: ({ inputs: [x] }, g) => [unbroadcast(g, x!.shape)],
  Concat: ({ inputs, attrs: { axis }, shape }, g) => {
    let offset = 0;
    return inputs.map((x) => {
      const start = shape.map((_, i) => (i === axis ? offset : 0));
      offset += x.shape[axis]!;
      const trim = shape.map((extent, i) => (i === axis ? extent - offset : 0));
      return slice(g, start, trim);
    });
  },
  Slice: ({ attrs: { start, trim } }, g) => [pad(g, start, trim)],
  Pad: ({ attrs: { before, after } }, g) => [slice(g, before, after)],

  // y = w * x is linear in both, so each of the three is built of the other two.
  // Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), chapter 4.
  Conv: ({ inputs: [x, w, bias], attrs }, g) => [
    convTranspose(g, w!, { ...attrs, size: [x!.shape[2]!, x!.shape[3]!] }),
    convWeightGrad(x!, g, { ...attrs, kernel: [w!.shape[2]!, w!.shape[3]!] }),
    ...biasGradient(bias, g),
  ],
  ConvTranspose: ({ inputs: [y, w, bias], attrs: { strides, pads } }, g) => [
    conv(g, w!, { strides, pads }),
    convWeightGrad(g, y!, { strides, pads, kernel: [w!.shape[2]!, w!.shape[3]!] }),
    ...biasGradient(bias, g),
  ],
  ConvWeightGrad: ({ inputs: [x, y], attrs: { strides, pads } }, g) => [
    convTranspose(y!, g, { strides, pads, size: [x!.shape[2]!, x!.shape[3]!] }),
    conv(x!, g, { strides, pads }),
  ],
  MaxPool: (y, g) => [makeValue("MaxPoolGrad", [y.inputs[0]!, y, g], y.attrs)],

  ChannelAffine: ({ inputs: [x, scale] }, g) => [
    makeValue("ChannelAffine", [g, scale!, mul(scale!, 0)], {}),
    reshape(reduceSum(mul(g, x!), [0, 2, 3]), scale!.shape),
    reshape(reduceSum(g, [0, 2, 3]), scale!.shape),
  ],
  Norm: ({ inputs: [x, scale], attrs }, g) => [
    makeValue("NormInputGrad", [x!, scale!, g], attrs),
    makeValue("NormScaleGrad", [x!, g], attrs),
    // In two steps, of which the first is a part of NormInputGrad as well.
    reshape(reduceSum(reduceSum(g, attrs.over === "instance" ? [2, 3] : [0, 2, 3]), [0]), scale!.shape),
  ],
};
