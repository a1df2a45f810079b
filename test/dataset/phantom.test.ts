import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import type { PhantomOptions, PhantomVolume } from "../../src/dataset/phantom/phantom.ts";
import {
  defaultPhantomOptions,
  makePhantomVolume,
  PHANTOM_SIZES,
  planPhantom,
  splitPatients,
} from "../../src/dataset/phantom/phantom.ts";

const SMALL: PhantomOptions = { ...defaultPhantomOptions, size: { x: 64, y: 32, slices: 24 } };

function hash(volume: PhantomVolume): string {
  const { image, mask } = volume;
  const bytes = new Uint8Array(image.buffer, image.byteOffset, image.byteLength);
  return createHash("sha256").update(bytes).update(mask).digest("hex");
}

/** Share of each label in %. */
function shares(masks: readonly Uint8Array[]): number[] {
  const counts = [0, 0, 0, 0, 0, 0];
  let voxels = 0;
  for (const mask of masks) {
    for (const label of mask) counts[label]!++;
    voxels += mask.length;
  }
  return counts.map((count) => (100 * count) / voxels);
}

function centroid(volume: PhantomVolume, label: number): [number, number, number] {
  const [nx, ny] = volume.shape;
  const sum = [0, 0, 0];
  let count = 0;
  volume.mask.forEach((value, v) => {
    if (value !== label) return;
    const index = [v % nx, Math.floor(v / nx) % ny, Math.floor(v / (nx * ny))];
    for (let row = 0; row < 3; row++) {
      const [a, b, c, d] = volume.affine[row]!;
      sum[row]! += a * index[0]! + b * index[1]! + c * index[2]! + d;
    }
    count++;
  });
  return [sum[0]! / count, sum[1]! / count, sum[2]! / count];
}

describe("makePhantomVolume", () => {
  const volume = makePhantomVolume(SMALL, 0, 0);

  it("gives the same bytes for the same seed, whatever was made in between", () => {
    makePhantomVolume(SMALL, 3, 1);
    expect(hash(makePhantomVolume({ ...SMALL }, 0, 0))).toBe(hash(volume));
  });

  it("differs by seed, by man and by week", () => {
    const hashes = [
      volume,
      makePhantomVolume({ ...SMALL, seed: SMALL.seed + 1 }, 0, 0),
      makePhantomVolume(SMALL, 1, 0),
      makePhantomVolume(SMALL, 0, 1),
    ].map(hash);
    expect(new Set(hashes).size).toBe(4);
  });

  it("moves and fills the organs of one man from week to week", () => {
    const weeks = [0, 1, 2].map((week) => makePhantomVolume(SMALL, 2, week));
    const bladders = weeks.map((week) => week.mask.reduce((n, label) => n + (label === 3 ? 1 : 0), 0));
    expect(Math.max(...bladders) / Math.min(...bladders)).toBeGreaterThan(1.1);
    const [first, second] = weeks.map((week) => centroid(week, 5));
    expect(Math.hypot(...first!.map((value, axis) => value - second![axis]!))).toBeGreaterThan(1);
    expect(weeks[0]!.mask).not.toEqual(weeks[1]!.mask);
  });

  it("draws the same man at every grid size", () => {
    const large = makePhantomVolume({ ...SMALL, size: { x: 128, y: 64, slices: 32 } }, 0, 0);
    for (const label of [1, 2, 3, 4, 5]) {
      const here = centroid(volume, label);
      const there = centroid(large, label);
      for (let axis = 0; axis < 3; axis++) expect(Math.abs(here[axis]! - there[axis]!)).toBeLessThan(4);
    }
  });

  it("puts the bladder above the prostate, the rectum behind it and air around the body", () => {
    for (let man = 0; man < 4; man++) {
      const other = makePhantomVolume(SMALL, man, 0);
      const [, prostateY, prostateZ] = centroid(other, 5);
      expect(centroid(other, 3)[2]).toBeGreaterThan(prostateZ + 15);
      expect(centroid(other, 4)[1]).toBeLessThan(prostateY - 15);
      const [nx, ny, slices] = other.shape;
      for (let row = 0; row < ny * slices; row++) {
        expect(other.mask[row * nx]).toBe(0);
        expect(other.mask[row * nx + nx - 1]).toBe(0);
      }
    }
  });

  it("stores whole numbers >= 0 on a grid that covers 430.08 x 199.68 x 150 mm, orientation LSP", () => {
    expect(volume.shape).toEqual([64, 32, 24]);
    expect(volume.image.length).toBe(64 * 32 * 24);
    expect(volume.image.every((value) => Number.isInteger(value) && value >= 0)).toBe(true);
    const extents = volume.spacingMm.map((mm, axis) => mm * volume.shape[axis]!);
    expect(extents.map((mm) => Math.round(mm * 1e6) / 1e6)).toEqual([430.08, 199.68, 150]);
    const [dx, dy, ds] = volume.spacingMm;
    expect(volume.affine).toEqual([
      [-dx, 0, 0, 31.5 * dx],
      [0, 0, -ds, 11.5 * ds],
      [0, dy, 0, -15.5 * dy],
      [0, 0, 0, 1],
    ]);
  });

  it("scales every scan's intensity on its own", () => {
    const brightness = [0, 1, 2, 3].map((man) => {
      const { image, mask } = makePhantomVolume(SMALL, man, 0);
      const bladder = image.filter((_, v) => mask[v] === 3);
      return bladder.reduce((sum, value) => sum + value, 0) / bladder.length;
    });
    expect(Math.max(...brightness) / Math.min(...brightness)).toBeGreaterThan(1.3);
  });

  it("cannot be segmented by intensity: prostate, bladder wall, muscle and bowel overlap", () => {
    // The best single window for the prostate inside the body, over all windows of the man's own intensities.
    const { image, mask } = makePhantomVolume(SMALL, 0, 0);
    const inside = [...image.keys()].filter((v) => mask[v]! > 0);
    const sorted = inside.map((v) => image[v]!).sort((a, b) => a - b);
    const prostate = inside.filter((v) => mask[v] === 5).length;
    let best = 0;
    for (let low = 0; low < 20; low++) {
      for (let high = low + 1; high <= 20; high++) {
        const from = sorted[Math.floor((low / 20) * (sorted.length - 1))]!;
        const to = sorted[Math.floor((high / 20) * (sorted.length - 1))]!;
        let chosen = 0;
        let right = 0;
        for (const v of inside) {
          if (image[v]! < from || image[v]! > to) continue;
          chosen++;
          if (mask[v] === 5) right++;
        }
        best = Math.max(best, (2 * right) / (chosen + prostate));
      }
    }
    expect(best).toBeGreaterThan(0);
    expect(best).toBeLessThan(0.1);
  });

  it("refuses a bad index, week and grid", () => {
    expect(() => makePhantomVolume(SMALL, -1, 0)).toThrow("Patient index must be an integer >= 0, got -1");
    expect(() => makePhantomVolume(SMALL, 0, 0.5)).toThrow("Week must be an integer >= 0, got 0.5");
    const thin = { ...SMALL, size: { x: 64, y: 32, slices: 4 } };
    expect(() => makePhantomVolume(thin, 0, 0)).toThrow(
      "The phantom's slices must be an integer from 8 to 512, found 4",
    );
  });
});

