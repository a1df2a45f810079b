/** A graph as text in stable short names, for people and for snapshots. */
import { topologicalOrder, type Value } from "./value.ts";

/**
 * One line a value, e.g. `%3 = Conv(%0, %1) {strides: [1,1]} : float32[1,8,4,4]  # encoder0.conv0`.
 */
export function printGraph(outputs: readonly Value[]): string {
  const names = new Map<Value, string>();
  const lines: string[] = [];
  for (const value of topologicalOrder(outputs)) {
    const name = `%${names.size}`;
    names.set(value, name);
    const inputs = value.inputs.map((from) => names.get(from)).join(", ");
    const attrs = Object.entries(value.attrs)
      .filter(([key]) => key !== "data")
      .map(([key, attr]) => `${key}: ${JSON.stringify(attr)}`)
      .join(", ");
    const comment = value.label === "" ? "" : `  # ${value.label}`;
    const braces = attrs === "" ? "" : ` {${attrs}}`;
    lines.push(
      `${name} = ${value.op}(${inputs})${braces} : ${value.dtype}[${value.shape.join(",")}]${comment}`,
    );
  }
  lines.push(`return ${outputs.map((output) => names.get(output)).join(", ")}`);
  return lines.join("\n");
}
