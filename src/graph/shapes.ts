/** One shape rule an operation: the shape and type of its result, or a RangeError that says what does not fit. */
import type { Op, OpAttrs, Pair, Pooling, Window } from "./ops.ts";
import { type DType, isSameShape, type Shape, sizeOf, type Value } from "./value.ts";

export interface Result {
  readonly shape: Shape;
  readonly dtype: DType;
}
type Rule<K extends Op> = (inputs: readonly Value[], attrs: OpAttrs[K]) => Result;

const float = (shape: Shape): Result => ({ shape, dtype: "float32" });
const text = (shape: Shape): string => `[${shape.join(", ")}]`;

function fail(message: string): never {
  throw new RangeError(message);
}

/** numpy's broadcasting: shapes are aligned at their ends, extents of 1 stretch. */
export function broadcastShape(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) fail(`shapes ${text(a)} and ${text(b)} do not broadcast`);
    return Math.max(x, y);
  });
}

function checkCount(inputs: readonly Value[], count: number): void {
  if (inputs.length !== count) fail(`takes ${count} inputs, got ${inputs.length}`);
}

/** The only input, of any type. */
function only(inputs: readonly Value[]): Value {
  checkCount(inputs, 1);
  return inputs[0]!;
}

/** Inputs that are all float32, of the given number. */
function floats(inputs: readonly Value[], count: number): readonly Shape[] {
  checkCount(inputs, count);
  for (const input of inputs) {
    if (input.dtype !== "float32") fail(`takes float32, input "${input.label}" is ${input.dtype}`);
  }
  return inputs.map((input) => input.shape);
}

function image(shape: Shape, what = "input"): readonly [number, number, number, number] {
  if (shape.length !== 4) fail(`${what} must be [N, C, H, W], got ${text(shape)}`);
  return [shape[0]!, shape[1]!, shape[2]!, shape[3]!];
}

const binary = (inputs: readonly Value[]): Result => {
  const [a, b] = floats(inputs, 2);
  return float(broadcastShape(a!, b!));
};
const unary = (inputs: readonly Value[]): Result => float(floats(inputs, 1)[0]!);

function checkAxis(axis: number, shape: Shape): void {
  if (axis < 0 || axis >= shape.length) fail(`axis ${axis} is outside ${text(shape)}`);
}

function reduced(inputs: readonly Value[], axes: readonly number[]): Result {
  const [shape] = floats(inputs, 1);
  for (const axis of axes) checkAxis(axis, shape!);
  return float(shape!.map((extent, i) => (axes.includes(i) ? 1 : extent)));
}

/** The gradient reads the sign of x off the result, so alpha must not be negative; its clip ends at 1. */
function checkAlpha(alpha: number): void {
  if (!(alpha >= 0 && alpha <= 1)) fail(`alpha must lie between 0 and 1, got ${alpha}`);
}

/** Height and width after a window slides over [height, width]. */
export function windowedSize(size: Pair, kernel: Pair, { strides, pads }: Window): Pair {
  const extents = [0, 1].map((i) => {
    const padded = size[i]! + pads[i]! + pads[i + 2]!;
    if (padded < kernel[i]!) {
      fail(`a ${kernel.join("x")} window does not fit in ${size.join("x")} padded by [${pads.join(", ")}]`);
    }
    return Math.floor((padded - kernel[i]!) / strides[i]!) + 1;
  });
  return [extents[0]!, extents[1]!];
}

function checkConv(x: Shape, w: Shape, y: Shape, window: Window): void {
  const [n, c, height, width] = image(x);
  const [o, wc, kh, kw] = image(w, "weight");
  if (wc !== c) fail(`weight ${text(w)} takes ${wc} channels, input ${text(x)} has ${c}`);
  const expected = [n, o, ...windowedSize([height, width], [kh, kw], window)];
  if (!isSameShape(y, expected)) fail(`result must be ${text(expected)}, got ${text(y)}`);
}

function checkBias(bias: Shape | undefined, channels: number): void {
  if (bias !== undefined && !isSameShape(bias, [channels]))
    fail(`bias must be [${channels}], got ${text(bias)}`);
}

function pooledShape(x: Shape, attrs: Pooling): Shape {
  const [n, c, height, width] = image(x);
  return [
    n,
    c,
    ...windowedSize([height, width], attrs.kernel, { strides: attrs.kernel, pads: [0, 0, 0, 0] }),
  ];
}

