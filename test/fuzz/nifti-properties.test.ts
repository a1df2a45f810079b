/** Whatever the dtype, byte order, version, packing and place: what was stored is what is read. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeByteSource } from "../../src/core/bytes.ts";
import { HipError } from "../../src/core/errors.ts";
import { type Affine, apply, determinant, orientationOf, voxelSizesMm } from "../../src/nifti/affine.ts";
import { readNifti } from "../../src/nifti/read.ts";
import type { NiftiImage } from "../../src/nifti/types.ts";
import { writeImageLike, writeMaskLike, writeNifti } from "../../src/nifti/write.ts";
import { gzip, inflateGzip } from "../../src/node/inflate.ts";
import { buildPair, buildSingle, DTYPES, type Dtype, type NiftiPlan } from "./build-nifti.ts";

const RUNS = 60;
const product = (shape: readonly number[]): number => shape.reduce((n, size) => n * size, 1);

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 7 });
const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 });
const spacings = fc.tuple(
  ...[0, 1, 2].map(() => fc.float({ min: 0.125, max: 50, noNaN: true })),
) as fc.Arbitrary<[number, number, number]>;

function valuesOf(dtype: Dtype): fc.Arbitrary<number | bigint> {
  switch (dtype) {
    case "float32":
      return fc.float();
    case "float64":
      return fc.double();
    case "uint64":
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    case "int64":
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    default: {
      const bits = 8 * DTYPES[dtype].bytes;
      const signed = dtype.startsWith("int");
      return fc.integer({ min: signed ? -(2 ** (bits - 1)) : 0, max: 2 ** (signed ? bits - 1 : bits) - 1 });
    }
  }
}

const plans: fc.Arbitrary<NiftiPlan> = fc
  .record({ dtype: fc.constantFrom(...(Object.keys(DTYPES) as Dtype[])), shape: shapes })
  .chain(({ dtype, shape }) => {
    const n = product(shape);
    return fc.record({
      version: fc.constantFrom(1 as const, 2 as const),
      little: fc.boolean(),
      dtype: fc.constant(dtype),
      shape: fc.constant(shape),
      stored: fc.array(valuesOf(dtype), { minLength: n, maxLength: n }),
      spacing: spacings,
      slope: fc.constantFrom(1, 0, 2, -0.25, 1e-3, Number.NaN),
      inter: fc.constantFrom(0, -7, 1000.5),
      srow: fc.array(finite, { minLength: 12, maxLength: 12 }),
      extensions: fc.array(fc.tuple(fc.constantFrom(2, 4, 6), fc.constantFrom(8, 24, 40)), { maxLength: 3 }),
      gap: fc.constantFrom(0, 16, 4, 3),
    });
  });

/** What nibabel gives: stored values times slope plus intercept in float64, then float32. */
function expected({ version, slope = 1, inter = 0, stored }: NiftiPlan): number[] {
  const as = (value: number): number => (version === 1 ? Math.fround(value) : value);
  const scaled = slope !== 0 && Number.isFinite(slope);
  return stored.map((value) => {
    const number = Number(value);
    return Math.fround(scaled ? as(slope) * number + as(inter) : number);
  });
}

function open(files: Readonly<Record<string, Uint8Array>>, name: string): Promise<NiftiImage> {
  const openBeside = (file: string) => {
    const bytes = files[file];
    if (bytes !== undefined) return Promise.resolve(makeByteSource(bytes));
    return Promise.reject(new HipError("not-found", `No ${file}`));
  };
  return readNifti(makeByteSource(files[name]!), { name, inflate: inflateGzip, openBeside });
}

function expectRead({ header, values }: NiftiImage, plan: NiftiPlan): void {
  expect(header.shape).toEqual(plan.shape);
  expect(header.littleEndian).toBe(plan.little);
  expect(header.dtype).toBe(plan.dtype);
  expect(header.format).toBe(`NIfTI-${plan.version}`);
  // -0 and 0 are one place.
  expect(header.affine.flat().slice(0, 12)).toEqual(plan.srow!.map((value) => value + 0));
  expect(header.extensions.map(({ code, bytes }) => [code, bytes.length])).toEqual(plan.extensions);
  const wanted = expected(plan);
  expect(values.length).toBe(wanted.length);
  wanted.forEach((value, i) => {
    // toBe() tells NaN equal to NaN, and 0 from -0, which slope and intercept may make.
    expect(values[i]! + 0).toBe(value + 0);
  });
}

test("a .nii gives back what was stored, gzip in any number of members or not", async () => {
  await fc.assert(
    fc.asyncProperty(plans, fc.nat(), fc.boolean(), async (plan, cut, packed) => {
      const bytes = buildSingle(plan);
      const at = cut % bytes.length;
      const members = [gzip(bytes.subarray(0, at)), gzip(bytes.subarray(at))];
      const file = packed ? new Uint8Array(Buffer.concat(members)) : bytes;
      expectRead(await open({ "x.nii": file }, "x.nii"), plan);
    }),
    { numRuns: RUNS },
  );
});

test("a pair gives back what was stored, each half gzip or not, whichever is given", async () => {
  await fc.assert(
    fc.asyncProperty(
      plans,
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      async (plan, zipHdr, zipImg, giveImg) => {
        const { hdr, img } = buildPair(plan);
        const [hdrName, imgName] = [zipHdr ? "x.hdr.gz" : "x.hdr", zipImg ? "x.img.gz" : "x.img"];
        const files = { [hdrName]: zipHdr ? gzip(hdr) : hdr, [imgName]: zipImg ? gzip(img) : img };
        expectRead(await open(files, giveImg ? imgName : hdrName), plan);
      },
    ),
    { numRuns: RUNS },
  );
});

