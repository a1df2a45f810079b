import { describe, expect, test } from "vitest";
import { readDicomHeaderOf, readDicomSeries } from "../../../src/formats/dicom/read.ts";
import { listDicomSeries } from "../../../src/formats/dicom/series.ts";
import { apply } from "../../../src/nifti/affine.ts";
import { FIXTURES, inputsOf, listFixture, loadFixture, PLATFORM } from "./support.ts";

describe("readDicomSeries()", () => {
  test.each(FIXTURES)("%s: shape, place and values as planted by pydicom", async (name) => {
    const { series, damaged, skipped } = await listFixture(name);
    expect(damaged).toEqual([]);
    expect(skipped).toEqual({ notDicom: 0, withoutImage: 0 });
    const { volumes } = loadFixture(name);
    expect(series).toHaveLength(volumes.length);
    for (const [i, expected] of volumes.entries()) {
      const { header, values } = await readDicomSeries(series[i]!);
      expect(header.shape).toEqual(expected.shape);
      header.affine.flat().forEach((value, at) => {
        expect(value).toBeCloseTo(expected.affine.flat()[at]!, 6);
      });
      expect(values.length).toBe(expected.values.length);
      const off = values.findIndex((value, at) => Math.abs(value - expected.values[at]!) > 1e-4);
      expect(off).toBe(-1);
    }
  });

  test.each([
    ["axial", 0.51],
    ["coronal-implicit", 0.5],
    ["oblique-rle", 0.51],
    ["tilted-ct", 0.51],
    ["enhanced", 0.51],
  ])("%s: every voxel holds what was planted at its millimetres", async (name, tolerance) => {
    const { series } = await listFixture(name);
    for (const one of series) {
      const { header, values } = await readDicomSeries(one);
      const [nx, ny, nz] = header.shape as [number, number, number];
      for (let z = 0, at = 0; z < nz; z++) {
        for (let y = 0; y < ny; y++) {
          for (let x = 0; x < nx; x++, at++) {
            const [r, a, s] = apply(header.affine, [x, y, z]);
            const planted = 1000 + 5 * r - 3 * a + 2 * s;
            expect(Math.abs(values[at]! - planted)).toBeLessThanOrEqual(tolerance);
          }
        }
      }
    }
  });

  test.each([
    ["axial", "LPS", "axial"],
    ["coronal-implicit", "LIP", "coronal"],
    ["sagittal-big-endian", "PIR", "sagittal"],
    ["oblique-rle", "LPS", "oblique-axial"],
    ["down-deflated", "RPI", "axial"],
  ])("%s is %s and %s", async (name, orientation, plane) => {
    const { series } = await listFixture(name);
    expect(series[0]).toMatchObject({ orientation, plane });
  });

  test("the header alone is the same", async () => {
    const { series } = await listFixture("coronal-implicit");
    const { header } = await readDicomSeries(series[0]!);
    expect(readDicomHeaderOf(series[0]!)).toEqual(header);
    expect(header).toMatchObject({
      format: "DICOM",
      affineSource: "file",
      dtype: "uint16",
      scale: { slope: 1, intercept: 0 },
      warnings: ["Rescale slope and intercept differ between slices: each slice's own were applied"],
    });
  });

  test("says what is odd", async () => {
    const down = await listFixture("down-deflated");
    expect(down.series[0]!.warnings).toEqual([
      "Higher values are darker here (MONOCHROME1); the values are used as they are",
    ]);
    const tilted = await listFixture("tilted-ct");
    expect(tilted.series[0]!.warnings).toEqual([
      "The slices are sheared by 14.9 degrees (gantry tilt): voxels are placed where the file says, their axes not at right angles",
    ]);
  });

  test("refuses by name what is no volume of numbers", async () => {
    const capture = await listFixture("capture");
    await expect(readDicomSeries(capture.series[0]!)).rejects.toMatchObject({
      code: "bad-image",
      message: expect.stringContaining(
        "it does not say where its voxels lie: no position (0020,0032), no orientation (0020,0037), no pixel spacing (0028,0030)",
      ),
    });
    const colour = await listFixture("colour");
    await expect(readDicomSeries(colour.series[0]!)).rejects.toMatchObject({
      code: "bad-image",
      message: expect.stringContaining("it is in colour (RGB), expected one number per voxel"),
    });
  });

  test("names the gap where a slice is missing", async () => {
    const { files } = loadFixture("axial");
    const { series } = await listDicomSeries(
      inputsOf(files.filter(({ name }) => name !== "IM0000")),
      PLATFORM,
    );
    expect(series[0]!.problems).toEqual([
      "slices are missing: slices 1 and 2 are 6 mm apart, most others 3 mm",
    ]);
    await expect(readDicomSeries(series[0]!)).rejects.toMatchObject({ code: "bad-image" });
  });
});
