/**
 * The gradient of a convolution in its weight, as products of matrices; no ORT operator computes it.
 * What other ways cost is in bench/RESULTS.md, "Convolutions of a training step".
 */
import type { Value } from "../graph/value.ts";
import type { Emitter } from "./emitter.ts";

/** Extents of x [N,C,xHeight,xWidth], of dY [N,O,height,width] and of the kernel [kh,kw]. */
function extentsOf({ inputs: [x, y], attrs: { kernel } }: Value<"ConvWeightGrad">) {
  const [kh, kw] = kernel;
  const [n, o, height, width] = y!.shape as readonly [number, number, number, number];
  const [, c, xHeight, xWidth] = x!.shape as readonly [number, number, number, number];
  return { n, o, height, width, c, xHeight, xWidth, kh, kw };
}

/**
 * dW[:, :, i, j] = sum over images and pixels of dY X(i, j)^T, with X(i, j) the image moved by i rows and j columns.
 * The columns are taken off one of the two and the rows off the other, so that kh + kw moved copies serve kh * kw products.
 */
export function convWeightGrad(
  emit: Emitter,
  value: Value<"ConvWeightGrad">,
  [x, y]: readonly string[],
): string {
  const { strides } = value.attrs;
  const { n, o, height, width, c, kh, kw } = extentsOf(value);
  if (strides[0] !== 1 || strides[1] !== 1) {
    return isTiling(value)
      ? tiledWeightGrad(emit, value, [x!, y!])
      : stridedWeightGrad(emit, value, [x!, y!]);
  }
  // Images join the pixels that a product sums over where their own products would be larger than they are.
  const isJoined = n > 1 && kh * kw * o * c > (o + c) * height * width;
  return isJoined ? joinedWeightGrad(emit, value, [x!, y!]) : weightGradByImage(emit, value, [x!, y!]);
}

/** `name` with zeros around it, or cut where a number is negative. */
function moved(
  emit: Emitter,
  name: string,
  before: readonly [rows: number, columns: number],
  after: readonly [rows: number, columns: number],
): string {
  return [...before, ...after].every((count) => count === 0)
    ? name
    : emit.node("Pad", [name, emit.ints([0, 0, ...before, 0, 0, ...after])]);
}

/** a [..., M, K], b [..., N, K] -> a b^T [..., M, N]. */
const productOf = (emit: Emitter, a: string, b: string): string =>
  emit.node("FusedMatMul", [a, b], { transB: 1 }, "com.microsoft");

/** [N, ...] -> [...]. */
const sumOfImages = (emit: Emitter, name: string): string =>
  emit.node("ReduceSum", [name, emit.ints([0])], { keepdims: 0 });

/** The thinner of the two is moved by columns and its copies stacked, the other by rows: a product for each row of weights. */
function weightGradByImage(
  emit: Emitter,
  value: Value<"ConvWeightGrad">,
  [x, y]: readonly [string, string],
): string {
  const { pads } = value.attrs;
  const { n, o, height, width, c, xHeight, xWidth, kh, kw } = extentsOf(value);
  const [top, left] = pads;
  const isYThin = o <= c;
  const each = (count: number, make: (i: number) => string): string[] =>
    Array.from({ length: count }, (_, i) => make(i));
  // On dY's rows and X's columns, or on X's rows and dY's columns.
  const columns = each(kw, (j) =>
    isYThin
      ? moved(emit, y, [0, j - left], [0, xWidth - width - j + left])
      : moved(emit, x, [0, left - j], [0, width - xWidth - left + j]),
  );
  const rows = each(kh, (i) =>
    isYThin
      ? moved(emit, x, [top - i, 0], [height - xHeight - top + i, 0])
      : moved(emit, y, [i - top, 0], [xHeight - height - i + top, 0]),
  );
  const pixels = isYThin ? height * xWidth : xHeight * width;
  const [thin, other] = isYThin ? [o, c] : [c, o];
  const flat = (name: string, channels: number): string =>
    emit.node("Reshape", [name, emit.ints([n, channels, pixels])]);
  const stacked = flat(kw === 1 ? columns[0]! : emit.node("Concat", columns, { axis: 1 }), kw * thin);
  const products = rows.map((row) => productOf(emit, stacked, flat(row, other)));
  const all = kh === 1 ? products[0]! : emit.node("Concat", products, { axis: 1 });
  const total = n === 1 ? all : sumOfImages(emit, all);
  const split = emit.node("Reshape", [total, emit.ints([kh, kw, thin, other])]);
  return emit.node("Transpose", [split], { perm: isYThin ? [2, 3, 0, 1] : [3, 2, 0, 1] });
}

