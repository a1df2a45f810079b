import { describe, expect, test } from "vitest";
import { makeAffine } from "../../src/nifti/affine.ts";
import { parseNiftiHeader } from "../../src/nifti/read.ts";
import { writeNifti } from "../../src/nifti/write.ts";
import { hipErrorOf } from "../support/nifti.ts";

const AFFINE = makeAffine([-2, 0, 0, 5], [0, -3, 0, 6], [0, 0, 4, 7]);
const EXPORT_AGAIN = "The header is damaged or from a faulty writer: export the image again";
const WRONG_FILE = "Check that this is the right file, and export or download it again";

type Patch = (view: DataView) => void;

/** A NIfTI-1 file of 3 x 2 x 2 int16 voxels whose header is then changed. */
function patched(patch: Patch, shape: readonly number[] = [3, 2, 2]): Uint8Array {
  const count = shape.reduce((product, n) => product * n, 1);
  const data = new Int16Array(count);
  const bytes = writeNifti({ shape, dtype: "int16", data, spacingMm: [2, 3, 4], affine: AFFINE });
  patch(new DataView(bytes.buffer));
  return bytes;
}
const parse = (patch: Patch, shape?: readonly number[]) => parseNiftiHeader(patched(patch, shape), "x.nii");
const noTransform: Patch = (view) => {
  view.setInt16(252, 0, true);
  view.setInt16(254, 0, true);
};

describe("parseNiftiHeader() describes", () => {
  test("an ordinary file", () => {
    const header = parse(() => undefined);
    expect(header).toEqual({
      format: "NIfTI-1",
      littleEndian: true,
      shape: [3, 2, 2],
      spacingMm: [2, 3, 4],
      units: { space: "mm", time: "unknown" },
      affine: AFFINE,
      affineSource: "sform",
      orientation: "LPS",
      dtype: "int16",
      scale: { slope: 1, intercept: 0 },
      voxOffset: 352,
      extensions: [],
      warnings: [],
      raw: header.raw,
    });
    expect(header.raw.length).toBe(348);
  });
  test.each([
    [32, 64, "complex64"],
    [128, 24, "rgb24"],
    [2304, 32, "rgba32"],
    [1792, 128, "complex128"],
  ])("datatype %i, which cannot be segmented", (code, bits, dtype) => {
    const header = parse((view) => {
      view.setInt16(70, code, true);
      view.setInt16(72, bits, true);
    });
    expect(header.dtype).toBe(dtype);
    expect(header.warnings).toEqual([]);
  });
  test("a lone .hdr, with a warning", () => {
    const header = parse((view) => {
      view.setUint8(345, "i".charCodeAt(0));
      view.setFloat32(108, 0, true);
    });
    expect(header.shape).toEqual([3, 2, 2]);
    expect(header.warnings).toEqual([
      "This is the header of a pair: the voxels are in the .img file beside it",
    ]);
  });
  test("FreeSurfer's two ways to store long vectors, as nibabel does", () => {
    const vector = parse((view) => {
      for (const [i, n] of [3, -1, 1, 1].entries()) view.setInt16(40 + 2 * i, n, true);
      view.setInt32(144, 163842, true);
    });
    expect(vector.shape).toEqual([163842, 1, 1]);
    const surface = parse((view) => {
      for (const [i, n] of [4, 27307, 1, 6, 2].entries()) view.setInt16(40 + 2 * i, n, true);
    });
    expect(surface.shape).toEqual([163842, 1, 1, 2]);
  });
});

describe("parseNiftiHeader() scales", () => {
  const scale = (slope: number, intercept: number) =>
    parse((view) => {
      view.setFloat32(112, slope, true);
      view.setFloat32(116, intercept, true);
    }).scale;
  test("by slope and intercept", () => {
    expect(scale(0.5, -8)).toEqual({ slope: 0.5, intercept: -8 });
    expect(scale(-2, 0)).toEqual({ slope: -2, intercept: 0 });
  });
  test.each([0, Number.NaN, Number.POSITIVE_INFINITY])("not at all where the slope is %d", (slope) => {
    expect(scale(slope, 9)).toEqual({ slope: 1, intercept: 0 });
    expect(scale(slope, Number.NaN)).toEqual({ slope: 1, intercept: 0 });
  });
  test("only by a finite intercept", async () => {
    expect(await hipErrorOf(() => scale(2, Number.POSITIVE_INFINITY))).toEqual({
      code: "bad-image",
      message: 'Cannot use "x.nii": scl_inter must be finite where scl_slope is 2, got Infinity',
      hint: EXPORT_AGAIN,
    });
  });
});

