/**
 * One emission rule an operation: graph values become ONNX nodes (opset 17 and ORT's com.microsoft domain).
 * Rules write no input-dependent shape into what an inference graph uses, so models accept any image size.
 * Where several ways give the same numbers, the comment says what ONNX Runtime 1.30 was measured to prefer.
 */
import type { Normalisation, Op, Pads, Pair, Window } from "../graph/ops.ts";
import { isSameShape, sizeOf, type Value } from "../graph/value.ts";
import { depthToSpace, fakeQuantise, picking } from "./emit-quantised.ts";
import type { Emitter } from "./emitter.ts";
import { convWeightGrad } from "./weight-gradient.ts";

type Rule<K extends Op> = (emit: Emitter, value: Value<K>, inputs: readonly string[]) => string;

const simple =
  (opType: string): Rule<Op> =>
  (emit, _, inputs) =>
    emit.node(opType, inputs);

export const convAttributes = (kernel: Pair, { strides, pads }: Window) => ({
  kernel_shape: [...kernel],
  strides: [...strides],
  pads: [...pads],
  dilations: [1, 1],
  group: 1,
});
const kernelOf = (weight: Value): Pair => [weight.shape[2]!, weight.shape[3]!];

/** Larger than any product with a normal float32 needs to saturate a clip. */
const HUGE = 3e38;

/** The padding with which a convolution without steps is the adjoint of another; undefined where none is. */
export function adjointPads([kh, kw]: Pair, { strides, pads }: Window): Pads | undefined {
  const inner = [kh - 1 - pads[0], kw - 1 - pads[1], kh - 1 - pads[2], kw - 1 - pads[3]] as const;
  return strides[0] === 1 && strides[1] === 1 && inner.every((extent) => extent >= 0) ? inner : undefined;
}

function convTranspose(
  emit: Emitter,
  value: Value<"ConvTranspose">,
  [y, w, ...bias]: readonly string[],
): string {
  const { strides, pads, size } = value.attrs;
  const [from, weight] = value.inputs;
  const kernel = kernelOf(weight!);
  const [kh, kw] = kernel;
  const inner = adjointPads(kernel, value.attrs);
  if (inner !== undefined) {
    // Half the time of ConvTranspose: a Conv with the weight turned by 180 degrees and its channels swapped.
    const turned =
      kh === 1 && kw === 1
        ? w!
        : emit.node("Slice", [
            w!,
            emit.ints([-1, -1]),
            emit.ints([-kh - 1, -kw - 1]),
            emit.ints([2, 3]),
            emit.ints([-1, -1]),
          ]);
    const swapped = emit.node("Transpose", [turned], { perm: [1, 0, 2, 3] });
    return emit.node("Conv", [y!, swapped, ...bias], convAttributes(kernel, { strides, pads: inner }));
  }
  const outputPadding = [0, 1].map((i) => {
    const smallest = (from!.shape[2 + i]! - 1) * strides[i]! + kernel[i]! - pads[i]! - pads[i + 2]!;
    return size[i]! - smallest;
  });
  return emit.node("ConvTranspose", [y!, w!, ...bias], {
    ...convAttributes(kernel, { strides, pads }),
    output_padding: outputPadding,
  });
}

function enlarge(emit: Emitter, x: string, kernel: Pair): string {
  return emit.node("Resize", [x, "", emit.floats([1, 1, ...kernel])], {
    mode: "nearest",
    coordinate_transformation_mode: "asymmetric",
    nearest_mode: "floor",
  });
}

/**
 * dy goes where x equals the maximum of its window, shared among ties. Comparing costs a third of ScatterElements by
 * MaxPool's indices; Where would cost 40 ms for 4 million elements where Cast and Mul take 4.
 */
function maxPoolGrad(emit: Emitter, value: Value<"MaxPoolGrad">, [x, y, dy]: readonly string[]): string {
  const { kernel } = value.attrs;
  const [, , height, width] = value.inputs[0]!.shape as readonly [number, number, number, number];
  const rest = [height % kernel[0], width % kernel[1]] as const;
  const hasRest = rest[0] > 0 || rest[1] > 0;
  const tiled = hasRest
    ? emit.node("Slice", [
        x!,
        emit.ints([0, 0]),
        emit.ints([height - rest[0], width - rest[1]]),
        emit.ints([2, 3]),
      ])
    : x!;
  const isMaximum = emit.node("Cast", [emit.node("Equal", [tiled, enlarge(emit, y!, kernel)])], {
    to: "float",
  });
  const window = { kernel_shape: [...kernel], strides: [...kernel] };
  const share = emit.node("Mul", [
    emit.node("AveragePool", [isMaximum], window),
    emit.float(kernel[0] * kernel[1]),
  ]);
  const shared = enlarge(emit, emit.node("Div", [dy!, share]), kernel);
  const dx = emit.node("Mul", [isMaximum, shared]);
  return hasRest ? emit.node("Pad", [dx, emit.ints([0, 0, 0, 0, 0, 0, rest[0], rest[1]])]) : dx;
}

