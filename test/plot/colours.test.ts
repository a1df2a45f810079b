import { describe, expect, test } from "vitest";
import {
  DIFFERENCE_COLOURS,
  LABEL_COLOUR_COUNT,
  labelColour,
  labelHex,
  type Rgb,
} from "../../src/plot/colours.ts";

type Matrix = readonly (readonly [number, number, number])[];

/** Machado, Oliveira, Fernandes (2009): complete deficiency, on linear RGB. */
const VISION: Readonly<Record<string, Matrix>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
const TO_XYZ: Matrix = [
  [0.4124, 0.3576, 0.1805],
  [0.2126, 0.7152, 0.0722],
  [0.0193, 0.1192, 0.9505],
];

const apply = (m: Matrix, v: readonly number[]): number[] =>
  m.map((row) => row[0] * v[0]! + row[1] * v[1]! + row[2] * v[2]!);

function toLab(colour: Rgb, vision: Matrix): [number, number, number] {
  const linear = colour.map((c) =>
    c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4,
  );
  const seen = apply(vision, linear).map((c) => Math.min(1, Math.max(0, c)));
  const [x, y, z] = apply(TO_XYZ, seen).map((c, i) => {
    const t = c / [0.9505, 1, 1.089][i]!;
    return t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116;
  });
  return [116 * y! - 16, 500 * (x! - y!), 200 * (y! - z!)];
}

describe("label colours", () => {
  test("the background is transparent, and every other of the 50 has a colour of its own", () => {
    expect(labelColour(0)).toBeUndefined();
    expect(labelHex(0)).toBe("transparent");
    const all = Array.from({ length: LABEL_COLOUR_COUNT }, (_, i) => labelHex(i + 1));
    expect(new Set(all).size).toBe(49);
    for (const hex of all) expect(hex).toMatch(/^#[0-9a-f]{6}$/);
  });

  test("are fixed: prostate is bluish green everywhere", () => {
    expect([1, 2, 3, 4, 5].map(labelHex)).toEqual(["#8da0b3", "#e8c81e", "#56b4e9", "#d55e00", "#008a60"]);
    expect(labelHex(50)).toBe(labelHex(1));
  });

  test("an id that cannot be is refused", () => {
    expect(() => labelColour(-1)).toThrow(new RangeError("Label id must be an integer >= 0, got -1"));
    expect(() => labelColour(1.5)).toThrow(new RangeError("Label id must be an integer >= 0, got 1.5"));
  });

  test.each(Object.keys(VISION))(
    "HipMRI's five labels are at least 20 apart in CIELAB for %s vision",
    (name) => {
      const labs = [1, 2, 3, 4, 5].map((id) => toLab(labelColour(id)!, VISION[name]!));
      for (let i = 0; i < labs.length; i++) {
        for (let j = i + 1; j < labs.length; j++) {
          const [a, b] = [labs[i]!, labs[j]!];
          expect(
            Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]),
            `labels ${i + 1}, ${j + 1}`,
          ).toBeGreaterThan(20);
        }
      }
    },
  );

  test("difference colours rise in lightness by at least 18 each, from black on", () => {
    const { correct, false: falsely, missed, wrongLabel } = DIFFERENCE_COLOURS;
    const lightness = [[0, 0, 0] as const, correct, falsely, missed, wrongLabel].map(
      (c) => toLab(c, VISION.normal!)[0],
    );
    for (let i = 1; i < lightness.length; i++) expect(lightness[i]! - lightness[i - 1]!).toBeGreaterThan(18);
  });
});