describe("parseNiftiHeader() places the image", () => {
  test("by the voxel size where neither form is set: x to the left, origin in the middle, with a warning", () => {
    const header = parse(noTransform);
    expect(header.affine).toEqual([
      [-2, 0, 0, 2],
      [0, 3, 0, -1.5],
      [0, 0, 4, -2],
      [0, 0, 0, 1],
    ]);
    expect(header.affineSource).toBe("pixdim");
    expect(header.warnings).toEqual([
      "No orientation is stated (sform_code and qform_code are 0): assumed from the voxel size, x to the left",
    ]);
  });
  test("by the voxel size of a 2D image, whose third step is 1 mm", () => {
    expect(parse(noTransform, [3, 2]).affine[2]).toEqual([0, 0, 1, 0]);
  });
  test("by the qform where only that is set, taking qfac 0 as 1", () => {
    const qform: Patch = (view) => {
      view.setInt16(254, 0, true);
      view.setFloat32(280, 99, true);
    };
    const header = parse(qform);
    expect(header.affineSource).toBe("qform");
    expect(header.affine).toEqual(AFFINE);
    const noQfac = parse((view) => {
      qform(view);
      view.setFloat32(76, 0, true);
    });
    expect(noQfac.affine).toEqual(AFFINE);
  });
  test("not by a code that does not exist", () => {
    const header = parse((view) => view.setInt16(254, 77, true));
    expect(header.affineSource).toBe("qform");
    expect(header.warnings).toEqual(["sform_code 77 is not one of 0 to 5: taken as 0 (not set)"]);
  });
  test("with a quaternion a little too long, with a warning", () => {
    const header = parse((view) => {
      view.setInt16(254, 0, true);
      view.setFloat32(256, 0, true);
      view.setFloat32(260, 0, true);
      view.setFloat32(264, 1.00001, true);
    });
    expect(header.affine.flat().map((value) => Number(value.toFixed(9)) + 0)).toEqual(AFFINE.flat());
    expect(header.warnings).toEqual(["The qform's quaternion is a little longer than 1: shortened"]);
  });
  test("not with a quaternion that is much too long", async () => {
    const error = await hipErrorOf(() =>
      parse((view) => {
        view.setInt16(254, 0, true);
        for (const offset of [256, 260, 264]) view.setFloat32(offset, 2, true);
      }),
    );
    expect(error).toEqual({
      code: "bad-image",
      message: `Cannot use "x.nii": the qform's quaternion (2, 2, 2) must have length <= 1, got ${Math.sqrt(12)}`,
      hint: EXPORT_AGAIN,
    });
  });
  test("not with NaN", async () => {
    const error = await hipErrorOf(() => parse((view) => view.setFloat32(280, Number.NaN, true)));
    expect(error).toEqual({
      code: "bad-image",
      message:
        'Cannot use "x.nii": the sform must hold finite numbers, got NaN, 0, 0, 5, 0, -3, 0, 6, 0, 0, 4, 7, 0, 0, 0, 1',
      hint: EXPORT_AGAIN,
    });
  });
  test("with a warning where it does not span space", () => {
    expect(parse((view) => view.setFloat32(320, 0, true)).warnings).toEqual([
      "The sform does not span space: the orientation is in doubt",
      "Axis 2: the voxel size is 4 mm by pixdim, 0 mm by the sform",
    ]);
  });
  test("with a warning where the voxel sizes differ", () => {
    expect(parse((view) => view.setFloat32(84, 3.5, true)).warnings).toEqual([
      "Axis 1: the voxel size is 3.5 mm by pixdim, 3 mm by the sform",
    ]);
  });
  test("and states the units", () => {
    const units = (code: number) => parse((view) => view.setUint8(123, code)).units;
    expect(units(0)).toEqual({ space: "unknown", time: "unknown" });
    expect(units(2 | 8)).toEqual({ space: "mm", time: "s" });
    expect(units(1 | 16)).toEqual({ space: "m", time: "ms" });
    expect(units(3 | 24)).toEqual({ space: "um", time: "us" });
    expect([32, 40, 48, 56].map((code) => units(code).time)).toEqual(["Hz", "ppm", "rad/s", "unknown"]);
    expect(units(7).space).toBe("unknown");
  });
  test("with a warning where lengths are not millimetres", () => {
    expect(parse((view) => view.setUint8(123, 3)).warnings).toEqual([
      "xyzt_units says micrometres: voxel sizes are taken as millimetres, as nibabel does",
    ]);
  });
});

