/**
 * A graph is its values: each value knows the operation that makes it and the values it is made of.
 * Nothing is computed here; `onnx/` writes a graph as an ONNX model and a Runtime runs it.
 * Image tensors are always NCHW: [batch, channels, height, width].
 */
import type { Op, OpAttrs } from "./ops.ts";

export type DType = "float32" | "uint8";
export type Shape = readonly number[];

/** One result of one operation. Made only by makeValue() in build.ts. */
export type Value<K extends Op = Op> = {
  readonly [O in K]: {
    readonly op: O;
    readonly attrs: OpAttrs[O];
    readonly inputs: readonly Value[];
    readonly shape: Shape;
    readonly dtype: DType;
    /** Where in the network it stands, e.g. "encoder1.conv0"; for errors, diagrams and ONNX node names. */
    readonly label: string;
  };
}[K];

/** Number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

export function isSameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, i) => extent === b[i]);
}

/** The values that `outputs` need, each after those it is made of. */
export function topologicalOrder(outputs: readonly Value[]): Value[] {
  const order: Value[] = [];
  const done = new Set<Value>();
  // An explicit stack: training graphs are thousands of values deep.
  const stack: { readonly value: Value; next: number }[] = [];
  for (const output of outputs) {
    if (done.has(output)) continue;
    stack.push({ value: output, next: 0 });
    done.add(output);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const input = top.value.inputs[top.next++];
      if (input === undefined) {
        order.push(top.value);
        stack.pop();
      } else if (!done.has(input)) {
        done.add(input);
        stack.push({ value: input, next: 0 });
      }
    }
  }
  return order;
}
