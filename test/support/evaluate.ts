/**
 * The reference: every operation in float64 by straight loops, obviously right rather than fast. Gradients are judged
 * by its differences, emitted models by its results.
 */
import type { Normalisation, Op, Pair, Window } from "../../src/graph/ops.ts";
import { type Shape, sizeOf, topologicalOrder, type Value } from "../../src/graph/value.ts";

/** Data of the Input values, by name. */
export type Feeds = Readonly<Record<string, Float64Array | Uint8Array>>;
type Arrays = readonly Float64Array[];
type Evaluator<K extends Op> = (value: Value<K>, inputs: Arrays, feeds: Feeds) => Float64Array;
type Quad = readonly [number, number, number, number];

const zeros = (shape: Shape): Float64Array => new Float64Array(sizeOf(shape));

/** Place of an index in row-major order. */
function placeOf(index: readonly number[], shape: Shape): number {
  let place = 0;
  for (const [axis, extent] of shape.entries()) place = place * extent + index[axis]!;
  return place;
}

function indexOf(place: number, shape: Shape): number[] {
  const index: number[] = [];
  let rest = place;
  for (const extent of [...shape].reverse()) {
    index.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return index;
}

/** Place of the element of an array of `shape` that broadcasting shows at `index`. */
function broadcastPlace(index: readonly number[], shape: Shape): number {
  const lead = index.length - shape.length;
  return placeOf(
    shape.map((extent, axis) => (extent === 1 ? 0 : index[lead + axis]!)),
    shape,
  );
}

/** An array of `shape` from its elements' indices. */
function fill(shape: Shape, element: (index: readonly number[], place: number) => number): Float64Array {
  return zeros(shape).map((_, place) => element(indexOf(place, shape), place));
}

const unary =
  (f: (x: number) => number): Evaluator<Op> =>
  (_, [x]) =>
    x!.map(f);

const binary =
  (f: (a: number, b: number) => number): Evaluator<Op> =>
  ({ shape, inputs: [a, b] }, [as, bs]) =>
    fill(shape, (index) => f(as![broadcastPlace(index, a!.shape)]!, bs![broadcastPlace(index, b!.shape)]!));

/** Combines the elements that fall on one place of the reduced `shape`. */
function reduce(
  shape: Shape,
  from: Shape,
  x: Float64Array,
  start: number,
  f: (a: number, b: number) => number,
): Float64Array {
  const result = zeros(shape).fill(start);
  for (let i = 0; i < x.length; i++) {
    const place = broadcastPlace(indexOf(i, from), shape);
    result[place] = f(result[place]!, x[i]!);
  }
  return result;
}

/** Every (x, w, y) triple of places with y += x * w in a cross-correlation. */
function eachTap(
  x: Shape,
  w: Shape,
  y: Shape,
  { strides, pads }: Window,
  visit: (x: number, w: number, y: number) => void,
): void {
  const [n, o, rows, columns] = y as Quad;
  const [, c, height, width] = x as Quad;
  const [, , kh, kw] = w as Quad;
  for (let b = 0; b < n; b++)
    for (let to = 0; to < o; to++)
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++)
          for (let from = 0; from < c; from++)
            for (let i = 0; i < kh; i++)
              for (let j = 0; j < kw; j++) {
                const r = row * strides[0] + i - pads[0];
                const q = column * strides[1] + j - pads[1];
                if (r < 0 || q < 0 || r >= height || q >= width) continue;
                visit(
                  placeOf([b, from, r, q], x),
                  placeOf([to, from, i, j], w),
                  placeOf([b, to, row, column], y),
                );
              }
}

/** Every place of x with that of its window; places in no window are left out. */
function eachPooled(x: Shape, y: Shape, kernel: Pair, visit: (x: number, y: number) => void): void {
  for (let place = 0; place < sizeOf(x); place++) {
    const [b, c, row, column] = indexOf(place, x) as unknown as Quad;
    const pooled = [b, c, Math.floor(row / kernel[0]), Math.floor(column / kernel[1])];
    if (pooled[2]! < y[2]! && pooled[3]! < y[3]!) visit(place, placeOf(pooled, y));
  }
}

