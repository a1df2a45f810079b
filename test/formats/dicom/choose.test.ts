import { describe, expect, test } from "vitest";
import { chooseSeries } from "../../../src/formats/dicom/choose.ts";
import type { DicomSeries } from "../../../src/formats/dicom/series.ts";

function series(index: number, description: string, problems: readonly string[] = []): DicomSeries {
  return {
    index,
    seriesNumber: index * 10,
    description,
    modality: "MR",
    sliceCount: index,
    rows: 3,
    columns: 4,
    spacingMm: [1, 1, 1],
    orientation: "LPS",
    plane: "axial",
    seriesUid: `1.${index}`,
    transferSyntax: "explicit VR little endian",
    problems,
    warnings: [],
  };
}

const one = series(1, "localizer", ["slices are missing"]);
const two = series(2, "T2 axial");
const three = series(3, "T2 coronal");
const all = [one, two, three];

describe("chooseSeries()", () => {
  test("takes the only one without a wish", () => {
    expect(chooseSeries([two], undefined)).toBe(two);
  });

  test("takes a number as the index", () => {
    expect(chooseSeries(all, 3)).toBe(three);
    expect(chooseSeries(all, "2")).toBe(two);
  });

  test("takes a part of a description, letter case aside", () => {
    expect(chooseSeries(all, "CORO")).toBe(three);
  });

  test("lists all where one must be chosen, even where only one can be used", () => {
    const list = [
      '1: MR, 1 slice of 4 x 3, axial, "localizer" (cannot be used: slices are missing)',
      '2: MR, 2 slices of 4 x 3, axial, "T2 axial"',
    ];
    expect(() => chooseSeries([one, two], undefined)).toThrow(
      expect.objectContaining({
        code: "usage",
        message: "There are 2 DICOM series: one must be chosen",
        problems: list,
      }),
    );
  });

  test("lists those that fit where several do, and all where none does", () => {
    expect(() => chooseSeries(all, "t2")).toThrow(
      expect.objectContaining({
        code: "usage",
        message: '2 DICOM series have "t2" in their descriptions',
        problems: [expect.stringContaining("T2 axial"), expect.stringContaining("T2 coronal")],
      }),
    );
    for (const [wanted, message] of [
      ["flair", 'None of the DICOM series found has "flair" in its description'],
      [7, "None of the DICOM series found has number 7"],
    ] as const) {
      expect(() => chooseSeries(all, wanted)).toThrow(
        expect.objectContaining({ code: "usage", message, problems: expect.objectContaining({ length: 3 }) }),
      );
    }
  });

  test("says where there is none at all", () => {
    expect(() => chooseSeries([], undefined)).toThrow(expect.objectContaining({ code: "bad-dataset" }));
  });
});