describe("parseNiftiHeader() and spacing", () => {
  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("rejects %d mm along an axis", async (size) => {
    expect(await hipErrorOf(() => parse((view) => view.setFloat32(84, size, true)))).toEqual({
      code: "bad-image",
      message: `Cannot use "x.nii": pixdim[2] (spacing in mm) must be > 0, got ${size}`,
      hint: "State the true voxel size, for instance by exporting the image again",
    });
  });
  test.each([[[3, 2]], [[3, 2, 1]]])(
    "takes a missing thickness of a slice %j as 1 mm, with a warning",
    (shape) => {
      const header = parse((view) => view.setFloat32(88, 0, true), shape);
      expect(header.spacingMm).toEqual([2, 3, 1]);
      expect(header.warnings).toEqual(["pixdim[3] is 0: taken as 1 mm, as that axis has a single voxel"]);
    },
  );
});

const damaged: readonly [name: string, patch: Patch, message: string, hint: string][] = [
  [
    "other sizeof_hdr",
    (v) => v.setInt32(0, 7, true),
    "sizeof_hdr must be 348 (NIfTI-1) or 540 (NIfTI-2), got 7",
    WRONG_FILE,
  ],
  ["other magic", (v) => v.setUint8(345, 0x2a), 'magic must be "n+1" or "ni1", got "n*1"', WRONG_FILE],
  [
    "Analyze 7.5",
    (v) => v.setInt32(344, 0),
    "it is Analyze 7.5 (no NIfTI magic), which does not say which side is left",
    "Convert it to NIfTI with a tool that knows how it was recorded",
  ],
  [
    "no axes",
    (v) => v.setInt16(40, 0, true),
    "dim[0] must be 1 to 7 (the number of axes), got 0",
    EXPORT_AGAIN,
  ],
  [
    "eight axes",
    (v) => v.setInt16(40, 8, true),
    "dim[0] must be 1 to 7 (the number of axes), got 8",
    EXPORT_AGAIN,
  ],
  ["an empty axis", (v) => v.setInt16(44, 0, true), "dim[2] must be at least 1, got 0", EXPORT_AGAIN],
  ["a negative axis", (v) => v.setInt16(46, -4, true), "dim[3] must be at least 1, got -4", EXPORT_AGAIN],
  [
    "bits",
    (v) => v.setInt16(70, 1, true),
    "voxels of 1 bit (datatype 1) are not supported",
    "Convert the image to uint8",
  ],
  [
    "an unknown datatype",
    (v) => v.setInt16(70, 3, true),
    "datatype 3 is not one of NIfTI's voxel types",
    EXPORT_AGAIN,
  ],
  [
    "sizes whose product is beyond any file",
    (v) => {
      for (let i = 0; i < 5; i++) v.setInt16(40 + 2 * i, i === 0 ? 4 : 32767, true);
    },
    "dim must be the image's true shape, got 32767 x 32767 x 32767 x 32767 voxels, more than any file can hold",
    EXPORT_AGAIN,
  ],
  [
    "low vox_offset",
    (v) => v.setFloat32(108, 0, true),
    "vox_offset must be at least 352 in a single file, got 0",
    EXPORT_AGAIN,
  ],
  [
    "NaN vox_offset",
    (v) => v.setFloat32(108, Number.NaN, true),
    "vox_offset must be at least 352 in a single file, got NaN",
    EXPORT_AGAIN,
  ],
];

