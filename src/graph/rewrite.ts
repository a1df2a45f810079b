/** Graph in, graph out: the same numbers by operations that cost less. */
import { add, concat, conv, convTranspose, convWeightGrad, makeValue, slice } from "./build.ts";
import { type Shape, sizeOf, topologicalOrder, type Value } from "./value.ts";

/**
 * Rebuilds what the outputs are made of, from the inputs on.
 * @param rule may put another value in a value's place; it is given the value rebuilt and as it was
 */
export function rewrite(
  outputs: readonly Value[],
  rule: (value: Value, original: Value) => Value | undefined,
): Value[] {
  const done = new Map<Value, Value>();
  for (const value of topologicalOrder(outputs)) {
    const inputs = value.inputs.map((input) => done.get(input)!);
    const isSame = inputs.every((input, i) => input === value.inputs[i]);
    const rebuilt = isSame ? value : makeValue(value.op, inputs, value.attrs, value.label);
    done.set(value, rule(rebuilt, value) ?? rebuilt);
  }
  return outputs.map((output) => done.get(output)!);
}

const CHANNELS = 1;

/** Of a rank-4 value its channels from `from` on, `count` of them. */
function channelsOf(x: Value, from: number, count: number): Value {
  const [, c] = x.shape as readonly [number, number];
  return slice(x, [0, from, 0, 0], [0, c - from - count, 0, 0]);
}

/** Weights are cut instead of images only where they are so much smaller. */
const SMALLER = 4;
const isWorthIt = (image: Value, weight: Shape): boolean => sizeOf(image.shape) >= SMALLER * sizeOf(weight);

/** The images that are joined by their channels; undefined where they are not, or not in whole blocks. */
function joined(x: Value, weight: Shape, block: number): readonly Value[] | undefined {
  if (x.op !== "Concat" || x.attrs.axis !== CHANNELS || !isWorthIt(x, weight)) return undefined;
  return x.inputs.every(({ shape }) => shape[CHANNELS]! % block === 0) ? x.inputs : undefined;
}

/** Where each of some images begins among their channels together. */
const startsOf = (images: readonly Value[]): readonly number[] =>
  images.map((_, i) => images.slice(0, i).reduce((sum, { shape }) => sum + shape[CHANNELS]!, 0));

/** Only channels are cut off. */
const isChannelSlice = ({ attrs: { start, trim } }: Value<"Slice">): boolean =>
  start.length === 4 && start.every((count, axis) => axis === CHANNELS || (count === 0 && trim[axis] === 0));

function splitOne(value: Value, block: number): Value | undefined {
  if (value.op === "Conv") {
    const [x, w, bias] = value.inputs as readonly [Value, Value, Value | undefined];
    const images = joined(x, w.shape, block);
    const starts = images && startsOf(images);
    return images
      ?.map((image, i) => {
        const own = channelsOf(w, starts![i]!, image.shape[CHANNELS]!);
        return conv(image, own, value.attrs, i === 0 ? bias : undefined, value.label);
      })
      .reduce((sum, part) => add(sum, part));
  }
  if (value.op === "ConvWeightGrad") {
    const [x, y] = value.inputs as readonly [Value, Value];
    const images = joined(x, value.shape, block);
    return (
      images &&
      concat(
        images.map((image) => convWeightGrad(image, y, value.attrs)),
        CHANNELS,
      )
    );
  }
  if (value.op === "Slice" && isChannelSlice(value)) {
    const [from] = value.inputs as readonly [Value];
    if (from.op !== "ConvTranspose" || from.inputs.length > 2) return undefined;
    const [y, w] = from.inputs as readonly [Value, Value];
    const [start, count, all] = [value.attrs.start[CHANNELS]!, value.shape[CHANNELS]!, from.shape[CHANNELS]!];
    const isWhole = [start, count, all].every((channels) => channels % block === 0);
    return isWhole && isWorthIt(from, w.shape)
      ? convTranspose(y, channelsOf(w, start, count), from.attrs)
      : undefined;
  }
  return undefined;
}

/**
 * A convolution of images that are joined by their channels, as where a skip connection meets what comes up, becomes a
 * sum of convolutions with parts of the weight, and so do its gradients: nothing is joined, and nothing is cut apart.
 * (Where more than the convolution reads the joined images, as a residual block's shortcut does, gradients still are.)
 * @param block channels of the images must be multiples of it
 */
export const splitConvolutions = (outputs: readonly Value[], block: number): Value[] =>
  rewrite(outputs, (value) => splitOne(value, block));