export const leakyRelu = (emit: Emitter, alpha: number, x: string): string =>
  alpha === 0 ? emit.node("Relu", [x]) : emit.node("LeakyRelu", [x], { alpha });

/** A saturated product instead of Where(y > 0, ...), which ORT's CPU provider runs 15 times slower. */
export function leakyReluGrad(emit: Emitter, alpha: number, y: string, dy: string): string {
  const slope =
    alpha === 0
      ? emit.node("HardSigmoid", [y], { alpha: HUGE, beta: 0 })
      : emit.node("Clip", [emit.node("Mul", [y, emit.float(HUGE)]), emit.float(alpha), emit.float(1)]);
  return emit.node("Mul", [slope, dy]);
}

const axesOf = ({ over }: Normalisation): number[] => (over === "batch" ? [0, 2, 3] : [2, 3]);

/** x - mean, 1 / sqrt(variance + epsilon) and mean(dy * (x - mean)), with extents of 1. ORT merges equal nodes. */
function normMoments(emit: Emitter, attrs: Normalisation, x: string, dy: string) {
  const axes = axesOf(attrs);
  const centred = emit.node("Sub", [x, emit.node("ReduceMean", [x], { axes, keepdims: 1 })]);
  const variance = emit.node("ReduceMean", [emit.node("Mul", [centred, centred])], { axes, keepdims: 1 });
  const deviation = emit.node("Sqrt", [emit.node("Add", [variance, emit.float(attrs.epsilon)])]);
  const inverse = emit.node("Div", [emit.float(1), deviation]);
  const dot = emit.node("ReduceMean", [emit.node("Mul", [dy, centred])], { axes, keepdims: 1 });
  return { axes, centred, inverse, dot };
}

