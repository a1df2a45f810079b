import { describe, expect, test } from "vitest";
import { readModelMetadata, replaceMetadata } from "../../src/onnx/model.ts";
import { readModelCard } from "../../src/predict/card.ts";
import {
  checkKnownAnswer,
  KNOWN_ANSWER_KEY,
  type KnownAnswer,
  makeKnownAnswer,
  readKnownAnswer,
  withKnownAnswer,
} from "../../src/predict/known-answer.ts";
import { float32Of, type Program, type Tensors } from "../../src/runtime/runtime.ts";
import { runtime } from "../support/check.ts";
import { exportedModel, NETWORKS, roundedModel } from "../support/inference-models.ts";

const pelvis = exportedModel(NETWORKS.pelvis!, { mirrored: ["width"] });
const card = readModelCard(pelvis, "m.onnx");

/** A backend whose scores are another function of the right ones. */
const backend = (change: (logits: Float32Array, feeds: Tensors) => Float32Array): Promise<Program> =>
  runtime.load(pelvis).then((program) => ({
    ...program,
    async run(feeds) {
      const results = await program.run(feeds);
      const { shape } = results.logits!;
      const data = change(float32Of(results, "logits").slice(), feeds);
      return { logits: { dtype: "float32", shape, data } };
    },
  }));

async function answered(bytes: Uint8Array): Promise<{ answer: KnownAnswer; bytes: Uint8Array }> {
  const whole = await withKnownAnswer(runtime, bytes, "m.onnx");
  const answer = readKnownAnswer(readModelMetadata(whole)!, readModelCard(whole, "m.onnx"), "m.onnx");
  return { answer: answer!, bytes: whole };
}

describe("a known answer", () => {
  test.each(Object.entries(NETWORKS))("is found right where it was made: %s", async (_, unet) => {
    for (const bytes of [exportedModel(unet), exportedModel(unet, { networks: 2, mirrored: ["height"] })]) {
      const { answer, bytes: whole } = await answered(bytes);
      const program = await runtime.load(whole);
      const found = await checkKnownAnswer(program, readModelCard(whole, "m.onnx"), answer);
      await program.dispose();
      expect(found).toMatchObject({ isRight: true, maxError: 0, summaryError: 0 });
      expect(answer).toMatchObject({ positions: 256, tolerance: 1e-3 });
      const [, , height, width] = answer.shape;
      expect(width).toBeGreaterThan(height);
      expect(width * height).toBeLessThan(150 * 150);
    }
  });

  test("is the same each time, and stands beside the card", async () => {
    const { bytes } = await answered(pelvis);
    expect((await answered(pelvis)).bytes).toEqual(bytes);
    expect((await answered(bytes)).bytes).toEqual(bytes);
    expect(Object.keys(readModelMetadata(bytes)!)).toEqual(["hipmri", KNOWN_ANSWER_KEY]);
    expect(bytes.length - pelvis.length).toBeLessThan(9000);
  });

  test("of a model in 8-bit integers allows for other kernels", async () => {
    const { answer } = await answered(await roundedModel(runtime, NETWORKS.pelvis!));
    expect(answer.tolerance).toBe(0.05);
  });

  test("of many labels notes fewer positions", async () => {
    const many = { ...NETWORKS.pelvis!, classes: 60 };
    const { answer } = await answered(exportedModel(many));
    expect(answer.positions).toBe(34);
  });
});

describe("checkKnownAnswer()", () => {
  const check = async (change: (logits: Float32Array, feeds: Tensors) => Float32Array) => {
    const right = await runtime.load(pelvis);
    return checkKnownAnswer(await backend(change), card, await makeKnownAnswer(right, card));
  };
  test("passes what another backend rounds otherwise", async () => {
    const found = await check((logits) =>
      logits.map((score, i) => score * (1 + (i % 2 === 0 ? 1e-5 : -1e-5))),
    );
    expect(found.isRight).toBe(true);
    expect(found.maxError).toBeGreaterThan(0);
    expect(found.maxError).toBeLessThan(1e-4);
  });
  test.each<[string, (logits: Float32Array) => Float32Array]>([
    ["scores that are a percent too large", (logits) => logits.map((score) => score * 1.01)],
    ["scores turned by a pixel", (logits) => logits.map((_, i) => logits[(i + 1) % logits.length]!)],
    ["zeros", (logits) => logits.fill(0)],
    ["not a number anywhere", (logits) => logits.fill(Number.NaN, 7, 8)],
    ["nothing but infinity", (logits) => logits.fill(Number.POSITIVE_INFINITY)],
  ])("finds %s", async (_, change) => {
    expect((await check(change)).isRight).toBe(false);
  });
  test("says where the error is largest, and how large", async () => {
    const { width } = { width: 96 };
    const found = await check((logits) => {
      for (let column = 0; column < width; column++) logits[10 * width + column]! += 20;
      return logits;
    });
    expect(found.worstPosition[0]).toBe(10);
    expect(found.maxError).toBeGreaterThan(0.5);
  });
  test("says where a score is not a number", async () => {
    const found = await check((logits) => logits.fill(Number.NaN));
    expect(found).toMatchObject({
      isRight: false,
      maxError: Number.POSITIVE_INFINITY,
      summaryError: Number.POSITIVE_INFINITY,
    });
  });
});

describe("readKnownAnswer()", () => {
  const read = (text: string) => readKnownAnswer({ [KNOWN_ANSWER_KEY]: text }, card, "m.onnx");
  test("gives none of a model that has none", () => {
    expect(readKnownAnswer(readModelMetadata(pelvis)!, card, "m.onnx")).toBeUndefined();
  });
  test("refuses what does not fit the network, or would fill the memory", async () => {
    const program = await runtime.load(pelvis);
    const good = await makeKnownAnswer(program, card);
    expect(read(JSON.stringify(good))).toEqual(good);
    for (const change of [
      { shape: [1, 1, 100_000, 100_000] },
      { shape: [1, 2, 64, 96] },
      { shape: [1, 1, 63, 96] },
      { positions: 255 },
      { logits: "AAAA" },
      { logits: "no base64!" },
      { tolerance: -1 },
    ]) {
      expect(() => read(JSON.stringify({ ...good, ...change })), JSON.stringify(change)).toThrow(
        'Cannot use "m.onnx": its known answer does not fit its card',
      );
    }
    expect(() => read("{")).toThrow("its known answer does not fit its card");
    expect(() =>
      readKnownAnswer(
        { ...readModelMetadata(replaceMetadata(pelvis, { [KNOWN_ANSWER_KEY]: "1" }))! },
        card,
        "m.onnx",
      ),
    ).toThrow();
  });
});