describe("parseNiftiHeader() rejects", () => {
  test.each(damaged)("%s", async (_, patch, message, hint) => {
    const expected = { code: "unreadable-image", message: `Cannot read "x.nii": ${message}`, hint };
    expect(await hipErrorOf(() => parse(patch))).toEqual(expected);
  });
  test("too few bytes for either version", async () => {
    const bytes = patched(() => undefined);
    expect((await hipErrorOf(() => parseNiftiHeader(bytes.subarray(0, 347), "x.nii"))).message).toBe(
      'Cannot read "x.nii": a NIfTI header needs 348 bytes, found 347',
    );
    const second = new Uint8Array(539);
    new DataView(second.buffer).setInt32(0, 540, true);
    expect((await hipErrorOf(() => parseNiftiHeader(second, "x.nii"))).message).toBe(
      'Cannot read "x.nii": a NIfTI-2 header needs 540 bytes, found 539',
    );
  });
  test.each([
    ["long", "sizeof_hdr must be 348 (NIfTI-1) or 540 (NIfTI-2), got 1936482662", 30],
    ["short", "a NIfTI header needs 348 bytes, found 24", 1],
  ])("a %s text, with its first words", async (_, what, lines) => {
    const bytes = new TextEncoder().encode("false dawn\nover the sea\n".repeat(lines));
    const words = lines === 1 ? "false dawn over the sea" : "false dawn over the sea false dawn over…";
    expect(await hipErrorOf(() => parseNiftiHeader(bytes, "x.nii"))).toEqual({
      code: "unreadable-image",
      message: `Cannot read "x.nii": ${what}; it is a text file, no NIfTI, and begins "${words}"`,
      hint: WRONG_FILE,
    });
  });
  test("Analyze 7.5 whose bytes stand where the magic would be, told by its name", async () => {
    const bytes = patched((view) => view.setInt32(344, 1234567, true));
    expect((await hipErrorOf(() => parseNiftiHeader(bytes, "x.HDR.gz"))).message).toMatch(/Analyze 7\.5/);
  });
  test("NIfTI-2 whose line ends were changed on the way", async () => {
    const bytes = new Uint8Array(540);
    new DataView(bytes.buffer).setInt32(0, 540, true);
    bytes.set([0x6e, 0x2b, 0x32, 0, 0x0a, 0x0a, 0x1a, 0x0a], 4);
    expect(await hipErrorOf(() => parseNiftiHeader(bytes, "x.nii"))).toEqual({
      code: "unreadable-image",
      message: `Cannot read "x.nii": the end of its magic must be "\\r\\n\\u001a\\n", got "\\n\\n\\u001a\\n"`,
      hint: "It was copied as text, which damages it: copy or download it again as binary",
    });
  });
  test("NIfTI-2 without its magic, and CIFTI-2", async () => {
    const bytes = new Uint8Array(540);
    const view = new DataView(bytes.buffer);
    view.setInt32(0, 540, true);
    expect((await hipErrorOf(() => parseNiftiHeader(bytes, "x.nii"))).message).toBe(
      'Cannot read "x.nii": magic must be "n+2" or "ni2", got ""',
    );
    bytes.set([0x6e, 0x2b, 0x32, 0], 4);
    view.setInt32(504, 3001, true);
    expect(await hipErrorOf(() => parseNiftiHeader(bytes, "x.dconn.nii"))).toEqual({
      code: "unreadable-image",
      message: 'Cannot read "x.dconn.nii": it is CIFTI-2 (intent_code 3001), not an image',
      hint: "Take the volume from which it was made; CIFTI-2 holds values on surfaces and in tables",
    });
  });
  test("warns of a bitpix that is not the datatype's", () => {
    expect(parse((view) => view.setInt16(72, 8, true)).warnings).toEqual([
      "bitpix is 8, but int16 has 16 bits: taken as int16",
    ]);
  });
});