function normalised(inputs: readonly Value[], vectors: number): Result {
  const [x, ...rest] = floats(inputs, 1 + vectors);
  const [, c] = image(x!);
  for (const vector of rest) {
    if (!isSameShape(vector, [c])) fail(`scale and shift must be [${c}], got ${text(vector)}`);
  }
  return float(x!);
}

export const shapeRules: { readonly [K in Op]: Rule<K> } = {
  Input: (_, attrs) => ({ shape: attrs.shape, dtype: attrs.dtype }),
  Constant: (_, { shape, data }) => {
    if (sizeOf(shape) !== data.length) fail(`shape ${text(shape)} does not hold ${data.length} numbers`);
    return float(shape);
  },
  Add: binary,
  Sub: binary,
  Mul: binary,
  Div: binary,
  Minimum: binary,
  Power: binary,
  LessEqual: binary,
  Neg: unary,
  Exp: unary,
  Log: unary,
  Sqrt: unary,
  LeakyRelu: (inputs, { alpha }) => {
    checkAlpha(alpha);
    return unary(inputs);
  },
  LeakyReluGrad: (inputs, { alpha }) => {
    checkAlpha(alpha);
    const [y, dy] = floats(inputs, 2);
    if (!isSameShape(y!, dy!)) fail(`y ${text(y!)} and dy ${text(dy!)} differ`);
    return float(y!);
  },
  StopGradient: unary,
  Cast: (inputs) => float(only(inputs).shape),
  ReduceSum: (inputs, { axes }) => reduced(inputs, axes),
  ReduceMax: (inputs, { axes }) => reduced(inputs, axes),
  Reshape: (inputs, { shape }) => {
    const from = only(inputs);
    if (sizeOf(from.shape) !== sizeOf(shape)) fail(`cannot reshape ${text(from.shape)} to ${text(shape)}`);
    return { shape, dtype: from.dtype };
  },
  Transpose: (inputs, { permutation }) => {
    const [shape] = floats(inputs, 1);
    if ([...permutation].sort((a, b) => a - b).some((axis, i) => axis !== i)) {
      fail(`[${permutation.join(", ")}] is not a permutation`);
    }
    if (permutation.length !== shape!.length) fail(`permutes ${permutation.length} axes of ${text(shape!)}`);
    return float(permutation.map((axis) => shape![axis]!));
  },
  Expand: (inputs, { shape }) => {
    const [from] = floats(inputs, 1);
    if (!isSameShape(broadcastShape(from!, shape), shape))
      fail(`cannot expand ${text(from!)} to ${text(shape)}`);
    return float(shape);
  },
  Concat: (inputs, { axis }) => {
    const shapes = floats(inputs, inputs.length);
    const first = shapes[0] ?? fail("takes at least one input");
    checkAxis(axis, first);
    for (const shape of shapes) {
      if (shape.length !== first.length || shape.some((extent, i) => i !== axis && extent !== first[i])) {
        fail(`inputs ${text(first)} and ${text(shape)} differ outside axis ${axis}`);
      }
    }
    const total = shapes.reduce((sum, shape) => sum + shape[axis]!, 0);
    return float(first.map((extent, i) => (i === axis ? total : extent)));
  },
  Slice: (inputs, { start, trim }) => {
    const [shape] = floats(inputs, 1);
    if (start.length !== shape!.length || trim.length !== shape!.length) {
      fail(`start and trim need ${shape!.length} entries`);
    }
    return float(
      shape!.map((extent, i) => {
        const left = extent - start[i]! - trim[i]!;
        if (start[i]! < 0 || trim[i]! < 0 || left < 1) {
          fail(`cannot take ${start[i]} and ${trim[i]} off the ends of axis ${i} of ${text(shape!)}`);
        }
        return left;
      }),
    );
  },
  Pad: (inputs, { before, after }) => {
    const [shape] = floats(inputs, 1);
    if (before.length !== shape!.length || after.length !== shape!.length) {
      fail(`before and after need ${shape!.length} entries`);
    }
    if ([...before, ...after].some((count) => count < 0)) fail("cannot pad by a negative count");
    return float(shape!.map((extent, i) => extent + before[i]! + after[i]!));
  },
  OneHot: (inputs, { depth }) => {
    const labels = only(inputs);
    if (labels.shape.length !== 3) fail(`takes [N, H, W], got ${text(labels.shape)}`);
    const [n, height, width] = labels.shape;
    return float([n!, depth, height!, width!]);
  },
  Flip: (inputs, { axes }) => {
    const [shape] = floats(inputs, 1);
    for (const axis of axes) checkAxis(axis, shape!);
    return float(shape!);
  },
  MatMul: (inputs) => {
    const [a, b] = floats(inputs, 2);
    if (a!.length < 2 || b!.length < 2) fail(`takes matrices, got ${text(a!)} and ${text(b!)}`);
    if (a!.at(-1) !== b!.at(-2)) fail(`cannot multiply ${text(a!)} by ${text(b!)}`);
    return float([...broadcastShape(a!.slice(0, -2), b!.slice(0, -2)), a!.at(-2)!, b!.at(-1)!]);
  },
  GridSample: (inputs) => {
    const [x, grid] = floats(inputs, 2);
    const [n, c] = image(x!);
    if (grid!.length !== 4 || grid![0] !== n || grid![3] !== 2) {
      fail(`grid must be [${n}, H, W, 2], got ${text(grid!)}`);
    }
    return float([n, c, grid![1]!, grid![2]!]);
  },
  DepthToSpace: (inputs, { block }) => {
    const [n, c, height, width] = image(floats(inputs, 1)[0]!);
    if (c % block ** 2 !== 0) fail(`${c} channels do not fill blocks of ${block} x ${block} pixels`);
    return float([n, c / block ** 2, height * block, width * block]);
  },
  FakeQuantise: (inputs, { scales, zeroPoint }) => {
    const [shape] = floats(inputs, 1);
    if (scales.length !== 1 && scales.length !== shape![0]) {
      fail(`takes one scale or ${shape![0]}, got ${scales.length}`);
    }
    if (scales.some((scale) => !(scale > 0))) fail("scales must be above 0");
    if (scales.length > 1 && zeroPoint !== 0) fail(`several scales need the zero point 0, got ${zeroPoint}`);
    return float(shape!);
  },
  Conv: (inputs, window) => {
    const [x, w, bias] = floats(inputs, inputs.length === 3 ? 3 : 2);
    const [n, c, height, width] = image(x!);
    const [o, wc, kh, kw] = image(w!, "weight");
    if (wc !== c) fail(`weight ${text(w!)} takes ${wc} channels, input ${text(x!)} has ${c}`);
    checkBias(bias, o);
    return float([n, o, ...windowedSize([height, width], [kh, kw], window)]);
  },
  ConvTranspose: (inputs, attrs) => {
    const [y, w, bias] = floats(inputs, inputs.length === 3 ? 3 : 2);
    checkBias(bias, image(w!, "weight")[1]);
    const x = [image(y!)[0], image(w!, "weight")[1], ...attrs.size];
    checkConv(x, w!, y!, attrs);
    return float(x);
  },
  ConvWeightGrad: (inputs, attrs) => {
    const [x, y] = floats(inputs, 2);
    const w = [image(y!)[1], image(x!)[1], ...attrs.kernel];
    checkConv(x!, w, y!, attrs);
    return float(w);
  },
  MaxPool: (inputs, attrs) => float(pooledShape(floats(inputs, 1)[0]!, attrs)),
  MaxPoolGrad: (inputs, attrs) => {
    const [x, y, dy] = floats(inputs, 3);
    const pooled = pooledShape(x!, attrs);
    if (!isSameShape(y!, pooled) || !isSameShape(dy!, pooled)) fail(`y and dy must be ${text(pooled)}`);
    return float(x!);
  },
  ChannelAffine: (inputs) => normalised(inputs, 2),
  Norm: (inputs) => normalised(inputs, 2),
  NormInputGrad: (inputs) => {
    const [x, scale, dy] = floats(inputs, 3);
    if (!isSameShape(x!, dy!)) fail(`x ${text(x!)} and dy ${text(dy!)} differ`);
    if (!isSameShape(scale!, [image(x!)[1]])) fail(`scale must be [${x![1]}], got ${text(scale!)}`);
    return float(x!);
  },
  NormScaleGrad: (inputs) => {
    const [x, dy] = floats(inputs, 2);
    if (!isSameShape(x!, dy!)) fail(`x ${text(x!)} and dy ${text(dy!)} differ`);
    return float([image(x!)[1]]);
  },
};