/** Both stacked, all images side by side: one product over all pixels. */
function joinedWeightGrad(
  emit: Emitter,
  value: Value<"ConvWeightGrad">,
  [x, y]: readonly [string, string],
): string {
  const { pads } = value.attrs;
  const { n, o, height, width, c, xHeight, xWidth, kh, kw } = extentsOf(value);
  const rows = xHeight + pads[0] + pads[2];
  const turn = (name: string): string => emit.node("Transpose", [name], { perm: [1, 0, 2, 3] });
  const [from, to] = [turn(x), turn(y)];
  const columns = Array.from({ length: kw }, (_, j) =>
    moved(emit, from, [pads[0], pads[1] - j], [pads[2], width - xWidth - pads[1] + j]),
  );
  const lines = Array.from({ length: kh }, (_, i) => moved(emit, to, [i, 0], [rows - height - i, 0]));
  const stack = (names: readonly string[], channels: number): string =>
    emit.node("Reshape", [
      names.length === 1 ? names[0]! : emit.node("Concat", names, { axis: 0 }),
      emit.ints([channels, n * rows * width]),
    ]);
  const whole = productOf(emit, stack(lines, kh * o), stack(columns, kw * c));
  const split = emit.node("Reshape", [whole, emit.ints([kh, o, kw, c])]);
  return emit.node("Transpose", [split], { perm: [1, 3, 0, 2] });
}

/** Whether square windows tile the image, as those of an up-convolution do. */
function isTiling(value: Value<"ConvWeightGrad">): boolean {
  const { strides, pads } = value.attrs;
  const { height, width, xHeight, xWidth, kh, kw } = extentsOf(value);
  const isWhole = xHeight === height * kh && xWidth === width * kw && pads.every((count) => count === 0);
  return isWhole && kh === kw && strides[0] === kh && strides[1] === kw;
}

/** Pixels of a window become channels, and the window one pixel: one product. */
function tiledWeightGrad(
  emit: Emitter,
  value: Value<"ConvWeightGrad">,
  [x, y]: readonly [string, string],
): string {
  const { n, o, height, width, c, kh, kw } = extentsOf(value);
  const windows = emit.node("SpaceToDepth", [x], { blocksize: kh });
  const flat = (name: string, channels: number): string =>
    emit.node("Reshape", [name, emit.ints([n, channels, height * width])]);
  const products = productOf(emit, flat(y, o), flat(windows, kh * kw * c));
  const total = n === 1 ? products : sumOfImages(emit, products);
  const split = emit.node("Reshape", [total, emit.ints([o, kh * kw, c])]);
  const turned = emit.node("Transpose", [split], { perm: [0, 2, 1] });
  return emit.node("Reshape", [turned, emit.ints([...value.shape])]);
}

/** A product for each weight position. */
function stridedWeightGrad(emit: Emitter, value: Value<"ConvWeightGrad">, [x, y]: readonly string[]): string {
  const { strides, pads } = value.attrs;
  const { n, o, height, width, c, kh, kw } = extentsOf(value);
  const padded = pads.some((count) => count > 0)
    ? emit.node("Pad", [x!, emit.ints([0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]])])
    : x!;
  const rows = emit.node("Reshape", [y!, emit.ints([n, o, height * width])]);
  const parts: string[] = [];
  for (let i = 0; i < kh; i++) {
    for (let j = 0; j < kw; j++) {
      const seen = emit.node("Slice", [
        padded,
        emit.ints([i, j]),
        emit.ints([i + (height - 1) * strides[0] + 1, j + (width - 1) * strides[1] + 1]),
        emit.ints([2, 3]),
        emit.ints([...strides]),
      ]);
      const columns = emit.node("Reshape", [seen, emit.ints([n, c, height * width])]);
      const total = sumOfImages(emit, productOf(emit, rows, columns));
      parts.push(emit.node("Reshape", [total, emit.ints([o, c, 1])]));
    }
  }
  const joined = parts.length === 1 ? parts[0]! : emit.node("Concat", parts, { axis: 2 });
  return emit.node("Reshape", [joined, emit.ints([...value.shape])]);
}