export const emitRules: { readonly [K in Op]: Rule<K> } = {
  Input: (_, value) => value.attrs.name,
  Constant: (emit, { attrs, label }) => emit.initializer(attrs.shape, attrs.data, label),
  Add: simple("Add"),
  Sub: simple("Sub"),
  Mul: simple("Mul"),
  Div: simple("Div"),
  Minimum: simple("Min"),
  // ORT's WebGPU kernel fails where one of both broadcasts.
  Power: (emit, { inputs: values, shape }, inputs) => {
    const whole = inputs.map((name, i) =>
      isSameShape(values[i]!.shape, shape) || values[i]!.shape.length === 0
        ? name
        : emit.node("Expand", [name, emit.ints(shape)]),
    );
    return emit.node("Pow", whole);
  },
  LessEqual: (emit, _, inputs) => emit.node("Cast", [emit.node("LessOrEqual", inputs)], { to: "float" }),
  Neg: simple("Neg"),
  Exp: simple("Exp"),
  Log: simple("Log"),
  Sqrt: simple("Sqrt"),
  LeakyRelu: (emit, { attrs: { alpha } }, [x]) => leakyRelu(emit, alpha, x!),
  LeakyReluGrad: (emit, { attrs: { alpha } }, [y, dy]) => leakyReluGrad(emit, alpha, y!, dy!),
  StopGradient: (_, __, inputs) => inputs[0]!,
  Cast: (emit, _, inputs) => emit.node("Cast", inputs, { to: "float" }),
  // An empty list of axes means "all" to ONNX and "none" here.
  ReduceSum: (emit, { attrs: { axes } }, [x]) =>
    axes.length === 0 ? x! : emit.node("ReduceSum", [x!, emit.ints(axes)], { keepdims: 1 }),
  ReduceMax: (emit, { attrs: { axes } }, [x]) =>
    axes.length === 0 ? x! : emit.node("ReduceMax", [x!], { axes: [...axes], keepdims: 1 }),
  Reshape: (emit, { attrs: { shape } }, [x]) => emit.node("Reshape", [x!, emit.ints(shape)]),
  Transpose: (emit, { attrs: { permutation } }, inputs) =>
    emit.node("Transpose", inputs, { perm: [...permutation] }),
  Expand: (emit, { attrs: { shape } }, [x]) => emit.node("Expand", [x!, emit.ints(shape)]),
  Concat: (emit, { attrs: { axis } }, inputs) => emit.node("Concat", inputs, { axis }),
  Slice: picking((emit, { attrs: { start, trim } }, [x]) => {
    const axes = start.map((_, axis) => axis).filter((axis) => start[axis] !== 0 || trim[axis] !== 0);
    if (axes.length === 0) return x!;
    // Ends count from the back, so that a crop fits images of any size.
    const ends = axes.map((axis) => (trim[axis] === 0 ? 2 ** 31 - 1 : -trim[axis]!));
    return emit.node("Slice", [
      x!,
      emit.ints(axes.map((axis) => start[axis]!)),
      emit.ints(ends),
      emit.ints(axes),
    ]);
  }),
  Pad: (emit, { attrs: { before, after } }, [x]) => emit.node("Pad", [x!, emit.ints([...before, ...after])]),
  Flip: (emit, { attrs: { axes } }, [x]) =>
    axes.length === 0
      ? x!
      : emit.node("Slice", [
          x!,
          emit.ints(axes.map(() => -1)),
          emit.ints(axes.map(() => -(2 ** 31))),
          emit.ints(axes),
          emit.ints(axes.map(() => -1)),
        ]),
  MatMul: simple("MatMul"),
  GridSample: (emit, { attrs: { mode } }, inputs) =>
    emit.node("GridSample", inputs, {
      mode: mode === "linear" ? "bilinear" : "nearest",
      padding_mode: "zeros",
      align_corners: 1,
    }),
  DepthToSpace: depthToSpace,
  FakeQuantise: fakeQuantise,
  // Five times as fast as OneHot with axis 1.
  OneHot: (emit, { attrs: { depth }, inputs: [from] }, [labels]) => {
    const whole = from!.dtype === "float32" ? labels! : emit.node("Cast", [labels!], { to: "float" });
    const numbers = emit.node("Unsqueeze", [whole, emit.ints([1])]);
    const classes = emit.initializer(
      [1, depth, 1, 1],
      Float32Array.from({ length: depth }, (_, i) => i),
    );
    return emit.node("Cast", [emit.node("Equal", [numbers, classes])], { to: "float" });
  },
  Conv: (emit, value, inputs) =>
    emit.node("Conv", inputs, convAttributes(kernelOf(value.inputs[1]!), value.attrs)),
  ConvTranspose: convTranspose,
  ConvWeightGrad: convWeightGrad,
  MaxPool: picking((emit, { attrs: { kernel } }, inputs) =>
    emit.node("MaxPool", inputs, { kernel_shape: [...kernel], strides: [...kernel] }),
  ),
  MaxPoolGrad: maxPoolGrad,
  // BatchNormalization with mean 0 and variance 1 is ORT's fastest a*x + b by channel.
  ChannelAffine: (emit, value, [x, scale, shift]) => {
    const c = sizeOf(value.inputs[1]!.shape);
    const zeros = emit.initializer([c], new Float32Array(c));
    const ones = emit.initializer([c], new Float32Array(c).fill(1));
    return emit.node("BatchNormalization", [x!, scale!, shift!, zeros, ones], { epsilon: 0 });
  },
  Norm: (emit, { attrs }, [x, scale, shift]) => {
    if (attrs.over === "instance") {
      return emit.node("InstanceNormalization", [x!, scale!, shift!], { epsilon: attrs.epsilon });
    }
    const axes = axesOf(attrs);
    const mean = emit.node("ReduceMean", [x!], { axes, keepdims: 1 });
    const centred = emit.node("Sub", [x!, mean]);
    const variance = emit.node("ReduceMean", [emit.node("Mul", [centred, centred])], { axes, keepdims: 0 });
    const flat = emit.node("Reshape", [mean, emit.ints([-1])]);
    return emit.node("BatchNormalization", [x!, scale!, shift!, flat, variance], { epsilon: attrs.epsilon });
  },
  // Ioffe and Szegedy, "Batch Normalization" (2015), section 3, with the sums gathered per channel:
  // dx = a (dy - mean(dy)) - a inverse^2 mean(dy (x - mean)) (x - mean), a = scale * inverse.
  NormInputGrad: (emit, { attrs, inputs: values }, [x, scale, dy]) => {
    const { axes, centred, inverse, dot } = normMoments(emit, attrs, x!, dy!);
    const column = emit.node("Reshape", [scale!, emit.ints([1, values[1]!.shape[0]!, 1, 1])]);
    const a = emit.node("Mul", [column, inverse]);
    const b = emit.node("Mul", [emit.node("Mul", [a, dot]), emit.node("Mul", [inverse, inverse])]);
    const [n, , height, width] = values[0]!.shape as readonly [number, number, number, number];
    const count = attrs.over === "batch" ? n * height * width : height * width;
    const dyMean = emit.node("Mul", [
      emit.node("ReduceSum", [dy!, emit.ints(axes)], { keepdims: 1 }),
      emit.float(1 / count),
    ]);
    const direct = emit.node("Mul", [emit.node("Sub", [dy!, dyMean]), a]);
    return emit.node("Sub", [direct, emit.node("Mul", [centred, b])]);
  },
  NormScaleGrad: (emit, { attrs, inputs: values }, [x, dy]) => {
    const { inverse, dot } = normMoments(emit, attrs, x!, dy!);
    const [n, c, height, width] = values[0]!.shape as readonly [number, number, number, number];
    const count = attrs.over === "batch" ? n * height * width : height * width;
    const byImage = emit.node("Mul", [emit.node("Mul", [dot, inverse]), emit.float(count)]);
    const total = emit.node("ReduceSum", [byImage, emit.ints([0])], { keepdims: 1 });
    return emit.node("Reshape", [total, emit.ints([c])]);
  },
};