interface NormGroup {
  readonly channel: number;
  readonly places: readonly number[];
  /** (x - mean) / deviation, in the order of `places`. */
  readonly standard: readonly number[];
  readonly deviation: number;
}

/** The sets of elements that are normalised together. */
function normGroups(shape: Shape, x: Float64Array, { over, epsilon }: Normalisation): NormGroup[] {
  const byKey = new Map<string, { readonly channel: number; readonly places: number[] }>();
  for (let place = 0; place < x.length; place++) {
    const [b, channel] = indexOf(place, shape) as unknown as Quad;
    const key = over === "batch" ? `${channel}` : `${b} ${channel}`;
    const group = byKey.get(key) ?? { channel, places: [] };
    group.places.push(place);
    byKey.set(key, group);
  }
  return [...byKey.values()].map(({ channel, places }) => {
    const values = places.map((place) => x[place]!);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const deviation = Math.sqrt(variance + epsilon);
    return { channel, places, deviation, standard: values.map((value) => (value - mean) / deviation) };
  });
}

const evaluators: { readonly [K in Op]: Evaluator<K> } = {
  Input: ({ attrs: { name } }, _, feeds) => {
    const data = feeds[name];
    if (data === undefined) throw new Error(`No data for input "${name}"`);
    return Float64Array.from(data);
  },
  Constant: ({ attrs: { data } }) => Float64Array.from(data),
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  Minimum: binary((a, b) => Math.min(a, b)),
  Power: binary((a, b) => a ** b),
  LessEqual: binary((a, b) => (a <= b ? 1 : 0)),
  Neg: unary((x) => -x),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sqrt: unary(Math.sqrt),
  LeakyRelu: ({ attrs: { alpha } }, [x]) => x!.map((value) => (value > 0 ? value : alpha * value)),
  LeakyReluGrad: ({ attrs: { alpha } }, [y, dy]) =>
    dy!.map((value, i) => (y![i]! > 0 ? value : alpha * value)),
  Cast: unary((x) => x),
  StopGradient: unary((x) => x),
  ReduceSum: ({ shape, inputs }, [x]) => reduce(shape, inputs[0]!.shape, x!, 0, (a, b) => a + b),
  ReduceMax: ({ shape, inputs }, [x]) => reduce(shape, inputs[0]!.shape, x!, -Infinity, Math.max),
  Reshape: unary((x) => x),
  Transpose: ({ shape, inputs, attrs: { permutation } }, [x]) =>
    fill(shape, (index) => {
      const from: number[] = [];
      for (const [axis, source] of permutation.entries()) from[source] = index[axis]!;
      return x![placeOf(from, inputs[0]!.shape)]!;
    }),
  Expand: ({ shape, inputs }, [x]) => fill(shape, (index) => x![broadcastPlace(index, inputs[0]!.shape)]!),
  Concat: ({ shape, inputs, attrs: { axis } }, arrays) =>
    fill(shape, (index) => {
      const own = [...index];
      let part = 0;
      while (own[axis]! >= inputs[part]!.shape[axis]!) own[axis]! -= inputs[part++]!.shape[axis]!;
      return arrays[part]![placeOf(own, inputs[part]!.shape)]!;
    }),
  Slice: ({ shape, inputs, attrs: { start } }, [x]) =>
    fill(
      shape,
      (index) =>
        x![
          placeOf(
            index.map((i, axis) => i + start[axis]!),
            inputs[0]!.shape,
          )
        ]!,
    ),
  Pad: ({ shape, inputs, attrs: { before } }, [x]) => {
    const result = zeros(shape);
    for (let i = 0; i < x!.length; i++) {
      const index = indexOf(i, inputs[0]!.shape).map((at, axis) => at + before[axis]!);
      result[placeOf(index, shape)] = x![i]!;
    }
    return result;
  },
  Flip: ({ shape, attrs: { axes } }, [x]) =>
    fill(
      shape,
      (index) =>
        x![
          placeOf(
            index.map((i, axis) => (axes.includes(axis) ? shape[axis]! - 1 - i : i)),
            shape,
          )
        ]!,
    ),
  MatMul: ({ shape, inputs: [a, b] }, [as, bs]) =>
    fill(shape, (index) => {
      const lead = index.slice(0, -2);
      const [row, column] = index.slice(-2);
      const at = (of: Shape, data: Float64Array, i: number, j: number): number => {
        const own = lead
          .slice(lead.length - (of.length - 2))
          .map((each, axis) => (of[axis] === 1 ? 0 : each));
        return data[placeOf([...own, i, j], of)]!;
      };
      let sum = 0;
      for (let k = 0; k < a!.shape.at(-1)!; k++) {
        sum += at(a!.shape, as!, row!, k) * at(b!.shape, bs!, k, column!);
      }
      return sum;
    }),
  GridSample: ({ shape, inputs: [x, grid], attrs: { mode } }, [xs, places]) =>
    fill(shape, ([n, c, row, column]) => {
      const [, , height, width] = x!.shape as unknown as Quad;
      const at = placeOf([n!, row!, column!, 0], grid!.shape);
      const [px, py] = [((places![at]! + 1) / 2) * (width - 1), ((places![at + 1]! + 1) / 2) * (height - 1)];
      const pixel = (i: number, j: number): number =>
        i < 0 || j < 0 || i >= height || j >= width ? 0 : xs![placeOf([n!, c!, i, j], x!.shape)]!;
      if (mode === "nearest") return pixel(Math.round(py), Math.round(px));
      const [top, left] = [Math.floor(py), Math.floor(px)];
      const [v, u] = [py - top, px - left];
      return (
        (1 - v) * ((1 - u) * pixel(top, left) + u * pixel(top, left + 1)) +
        v * ((1 - u) * pixel(top + 1, left) + u * pixel(top + 1, left + 1))
      );
    }),
  DepthToSpace: ({ shape, inputs: [x], attrs: { block } }, [xs]) =>
    fill(shape, ([n, c, row, column]) => {
      const from = ((row! % block) * block + (column! % block)) * shape[1]! + c!;
      return xs![placeOf([n!, from, Math.floor(row! / block), Math.floor(column! / block)], x!.shape)]!;
    }),
  FakeQuantise: ({ shape, attrs: { type, scales, zeroPoint } }, [x]) => {
    const [low, high] = { uint8: [0, 255], int8: [-128, 127], int32: [-(2 ** 31), 2 ** 31 - 1] }[type] as [
      number,
      number,
    ];
    return fill(shape, (index, place) => {
      const scale = scales.length === 1 ? scales[0]! : scales[index[0]!]!;
      // Half to even, as IEEE 754 rounds.
      const exact = x![place]! / scale;
      const floor = Math.floor(exact);
      const isUp = exact - floor > 0.5 || (exact - floor === 0.5 && floor % 2 !== 0);
      const whole = (isUp ? floor + 1 : floor) + zeroPoint;
      return (Math.min(Math.max(whole, low), high) - zeroPoint) * scale;
    });
  },
  OneHot: ({ shape, inputs }, [labels]) =>
    fill(shape, ([b, k, row, column]) =>
      labels![placeOf([b!, row!, column!], inputs[0]!.shape)] === k ? 1 : 0,
    ),
  Conv: ({ shape, inputs: [x, w], attrs }, [xs, ws, bias]) => {
    const ys = fill(shape, ([, o]) => bias?.[o!] ?? 0);
    eachTap(x!.shape, w!.shape, shape, attrs, (i, j, k) => {
      ys[k]! += xs![i]! * ws![j]!;
    });
    return ys;
  },
  ConvTranspose: ({ shape, inputs: [y, w], attrs }, [ys, ws, bias]) => {
    const xs = fill(shape, ([, c]) => bias?.[c!] ?? 0);
    eachTap(shape, w!.shape, y!.shape, attrs, (i, j, k) => {
      xs[i]! += ys![k]! * ws![j]!;
    });
    return xs;
  },
  ConvWeightGrad: ({ shape, inputs: [x, y], attrs }, [xs, ys]) => {
    const ws = zeros(shape);
    eachTap(x!.shape, shape, y!.shape, attrs, (i, j, k) => {
      ws[j]! += xs![i]! * ys![k]!;
    });
    return ws;
  },
  MaxPool: ({ shape, inputs, attrs: { kernel } }, [x]) => {
    const ys = zeros(shape).fill(-Infinity);
    eachPooled(inputs[0]!.shape, shape, kernel, (i, k) => {
      ys[k] = Math.max(ys[k]!, x![i]!);
    });
    return ys;
  },
  MaxPoolGrad: ({ shape, inputs: [, y], attrs: { kernel } }, [xs, ys, dys]) => {
    const ties = zeros(y!.shape);
    eachPooled(shape, y!.shape, kernel, (i, k) => {
      if (xs![i] === ys![k]) ties[k]! += 1;
    });
    const dxs = zeros(shape);
    eachPooled(shape, y!.shape, kernel, (i, k) => {
      if (xs![i] === ys![k]) dxs[i] = dys![k]! / ties[k]!;
    });
    return dxs;
  },
  ChannelAffine: ({ shape }, [x, scale, shift]) =>
    fill(shape, ([, c], i) => x![i]! * scale![c!]! + shift![c!]!),
  Norm: ({ shape, attrs }, [x, scale, shift]) => {
    const result = zeros(shape);
    for (const { channel, places, standard } of normGroups(shape, x!, attrs)) {
      for (const [k, place] of places.entries()) {
        result[place] = standard[k]! * scale![channel]! + shift![channel]!;
      }
    }
    return result;
  },
  // The whole Jacobian: d standard_k / d x_i = (delta_ik - 1 / m - standard_i standard_k / m) / deviation.
  NormInputGrad: ({ shape, attrs }, [x, scale, dy]) => {
    const dx = zeros(shape);
    for (const { channel, places, standard, deviation } of normGroups(shape, x!, attrs)) {
      const m = places.length;
      for (const [i, to] of places.entries()) {
        for (const [k, from] of places.entries()) {
          const jacobian = ((i === k ? 1 : 0) - 1 / m - (standard[i]! * standard[k]!) / m) / deviation;
          dx[to]! += scale![channel]! * dy![from]! * jacobian;
        }
      }
    }
    return dx;
  },
  NormScaleGrad: ({ shape, inputs, attrs }, [x, dy]) => {
    const result = zeros(shape);
    for (const { channel, places, standard } of normGroups(inputs[0]!.shape, x!, attrs)) {
      for (const [k, place] of places.entries()) result[channel]! += dy![place]! * standard[k]!;
    }
    return result;
  },
};

/** The graph's results in float64, in the order of `outputs`. */
export function evaluate(outputs: readonly Value[], feeds: Feeds): Float64Array[] {
  const results = new Map<Value, Float64Array>();
  for (const value of topologicalOrder(outputs)) {
    const evaluator = evaluators[value.op as Op] as Evaluator<Op>;
    const inputs = value.inputs.map((from) => results.get(from)!);
    const result = evaluator(value, inputs, feeds);
    if (result.length !== sizeOf(value.shape)) {
      throw new Error(`${value.op} gave ${result.length} numbers for shape [${value.shape.join(", ")}]`);
    }
    results.set(value, result);
  }
  return outputs.map((output) => results.get(output)!);
}
