/**
 * Reverse-mode differentiation, graph in, graph out: walk back from the loss, apply one rule an operation, add where
 * paths meet, and leave out what does not lead to a target.
 * Griewank and Walther, "Evaluating Derivatives" (2008), chapter 3.
 */
import { add, constant, expand } from "../graph/build.ts";
import type { Op } from "../graph/ops.ts";
import { isSameShape, topologicalOrder, type Value } from "../graph/value.ts";
import { vjpRules } from "./vjp.ts";

type AnyRule = (value: Value, cotangent: Value) => readonly (Value | null)[];

/**
 * d loss / d target for every target, each of the target's shape.
 * @param loss a value with a single element.
 * @throws RangeError when the loss is no scalar or does not depend on a target.
 */
export function gradient(loss: Value, targets: readonly Value[]): Value[] {
  if (loss.shape.some((extent) => extent !== 1)) {
    throw new RangeError(
      `Cannot differentiate "${loss.label}": a loss has one element, got [${loss.shape.join(", ")}]`,
    );
  }
  const order = topologicalOrder([loss]);
  const leads = new Set<Value>(targets);
  for (const value of order) if (value.inputs.some((from) => leads.has(from))) leads.add(value);

  const cotangents = new Map<Value, Value>([[loss, expand(constant(1), loss.shape)]]);
  for (const value of order.reverse()) {
    const cotangent = cotangents.get(value);
    if (cotangent === undefined || !leads.has(value)) continue;
    if (!value.inputs.some((from) => leads.has(from))) continue;
    const rule = vjpRules[value.op as Op] as AnyRule | null;
    if (rule === null) throw new RangeError(`Cannot differentiate through ${value.op} "${value.label}"`);
    for (const [i, part] of rule(value, cotangent).entries()) {
      const from = value.inputs[i]!;
      if (part === null || !leads.has(from)) continue;
      if (!isSameShape(part.shape, from.shape)) {
        throw new Error(`internal: ${value.op} gave a cotangent [${part.shape}] for a value [${from.shape}]`);
      }
      const sofar = cotangents.get(from);
      cotangents.set(from, sofar === undefined ? part : add(sofar, part));
    }
  }
  return targets.map((target) => {
    const result = cotangents.get(target);
    if (result === undefined) throw new RangeError(`The loss does not depend on "${target.label}"`);
    return result;
  });
}
