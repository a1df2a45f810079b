/**
 * ONNX Runtime's blocked layout, NCHWc: [N, C/b, H, W, b], channels side by side by eights or sixteens, in which its
 * convolutions take about two thirds of the time. ORT moves to it by itself where weights are constant; the operators
 * of its internal domain take changing weights too, when the graph reorders them. A block size suits a machine:
 * a runtime finds it by trial, and where there is none, graphs are plain.
 */
import type { Pads, Pair } from "../graph/ops.ts";
import type { Value } from "../graph/value.ts";
import { convAttributes } from "./emit.ts";
import type { Emitter } from "./emitter.ts";

export const BLOCKED_DOMAIN = "com.microsoft.nchwc";

/** The two forms in which a value may stand in the model; what is asked for and missing is reordered, once. */
export interface Forms {
  /** Channels in a block. */
  readonly block: number;
  plain(value: Value): string;
  blocked(value: Value): string;
  /** Whether the blocked form is there without reordering. */
  isBlocked(value: Value): boolean;
}

export function toBlocked(emit: Emitter, name: string): string {
  return emit.node("ReorderInput", [name], {}, BLOCKED_DOMAIN);
}

export function toPlain(emit: Emitter, name: string, channels: number): string {
  return emit.node("ReorderOutput", [name], { channels }, BLOCKED_DOMAIN);
}

/** A convolution's weight w [O,C,kh,kw] as a blocked convolution takes it. */
export interface BlockedWeight {
  readonly name: string;
  /** Rows and columns. */
  readonly kernel: Pair;
}

/**
 * Whether a blocked convolution can lead from so many channels to so many: the result must fill its blocks, and so must
 * the image, unless it is thinner than a block; such an image stays plain.
 */
export const canBlock = (from: number, to: number, block: number): boolean =>
  to % block === 0 && (from % block === 0 || from < block);

/** w [O,C,kh,kw] -> [O/b, C/b, kh, kw, b of C, b of O], or [O/b, C, kh, kw, b of O] where C is thinner than a block. */
export function weightForward(emit: Emitter, weight: Value, name: string, block: number): BlockedWeight {
  const [o, c, kh, kw] = weight.shape as readonly [number, number, number, number];
  // ReorderInput on [1, O, C kh kw, 1] moves blocks of O inside with ORT's own vector code.
  const inside = toBlocked(emit, emit.node("Reshape", [name, emit.ints([1, o, c * kh * kw, 1])]));
  if (c < block) return { name: emit.node("Reshape", [inside, emit.ints([o, c, kh, kw])]), kernel: [kh, kw] };
  const split = emit.node("Reshape", [inside, emit.ints([o / block, c / block, block, kh * kw, block])]);
  const turned = emit.node("Transpose", [split], { perm: [0, 1, 3, 2, 4] });
  return { name: emit.node("Reshape", [turned, emit.ints([o, c, kh, kw])]), kernel: [kh, kw] };
}

/** The weight of the convolution that is the adjoint: channels swapped, turned by 180 degrees, and blocked as above. */
export function weightBackward(emit: Emitter, weight: Value, name: string, block: number): BlockedWeight {
  const [o, c, kh, kw] = weight.shape as readonly [number, number, number, number];
  const inside = toBlocked(emit, emit.node("Reshape", [name, emit.ints([o, c, kh * kw, 1])]));
  const isThin = o < block;
  const split = isThin
    ? emit.node("Reshape", [inside, emit.ints([o, c / block, kh * kw, block])])
    : emit.node("Reshape", [inside, emit.ints([o / block, block, c / block, kh * kw, block])]);
  const swapped = emit.node("Transpose", [split], { perm: isThin ? [1, 0, 2, 3] : [2, 0, 3, 1, 4] });
  const backwards = Array.from({ length: kh * kw }, (_, i) => kh * kw - 1 - i);
  const turned = kh * kw === 1 ? swapped : emit.node("Gather", [swapped, emit.ints(backwards)], { axis: 2 });
  return { name: emit.node("Reshape", [turned, emit.ints([c, o, kh, kw])]), kernel: [kh, kw] };
}

/** A blocked convolution without dilation or groups; `x` is plain where it is thinner than a block. */
export function blockedConv(
  emit: Emitter,
  x: string,
  weight: BlockedWeight,
  options: { readonly strides: Pair; readonly pads: Pads; readonly bias: readonly string[] },
): string {
  return emit.node(
    "Conv",
    [x, weight.name, ...options.bias],
    convAttributes(weight.kernel, options),
    BLOCKED_DOMAIN,
  );
}
