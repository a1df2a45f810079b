import { describe, expect, test } from "vitest";
import { makeRandom } from "../../src/core/random.ts";
import { type MeasuredCase, makeFingerprint, measureCase } from "../../src/passport/fingerprint.ts";
import { correlation } from "../../src/passport/measure-image.ts";
import { describePassport, judgePassport } from "../../src/passport/passport.ts";
import { gradeValue, rangeOf } from "../../src/passport/range.ts";
import { readFingerprint, writeFingerprint } from "../../src/passport/read.ts";
import type { PassportCase, PassportFingerprint } from "../../src/passport/types.ts";

const LABELS = [
  { id: 0, name: "background" },
  { id: 1, name: "bladder" },
  { id: 2, name: "prostate" },
];
const SIZE = { width: 24, height: 24, depth: 8 };

interface Changes {
  readonly spacing?: number;
  readonly shift?: number;
  readonly bladder?: boolean;
  readonly radius?: number;
}

/** A dim bright-topped box with two balls, the bladder further along the height than the prostate. */
function scan(seed: number, changes: Changes = {}): PassportCase {
  const { spacing = 2, shift = 0, bladder = true, radius = 4 } = changes;
  const random = makeRandom(seed, "scan");
  const { width, height, depth } = SIZE;
  const image = new Float32Array(width * height * depth);
  const mask = new Uint8Array(image.length);
  const wobble = 0.3 * random.normal();
  for (let z = 0, i = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        const inBall = (cy: number, r: number): boolean =>
          (x - 12 - shift) ** 2 + (y - cy - wobble) ** 2 + (2 * (z - 4)) ** 2 < r * r;
        const isBladder = bladder && inBall(16, radius);
        const isProstate = inBall(7, 3.2);
        mask[i] = isBladder ? 1 : isProstate ? 2 : 0;
        image[i] = 20 + 2 * y + (isBladder ? 60 : 0) + (isProstate ? 25 : 0) + 3 * random.normal();
      }
    }
  }
  return { ...SIZE, spacingMm: [spacing, spacing, 2 * spacing], image, mask };
}

/** Head to foot: image and mask. */
function turned({ image, mask, ...rest }: PassportCase): PassportCase {
  const { width, height } = SIZE;
  const from = (i: number): number => {
    const [x, y, z] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))];
    return x + width * (height - 1 - y + height * z);
  };
  return { ...rest, image: image.map((_, i) => image[from(i)]!), mask: mask.map((_, i) => mask[from(i)]!) };
}

const IDS = [1, 2];
const measured = (seed: number, changes?: Changes): MeasuredCase => ({
  patient: `p${seed}`,
  features: measureCase(scan(seed, changes), IDS),
});
const TRAIN = Array.from({ length: 12 }, (_, seed) => measured(seed));
const OPTIONS = { labels: LABELS, orientation: "LSP" } as const;
const FINGERPRINT = makeFingerprint(TRAIN, OPTIONS)!;
const judge = (input: PassportCase, fingerprint: PassportFingerprint = FINGERPRINT) =>
  judgePassport(measureCase(input, IDS), fingerprint);
const reasonsOf = ({ image, labels }: ReturnType<typeof judge>): string =>
  [
    ...image.reasons,
    ...labels.flatMap(({ name, reasons }) => reasons.map((text) => `${name}: ${text}`)),
  ].join("\n");

describe("ordinary scans", () => {
  test("of training are all ok", () => {
    for (const { features } of TRAIN) expect(judgePassport(features, FINGERPRINT).verdict).toBe("ok");
  });

  test("of new patients are ok, but for one in ten at most", () => {
    const verdicts = Array.from({ length: 40 }, (_, i) => judge(scan(100 + i)).verdict);
    expect(verdicts.filter((verdict) => verdict === "doubtful")).toEqual([]);
    expect(verdicts.filter((verdict) => verdict === "look").length).toBeLessThanOrEqual(4);
  });
});

describe("is flagged:", () => {
  test("a wrong voxel size, in the image and in the volumes", () => {
    const passport = judge(scan(50, { spacing: 4 }));
    expect(passport.verdict).toBe("doubtful");
    expect(passport.image.reasons).toContain("voxel size left to right is 4 mm; training had 2 mm");
    expect(reasonsOf(passport)).toMatch(/bladder: [\d.]+ ml; training had [\d.]+ to [\d.]+ ml/);
  });

  test("a scan upside down, by its brightness and by the order of the organs", () => {
    const passport = judge(turned(scan(50)));
    expect(passport.verdict).toBe("doubtful");
    expect(passport.image.reasons.join()).toContain("bright and dark regions do not lie where they did");
    expect(reasonsOf(passport)).toContain(
      "bladder: bladder does not lie above prostate, as in all training scans",
    );
  });

  test("noise", () => {
    const { image, ...rest } = scan(50);
    const random = makeRandom(1, "noise");
    const passport = judge({ ...rest, image: image.map(() => random.normal()) });
    expect(passport.image.verdict).toBe("doubtful");
    expect(passport.image.reasons.join()).toContain("neighbouring voxels differ by");
  });

  test("an organ that is missing, too large, in pieces or out of place", () => {
    const missing = judge(scan(50, { bladder: false }));
    expect(missing.labels[0]).toEqual({
      name: "bladder",
      verdict: "look",
      reasons: ["not found; all 12 training scans have it"],
    });
    expect(judge(scan(50, { radius: 7 })).labels[0]!.verdict).toBe("doubtful");
    const away = judge(scan(50, { shift: 6 })).labels[1]!;
    expect(away.verdict).not.toBe("ok");
    expect(away.reasons.join()).toMatch(/its middle lies at \d+(\.\d+)? % of the image left to right/);
    const pieces = scan(50);
    const mask = pieces.mask.map((id, i) => (i < 200 && id === 0 ? 1 : id));
    expect(judge({ ...pieces, mask }).labels[0]!.reasons.join()).toContain(
      "lies apart from its largest piece",
    );
  });

  test("nothing found at all", () => {
    const { mask, ...rest } = scan(50);
    const passport = judge({ ...rest, mask: mask.fill(0) });
    expect(passport.labels.map(({ verdict }) => verdict)).toEqual(["doubtful", "doubtful"]);
  });
});

