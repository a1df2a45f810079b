/**
 * One rule an operation for the blocked layout (blocked.ts): the value's blocked form, or undefined where it is to stand
 * in plain form. `null` in place of a rule: always plain. What is next to nothing in a step is not worth a rule.
 */
import type { Op } from "../graph/ops.ts";
import { isSameShape, type Value } from "../graph/value.ts";
import {
  BLOCKED_DOMAIN,
  blockedConv,
  canBlock,
  type Forms,
  weightBackward,
  weightForward,
} from "./blocked.ts";
import { adjointPads, leakyRelu, leakyReluGrad } from "./emit.ts";
import type { Emitter } from "./emitter.ts";

type Rule<K extends Op> = (emit: Emitter, value: Value<K>, forms: Forms) => string | undefined;

const imageFor = (forms: Forms, x: Value): string =>
  x.shape[1]! % forms.block === 0 ? forms.blocked(x) : forms.plain(x);

/** Operations that do the same to every number keep the layout, once all that they are made of has it. */
const elementwise =
  (opType: string): Rule<Op> =>
  (emit, value, forms) => {
    const isFitting = value.inputs.every((x) => isSameShape(x.shape, value.shape) && forms.isBlocked(x));
    return isFitting
      ? emit.node(
          opType,
          value.inputs.map((x) => forms.blocked(x)),
        )
      : undefined;
  };

export const blockedRules: { readonly [K in Op]: Rule<K> | null } = {
  Conv: (emit, { inputs: [x, w, bias], attrs: { strides, pads } }, forms) => {
    const [o, c] = w!.shape as readonly [number, number];
    if (!canBlock(c, o, forms.block)) return undefined;
    const weight = weightForward(emit, w!, forms.plain(w!), forms.block);
    const biases = bias === undefined ? [] : [forms.plain(bias)];
    return blockedConv(emit, imageFor(forms, x!), weight, { strides, pads, bias: biases });
  },
  // As in emit.ts: a convolution of y with the weight turned and its channels swapped.
  ConvTranspose: (emit, { inputs: [y, w, bias], attrs }, forms) => {
    const [o, c, kh, kw] = w!.shape as readonly [number, number, number, number];
    const inner = adjointPads([kh, kw], attrs);
    // A weight thinner than a block on the side of the result would not fill its blocks.
    if (inner === undefined || !canBlock(o, c, forms.block)) return undefined;
    const weight = weightBackward(emit, w!, forms.plain(w!), forms.block);
    const biases = bias === undefined ? [] : [forms.plain(bias)];
    return blockedConv(emit, imageFor(forms, y!), weight, {
      strides: attrs.strides,
      pads: inner,
      bias: biases,
    });
  },
  LeakyRelu: (emit, { inputs: [x], attrs: { alpha } }, forms) => {
    if (!forms.isBlocked(x!)) return undefined;
    return leakyRelu(emit, alpha, forms.blocked(x!));
  },
  LeakyReluGrad: (emit, value, forms) => {
    const { inputs, attrs } = value;
    if (!inputs.every((x) => forms.isBlocked(x))) return undefined;
    const [y, dy] = inputs.map((x) => forms.blocked(x));
    return leakyReluGrad(emit, attrs.alpha, y!, dy!);
  },
  Add: elementwise("Add"),
  Sub: elementwise("Sub"),
  Mul: elementwise("Mul"),
  Concat: (emit, { inputs, attrs: { axis } }, forms) => {
    const isFitting = axis === 1 && inputs.every((x) => x.shape.length === 4 && forms.isBlocked(x));
    return isFitting
      ? emit.node(
          "Concat",
          inputs.map((x) => forms.blocked(x)),
          { axis },
        )
      : undefined;
  },
  MaxPool: (emit, { inputs: [x], attrs: { kernel } }, forms) =>
    forms.isBlocked(x!)
      ? emit.node(
          "MaxPool",
          [forms.blocked(x!)],
          { kernel_shape: [...kernel], strides: [...kernel], pads: [0, 0, 0, 0], dilations: [1, 1] },
          BLOCKED_DOMAIN,
        )
      : undefined,

  Input: null,
  Constant: null,
  Div: null,
  Minimum: null,
  Power: null,
  LessEqual: null,
  Neg: null,
  Exp: null,
  Log: null,
  Sqrt: null,
  Cast: null,
  StopGradient: null,
  ReduceSum: null,
  ReduceMax: null,
  Reshape: null,
  Transpose: null,
  Expand: null,
  Slice: null,
  Pad: null,
  Flip: null,
  OneHot: null,
  MatMul: null,
  GridSample: null,
  DepthToSpace: null,
  FakeQuantise: null,
  ConvWeightGrad: null,
  MaxPoolGrad: null,
  ChannelAffine: null,
  Norm: null,
  NormInputGrad: null,
  NormScaleGrad: null,
};
