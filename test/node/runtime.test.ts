import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { conv, input, maxPool, mul, norm, reduceSum } from "../../src/graph/build.ts";
import type { Value } from "../../src/graph/value.ts";
import { makeNodeRuntime } from "../../src/node/runtime.ts";
import { buildModel } from "../../src/onnx/model.ts";
import type { Program, Tensors } from "../../src/runtime/runtime.ts";
import { drawFeeds, toTensors } from "../support/check.ts";

const image = input("image", [2, 2, 32, 33]);
const weight = input("weight", [8, 2, 3, 3]);
const hidden = norm(
  conv(image, weight, { strides: [1, 1], pads: [1, 1, 1, 1] }),
  input("scale", [8]),
  input("shift", [8]),
  { over: "batch", epsilon: 1e-5 },
);
const pooled = maxPool(hidden, { kernel: [2, 2] });
const loss = reduceSum(mul(pooled, pooled));
const outputs: Readonly<Record<string, Value>> = { loss, pooled, dWeight: gradient(loss, [weight])[0]! };
const inputs = toTensors([loss], drawFeeds([loss]));
const empty = (value: Value) =>
  ({
    dtype: "float32",
    shape: value.shape,
    data: new Float32Array(value.shape.reduce((a, b) => a * b, 1)),
  }) as const;

async function withProgram<T>(threads: number, use: (program: Program) => Promise<T>): Promise<T> {
  const program = await makeNodeRuntime({ threads }).load(buildModel({ outputs }));
  try {
    return await use(program);
  } finally {
    await program.dispose();
  }
}
/** The bits of every result. */
const bits = (results: Tensors): Record<string, number[]> =>
  Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => [
      name,
      Array.from(new Uint32Array(data.buffer, data.byteOffset, data.length)),
    ]),
  );

test("a runtime says what it is", () => {
  expect(makeNodeRuntime({ threads: 2 }).name).toMatch(/^onnxruntime-node 1\.\d+\.\d+ cpu, 2 threads$/);
});

test("results have names, types and shapes", async () => {
  const results = await withProgram(1, (program) => program.run(inputs));
  expect(Object.entries(results).map(([name, { dtype, shape }]) => [name, dtype, [...shape]])).toEqual([
    ["loss", "float32", [1, 1, 1, 1]],
    ["pooled", "float32", [2, 8, 16, 16]],
    ["dWeight", "float32", [8, 2, 3, 3]],
  ]);
});

describe.each([1, 2])("with %d threads", (threads) => {
  test("the same inputs give the same bits, in one program and in a new one", async () => {
    const [first, second] = await withProgram(threads, async (program) => [
      bits(await program.run(inputs)),
      bits(await program.run(inputs)),
    ]);
    expect(second).toEqual(first);
    expect(await withProgram(threads, async (program) => bits(await program.run(inputs)))).toEqual(first);
  });
});

describe("results given to write into", () => {
  test("are written in place, run after run", async () => {
    const into = { loss: empty(loss), pooled: empty(pooled), dWeight: empty(outputs.dWeight!) };
    await withProgram(1, async (program) => {
      const fresh = bits(await program.run(inputs));
      const results = await program.run(inputs, into);
      expect(bits(into)).toEqual(fresh);
      for (const [name, tensor] of Object.entries(into)) expect(results[name]).toBe(tensor);
      for (const { data } of Object.values(into)) data.fill(Number.NaN);
      await program.run(inputs, into);
      expect(bits(into)).toEqual(fresh);
    });
  });
  test("may be given for some and are allocated for the others", async () => {
    const into = { dWeight: empty(outputs.dWeight!) };
    await withProgram(1, async (program) => {
      const fresh = bits(await program.run(inputs));
      const results = await program.run(inputs, into);
      expect(bits(results)).toEqual(fresh);
      expect(bits(into)).toEqual({ dWeight: fresh.dWeight });
    });
  });
  test("may be a part of a larger buffer", async () => {
    const whole = new Float32Array(3 + 144 + 2).fill(-1);
    const part = { dtype: "float32", shape: [8, 2, 3, 3], data: whole.subarray(3, 3 + 144) } as const;
    await withProgram(1, async (program) => {
      const fresh = bits(await program.run(inputs));
      await program.run(inputs, { dWeight: part });
      expect(bits({ part }).part).toEqual(fresh.dWeight);
      expect([...whole.subarray(0, 3), ...whole.subarray(-2)]).toEqual([-1, -1, -1, -1, -1]);
    });
  });
});

test("inputs are not changed by a run", async () => {
  const before = bits(inputs);
  await withProgram(1, (program) => program.run(inputs));
  expect(bits(inputs)).toEqual(before);
});

test("a model that is none is refused", async () => {
  await expect(makeNodeRuntime({ threads: 1 }).load(new Uint8Array([1, 2, 3]))).rejects.toThrow();
});

test("a profile of the run is written where asked for", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hipmri-profile-"));
  try {
    const profiled = makeNodeRuntime({ threads: 1, profilePrefix: join(folder, "run") });
    const program = await profiled.load(buildModel({ outputs }));
    await program.run(inputs);
    await program.dispose();
    const files = readdirSync(folder);
    expect(files).toHaveLength(1);
    expect(readFileSync(join(folder, files[0]!), "utf8")).toContain("MaxPool");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