describe("the default phantom", () => {
  const plan = planPhantom(defaultPhantomOptions);
  const size = { x: 64, y: 32, slices: 24 };
  const perMan = [...new Set(plan.map((entry) => entry.patientIndex))].map(
    (man) => makePhantomVolume({ ...defaultPhantomOptions, size }, man, 0).mask,
  );

  it("has all five labels in every man, in plausible amounts", () => {
    for (const mask of perMan) {
      const [, body, bone, bladder, rectum, prostate] = shares([mask]);
      expect(body).toBeGreaterThan(28);
      expect(bone).toBeGreaterThan(2.5);
      expect(bladder).toBeGreaterThan(0.12);
      expect(rectum).toBeGreaterThan(0.07);
      expect(prostate).toBeGreaterThan(0.07);
    }
  });

  // HipMRI's shares are of whole volumes, 430 mm front to back; the phantom's slices cover the 150 mm with the organs.
  it("has organs of HipMRI's size: 3.4 / 0.57 / 0.14 / 0.10 % of a volume 430 mm deep", () => {
    const bounds = [
      [1.9, 3.4],
      [0.35, 0.75],
      [0.1, 0.22],
      [0.08, 0.16],
    ];
    const ofWholeVolume = shares(perMan).map((share) => (share * 150) / 430);
    for (const [i, share] of ofWholeVolume.slice(2).entries()) {
      expect(share).toBeGreaterThan(bounds[i]![0]!);
      expect(share).toBeLessThan(bounds[i]![1]!);
    }
  });
});

describe("planPhantom", () => {
  it("numbers cases from 4 and keeps every man in one split", () => {
    const plan = planPhantom(defaultPhantomOptions);
    const numbers = (split: string) => [
      ...new Set(plan.filter((entry) => entry.split === split).map((entry) => entry.patient)),
    ];
    expect(numbers("train")).toEqual(Array.from({ length: 18 }, (_, i) => 4 + i));
    expect(numbers("validate")).toEqual([22, 23, 24, 25]);
    expect(numbers("test")).toEqual([26, 27, 28, 29, 30]);
    expect(plan.length).toBe(54);
    expect(plan[1]).toEqual({ split: "train", patientIndex: 0, patient: 4, week: 1 });
    expect(plan.every((entry) => entry.patientIndex === entry.patient - 4)).toBe(true);
    expect(PHANTOM_SIZES.full).toEqual({ x: 256, y: 128, slices: 60 });
  });

  it("splits any number of men from 3, each split having one", () => {
    expect(splitPatients(27)).toEqual({ train: 18, validate: 4, test: 5 });
    for (const total of [3, 4, 5, 8, 38, 996]) {
      const { train, validate, test } = splitPatients(total);
      expect(train + validate + test).toBe(total);
      expect(Math.min(train, validate, test)).toBeGreaterThan(0);
    }
  });

  it("names the option that is out of range", () => {
    const attempt = (): unknown => {
      try {
        return splitPatients(2);
      } catch (error) {
        return error;
      }
    };
    const error = attempt();
    expect(error).toBeInstanceOf(HipError);
    expect(error).toMatchObject({
      code: "usage",
      message: "The phantom's number of patients must be an integer from 3 to 996, found 2",
      hint: "Give a whole number from 3 to 996",
    });
    expect(() => planPhantom({ ...defaultPhantomOptions, seed: -1 })).toThrow(
      "The phantom's seed must be an integer from 0 to 9007199254740991, found -1",
    );
    expect(() => planPhantom({ ...defaultPhantomOptions, weeksPerPatient: 0 })).toThrow(
      "The phantom's weeks per patient must be an integer from 1 to 99, found 0",
    );
  });
});