describe("what cannot be judged is no alarm:", () => {
  test("volumes of a file that states no voxel size", () => {
    const passport = judge({ ...scan(50, { spacing: 9 }), spacingMm: null });
    expect(passport.verdict).toBe("ok");
    expect(passport.notJudged).toEqual([
      "sizes in mm and volumes: the file does not state the size of its voxels",
    ]);
  });

  test("the organs of a single slice", () => {
    const { image, mask, ...rest } = scan(50);
    const area = SIZE.width * SIZE.height;
    const slice = { ...rest, depth: 1, image: image.slice(4 * area, 5 * area), mask: mask.slice(0, area) };
    const passport = judge(slice);
    expect(passport.labels).toEqual([]);
    expect(passport.notJudged.join()).toContain("a single slice is no whole scan");
    expect(passport.image.reasons.join()).not.toContain("extent front to back");
  });

  test("an organ that not all training scans have", () => {
    const some = TRAIN.map((each, i) => (i < 4 ? measured(i, { bladder: false }) : each));
    const passport = judge(scan(50, { bladder: false }), makeFingerprint(some, OPTIONS)!);
    expect(passport.labels[0]!.verdict).toBe("ok");
  });
});

describe("the fingerprint", () => {
  test("is compact and comes back from text; what is none is undefined", () => {
    const text = writeFingerprint(FINGERPRINT);
    expect(text.length).toBeLessThan(20_000);
    expect(readFingerprint(text)).toEqual(FINGERPRINT);
    expect(readFingerprint(undefined)).toBeUndefined();
    expect(readFingerprint("{")).toBeUndefined();
    expect(readFingerprint('{"format":2}')).toBeUndefined();
  });

  test("knows which organ lies above which, and no order that does not always hold", () => {
    expect(FINGERPRINT.order.map(({ further, nearer, axis }) => [further, nearer, axis])).toEqual([
      [1, 2, 1],
    ]);
    const mixed = TRAIN.map((each, i) =>
      i === 0 ? { ...each, features: measureCase(turned(scan(0)), IDS) } : each,
    );
    expect(makeFingerprint(mixed, OPTIONS)!.order).toEqual([]);
  });

  test("counts patients, not scans", () => {
    const weekly = TRAIN.map((each, i) => ({ ...each, patient: `p${i % 3}` }));
    expect(makeFingerprint(weekly, OPTIONS)).toMatchObject({ patients: 3, cases: 12 });
    expect(makeFingerprint([], OPTIONS)).toBeUndefined();
  });
});

describe("gradeValue()", () => {
  const range = rangeOf([9, 10, 11])!;

  test("grows worse outwards, on either side, and is ok within the range", () => {
    const options = { patients: 1000, floor: 0.1 };
    const grades = [9, 10, 11, 11.9, 13, 16, 7, 3].map((value) => gradeValue(value, range, options));
    expect(grades).toEqual(["ok", "ok", "ok", "ok", "look", "doubtful", "look", "doubtful"]);
    expect(gradeValue(3, range, { ...options, side: "high" })).toBe("ok");
    expect(gradeValue(Number.NaN, range, options)).toBe("doubtful");
  });

  test("is wider for few patients and believes no spread below the floor", () => {
    expect(gradeValue(13, range, { patients: 2, floor: 0.1 })).toBe("ok");
    const equal = rangeOf([5, 5, 5])!;
    expect(gradeValue(5.01, equal, { patients: 100, floor: 0.05 })).toBe("ok");
  });
});

test("correlation() of a constant is 0", () => {
  expect(correlation([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 12);
  expect(correlation([1, 1, 1], [2, 4, 6])).toBe(0);
});

test("describePassport() tells the worst, each once, and how many more", () => {
  const line = describePassport(judge(turned(scan(50))), 1);
  expect(line).toMatch(/^doubtful: .*; and \d+ more$/);
  const order = describePassport(judge(turned(scan(50))), 99);
  expect(order.match(/does not lie above/g)).toHaveLength(1);
  expect(describePassport(judge(scan(50)))).toBe("ok");
});