test("a qform without rotation places the image by its steps and its offset, in both versions", async () => {
  const cases = fc.record({ plan: plans, offset: fc.tuple(finite, finite, finite) });
  await fc.assert(
    fc.asyncProperty(cases, async ({ plan: { srow: _, ...plan }, offset }) => {
      const bytes = buildSingle({ ...plan, qform: [0, 0, 0, ...offset] });
      const { header } = await open({ x: bytes }, "x");
      expect(header.affineSource).toBe("qform");
      const [x, y, z] = plan.spacing!;
      expect(header.affine).toEqual([
        [x, 0, 0, offset[0] + 0],
        [0, y, 0, offset[1] + 0],
        [0, 0, z, offset[2] + 0],
        [0, 0, 0, 1],
      ]);
    }),
    { numRuns: RUNS },
  );
});

test("reading twice gives the same, and leaves the file as it was", async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const bytes = buildSingle(plan);
      const before = bytes.slice();
      const first = await open({ x: bytes }, "x");
      first.values.fill(0);
      expect(bytes).toEqual(before);
      expectRead(await open({ x: bytes }, "x"), plan);
    }),
    { numRuns: RUNS },
  );
});

test("masks and images on the grid of any image have its grid, and what was written", async () => {
  await fc.assert(
    fc.asyncProperty(plans, fc.boolean(), async (plan, keepTexts) => {
      const { header } = await open({ x: buildSingle(plan) }, "x");
      const n = product(plan.shape);
      for (const bytes of [
        writeMaskLike(header, new Uint8Array(n).fill(3), { keepTexts }),
        writeImageLike(header, new Float32Array(n).fill(3), "float32", { keepTexts }),
      ]) {
        const again = await open({ x: bytes }, "x");
        const { shape, affine, spacingMm, affineSource, units, format } = header;
        expect(again.header).toMatchObject({ shape, affine, spacingMm, affineSource, units, format });
        expect(again.header.extensions.length).toBe(keepTexts ? header.extensions.length : 0);
        expect(again.values.every((value) => value === 3)).toBe(true);
      }
    }),
    { numRuns: RUNS },
  );
});

/** A rotation, perhaps mirrored, of steps `spacing`. */
const placed = fc
  .record({
    quaternion: fc.tuple(finite, finite, finite, finite).filter((q) => Math.hypot(...q) > 1),
    spacing: spacings,
    mirrored: fc.boolean(),
    origin: fc.tuple(finite, finite, finite),
  })
  .map(({ quaternion, spacing, mirrored, origin }) => {
    const length = Math.hypot(...quaternion);
    const [a, b, c, d] = quaternion.map((value) => value / length) as [number, number, number, number];
    const [x, y, z] = [spacing[0], spacing[1], spacing[2] * (mirrored ? -1 : 1)];
    const affine: Affine = [
      [(a * a + b * b - c * c - d * d) * x, 2 * (b * c - a * d) * y, 2 * (b * d + a * c) * z, origin[0]],
      [2 * (b * c + a * d) * x, (a * a + c * c - b * b - d * d) * y, 2 * (c * d - a * b) * z, origin[1]],
      [2 * (b * d - a * c) * x, 2 * (c * d + a * b) * y, (a * a + d * d - b * b - c * c) * z, origin[2]],
      [0, 0, 0, 1],
    ];
    return { affine, spacing, mirrored };
  });

test("qform and sform of a written image say the same place", async () => {
  await fc.assert(
    fc.asyncProperty(placed, async ({ affine, spacing }) => {
      const data = new Uint8Array(24);
      const bytes = writeNifti({ shape: [2, 3, 4], dtype: "uint8", data, spacingMm: spacing, affine });
      const bySform = (await open({ x: bytes }, "x")).header;
      const view = new DataView(bytes.buffer);
      // A turn by nearly 180 degrees, which float32 cannot tell from one by 180, has no qform.
      fc.pre(view.getInt16(252, true) === 1);
      view.setInt16(254, 0, true); // sform_code
      const byQform = (await open({ x: bytes }, "x")).header;
      expect([bySform.affineSource, byQform.affineSource]).toEqual(["sform", "qform"]);
      const far = 1e-3 * Math.max(...spacing);
      for (const corner of [
        [0, 0, 0],
        [1, 2, 3],
      ] as const) {
        const [p, q] = [apply(bySform.affine, corner), apply(byQform.affine, corner)];
        expect(Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2])).toBeLessThan(far);
      }
    }),
    { numRuns: RUNS },
  );
});

test("an orientation names each axis of space once, and mirrors with the affine", () => {
  fc.assert(
    fc.property(placed, ({ affine, spacing, mirrored }) => {
      expect(determinant(affine) < 0).toBe(mirrored);
      voxelSizesMm(affine).forEach((size, i) => {
        expect(Math.abs(size / spacing[i]! - 1)).toBeLessThan(1e-6);
      });
      const codes = orientationOf(affine);
      expect([...codes].map((code) => "RLAPSI".indexOf(code) >> 1).sort()).toEqual([0, 1, 2]);
      const turned = affine.map(([a, b, c, d]) => [a, b, -c, d]) as unknown as Affine;
      const opposite = { R: "L", L: "R", A: "P", P: "A", S: "I", I: "S" }[codes[2] as "R"];
      expect(orientationOf(turned)).toBe(`${codes.slice(0, 2)}${opposite}`);
    }),
    { numRuns: RUNS },
  );
});
