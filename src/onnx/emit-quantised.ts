/**
 * Numbers rounded to integers, as QuantizeLinear and DequantizeLinear side by side: ONNX Runtime computes what stands
 * between two such pairs with the integers themselves, and any other tool gets the same numbers up to rounding.
 * Specification: https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html
 */
import type { Op, Quantisation } from "../graph/ops.ts";
import type { Value } from "../graph/value.ts";
import type { Emitter, IntegerForm, SmallIntegers } from "./emitter.ts";

const asIntegers = (type: Quantisation["type"], numbers: readonly number[]): SmallIntegers => {
  if (type === "uint8") return Uint8Array.from(numbers);
  return type === "int8" ? Int8Array.from(numbers) : Int32Array.from(numbers);
};
const LIMITS = { uint8: [0, 255], int8: [-128, 127], int32: [-(2 ** 31), 2 ** 31 - 1] } as const;

/** Half to even, as QuantizeLinear rounds. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

function integersOf(data: Float32Array, { type, scales, zeroPoint }: Quantisation): SmallIntegers {
  const [low, high] = LIMITS[type];
  const each = data.length / scales.length;
  const whole = Array.from(data, (value, i) => {
    const nearest = roundHalfToEven(Math.fround(value / scales[Math.floor(i / each)]!)) + zeroPoint;
    return Math.min(Math.max(nearest, low), high);
  });
  return asIntegers(type, whole);
}

function dequantised(emit: Emitter, form: IntegerForm): string {
  const axis = form.quantisation.scales.length === 1 ? {} : { axis: 0 };
  const name = emit.node("DequantizeLinear", [form.integers, form.scale, form.zero], axis);
  emit.integerForms.set(name, form);
  return name;
}

const isSame = (a: Quantisation, b: Quantisation): boolean =>
  a.type === b.type &&
  a.zeroPoint === b.zeroPoint &&
  a.scales.length === b.scales.length &&
  a.scales.every((scale, i) => scale === b.scales[i]);

/** Numbers that the model stores are stored as integers; what is rounded so already stays as it is. */
export function fakeQuantise(emit: Emitter, value: Value<"FakeQuantise">, [x]: readonly string[]): string {
  const { attrs } = value;
  const { type, scales, zeroPoint } = attrs;
  const [from] = value.inputs;
  const known = emit.integerForms.get(x!);
  if (known !== undefined && isSame(known.quantisation, attrs)) return x!;
  const isOne = scales.length === 1;
  const scale = isOne ? emit.float(scales[0]!) : emit.floats([...scales]);
  const zeros = asIntegers(
    type,
    Array.from(scales, () => zeroPoint),
  );
  const zero = emit.integers(isOne ? [] : [scales.length], zeros);
  const integers =
    from!.op === "Constant"
      ? emit.integers(from!.shape, integersOf(from!.attrs.data, attrs))
      : emit.node("QuantizeLinear", [x!, scale, zero]);
  return dequantised(emit, { integers, quantisation: attrs, scale, zero });
}

type Rule<K extends Op> = (emit: Emitter, value: Value<K>, inputs: readonly string[]) => string;

/** The rule of an operation that picks numbers and makes none: of integers it picks integers. */
export const picking =
  <K extends Op>(rule: Rule<K>): Rule<K> =>
  (emit, value, inputs) => {
    const form = emit.integerForms.get(inputs[0]!);
    if (form === undefined) return rule(emit, value, inputs);
    return dequantised(emit, { ...form, integers: rule(emit, value, [form.integers]) });
  };

/**
 * Integers with their channels innermost, as ORT's integer convolutions have them, are put into place in runs of
 * `block` pixels' channels; DepthToSpace takes them one by one and six times as long.
 */
export function depthToSpace(emit: Emitter, value: Value<"DepthToSpace">, [x]: readonly string[]): string {
  const { block } = value.attrs;
  const form = emit.integerForms.get(x!);
  if (form === undefined) return emit.node("DepthToSpace", [x!], { blocksize: block, mode: "DCR" });
  const channels = value.shape[1]!;
  const innermost = emit.node("Transpose", [form.integers], { perm: [0, 2, 3, 1] });
  const rows = emit.node("Reshape", [innermost, emit.ints([0, 0, 0, block, block * channels])]);
  const placed = emit.node("Transpose", [rows], { perm: [0, 1, 3, 2, 4] });
  // [N, H, W, C b b] -> [N, H b, W b, C], whatever the image's size.
  const grown = emit.node("Mul", [emit.node("Shape", [innermost]), emit.ints([1, block, block, 1])]);
  const shape = emit.node("Div", [grown, emit.ints([1, 1, 1, block ** 2])]);
  const image = emit.node("Reshape", [placed, shape]);
  const integers = emit.node("Transpose", [image], { perm: [0, 3, 1, 2] });
  return dequantised(emit, { ...form, integers });
}
