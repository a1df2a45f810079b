import { createHash, createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { cielabOf, codeOfLabel, colourOfLabel } from "../../../src/formats/dicom/seg-codes.ts";
import { packFrames } from "../../../src/formats/dicom/seg-frames.ts";
import { digest, uidFrom } from "../../../src/formats/dicom/uid.ts";
import { encodeDataset, formatDecimal } from "../../../src/formats/dicom/write.ts";

describe("formatDecimal()", () => {
  test.each([
    [0, "0"],
    [-1.5, "-1.5"],
    [0.1 + 0.2, "0.3"],
    [-1 / 3, "-0.3333333333333"],
    [1e-20, "1e-20"],
    [-1e-7 / 3, "-3.3333333333e-8"],
    [1e17 / 3, "3.3333333333e+16"],
    [-1e300 / 3, "-3.33333333e+299"],
  ])("%d is %s", (value, text) => {
    expect(formatDecimal(value)).toBe(text);
  });

  test("refuses what is no number", () => {
    expect(() => formatDecimal(Number.NaN)).toThrow(RangeError);
  });
});

describe("encodeDataset()", () => {
  test("sorts by tag, pads to even lengths, nests items", () => {
    const bytes = encodeDataset({
      Rows: 258,
      PatientID: "abc",
      SOPClassUID: "1.2.3",
      DerivationImageSequence: [{ StudyID: "" }],
      StudyDate: undefined,
    });
    expect([...bytes]).toEqual(
      [
        [0x08, 0, 0x16, 0, 0x55, 0x49, 6, 0, 0x31, 0x2e, 0x32, 0x2e, 0x33, 0],
        [0x08, 0, 0x24, 0x91, 0x53, 0x51, 0, 0, 16, 0, 0, 0, 0xfe, 0xff, 0, 0xe0, 8, 0, 0, 0],
        [0x20, 0, 0x10, 0, 0x53, 0x48, 0, 0],
        [0x10, 0, 0x20, 0, 0x4c, 0x4f, 4, 0, 0x61, 0x62, 0x63, 0x20],
        [0x28, 0, 0x10, 0, 0x55, 0x53, 2, 0, 2, 1],
      ].flat(),
    );
  });
});

describe("uidFrom()", () => {
  test("is a UUID of version 8 from SHA-256, keyed by a secret", () => {
    expect(Buffer.from(digest(["a", "bc"])).toString("hex")).toBe(
      createHash("sha256").update("1:a2:bc").digest("hex"),
    );
    expect(Buffer.from(digest(["a"], "key")).toString("hex")).toBe(
      createHmac("sha256", "key").update("1:a").digest("hex"),
    );
    const hex = BigInt(uidFrom(["a"]).slice(5))
      .toString(16)
      .padStart(32, "0");
    expect(hex[12]).toBe("8");
    expect("89ab").toContain(hex[16]);
    expect(uidFrom(["ab", "c"])).not.toBe(uidFrom(["a", "bc"]));
  });
});

test("packFrames() leaves no gap between frames, and fills bytes from the lowest bit", () => {
  const mask = Uint8Array.of(1, 0, 1, 0, 1, 1, 2, 2, 2);
  const frames = [
    { segment: 0, z: 0 },
    { segment: 0, z: 1 },
    { segment: 1, z: 2 },
  ];
  expect([...packFrames(mask, [1, 2], 3, frames)]).toEqual([0b11_110_101, 0b1]);
});

describe("codes and colours", () => {
  test("labels that are known have SNOMED CT codes", () => {
    expect(codeOfLabel("Prostate")).toEqual({ value: "41216001", scheme: "SCT", meaning: "Prostate" });
    expect(codeOfLabel("mesorectum")).toEqual({
      value: "mesorectum",
      scheme: "99HIPMRI",
      meaning: "mesorectum",
    });
    expect(codeOfLabel("left seminal vesicle").value).toMatch(/^L-[0-9a-f]{12}$/);
    expect(codeOfLabel("constructor").scheme).toBe("99HIPMRI");
  });

  test("CIELab under D50: white, black, and the primaries as lcms gives them", () => {
    expect(cielabOf([255, 255, 255])).toEqual([65535, 32896, 32896]);
    expect(cielabOf([0, 0, 0])).toEqual([0, 32896, 32896]);
    const [l, a, b] = cielabOf([255, 0, 0]);
    expect([(l / 65535) * 100, (a / 65535) * 255 - 128, (b / 65535) * 255 - 128].map(Math.round)).toEqual([
      54, 81, 70,
    ]);
  });

  test("every label has a colour", () => {
    expect(new Set([1, 2, 3].map((id) => colourOfLabel(id, "x").join())).size).toBe(3);
  });
});
