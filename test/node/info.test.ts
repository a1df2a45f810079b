import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { describeFile } from "../../src/node/workflows/info.ts";
import { TINY_CARD, temporaryFolder, tinyModel, writeFiles } from "../cli/support.ts";
import { rejection } from "../support/data-folder.ts";

const FIXTURES = new URL("../fixtures/nifti/", import.meta.url).pathname;
const names = readdirSync(FIXTURES).filter((name) => name.endsWith(".nii.gz"));
const folder = temporaryFolder();

describe("describeFile() of an image", () => {
  test("has fixtures to compare with", () => expect(names.length).toBeGreaterThan(15));

  test.each(names)("says of %s what nibabel says", async (name) => {
    const expected: Record<string, unknown> = JSON.parse(
      readFileSync(join(FIXTURES, name.replace(".nii.gz", ".json")), "utf8"),
    );
    const info = await describeFile(join(FIXTURES, name));
    expect(Object.keys(info)).toEqual([
      "kind",
      "format",
      "shape",
      "spacingMm",
      "orientation",
      "affine",
      "affineSource",
      "dtype",
      "scale",
      "warnings",
    ]);
    if (info.kind !== "image") throw new Error("expected an image");
    for (const key of ["format", "shape", "orientation", "affineSource", "dtype", "scale"] as const) {
      expect(info[key]).toEqual(expected[key]);
    }
    const numbers = (value: unknown): number[] => [value].flat(3) as number[];
    for (const key of ["affine", "spacingMm"] as const) {
      for (const [i, value] of numbers(info[key]).entries()) {
        expect(value).toBeCloseTo(numbers(expected[key])[i]!, 4);
      }
    }
  });
});

describe("describeFile() of a model", () => {
  test("gives its card, of a file and of a run folder", async () => {
    const bytes = tinyModel();
    const run = writeFiles(join(folder, "run"), { "model.onnx": bytes });
    const path = join(run, "model.onnx");
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const expected = {
      kind: "model",
      hasKnownAnswer: false,
      path,
      bytes: bytes.length,
      sha256,
      ...TINY_CARD,
    };
    expect(await describeFile(path)).toEqual(expected);
    expect(await describeFile(run)).toEqual(expected);
  });

  test("adds what the run folder knows of looks at the test patients", async () => {
    const look = {
      step: 9,
      modelSha256: "00",
      by: "compare",
      why: "a, b",
      version: "0.4.0",
      at: "2026-01-01",
    };
    const bytes = tinyModel();
    const run = writeFiles(join(folder, "compared"), {
      "model.onnx": bytes,
      "test-looks.jsonl": new TextEncoder().encode(`${JSON.stringify(look)}\n`),
    });
    expect(await describeFile(run)).toMatchObject({ testSeen: { during: "selection" } });
    // A model that was copied elsewhere has its card alone.
    const copy = join(writeFiles(join(folder, "copy"), { "copy.onnx": bytes }), "copy.onnx");
    expect(await describeFile(copy)).toMatchObject({ testSeen: { during: "unknown" } });
  });

  test("refuses what is no model", async () => {
    const at = writeFiles(join(folder, "none"), { "x.onnx": new Uint8Array(5) });
    expect((await rejection(describeFile(at))).message).toBe(
      `Cannot find a model in folder "${at}": expected "model.onnx"`,
    );
    expect((await rejection(describeFile(join(at, "x.onnx")))).code).toBe("bad-model");
  });
});
