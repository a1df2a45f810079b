import { describe, expect, test } from "vitest";
import { readDicomSeries } from "../../../src/formats/dicom/read.ts";
import { listDicomSeries } from "../../../src/formats/dicom/series.ts";
import { listSlices, sliceBytes, stackAt } from "./slices.ts";
import { inputsOf, listFixture, loadFixture, PLATFORM } from "./support.ts";

const descriptions = async (files: readonly Uint8Array[]): Promise<readonly string[]> =>
  (await listSlices(files)).series.map(({ description }) => description);

describe("listDicomSeries()", () => {
  test("lists series in the order of their numbers, and names no patient", async () => {
    const names = ["localiser", "axial", "enhanced", "coronal-implicit"];
    const files = names.flatMap((name) => [...loadFixture(name).files]);
    const { series } = await listDicomSeries(inputsOf(files), PLATFORM);
    expect(series.map((each) => [each.index, each.seriesNumber, each.description])).toEqual([
      [1, 11, "t2 axial"],
      [2, 12, "t2 coronal"],
      [3, 23, "enhanced [echo time 20]"],
      [4, 23, "enhanced [echo time 80]"],
      [5, 24, "localizer [axial]"],
      [6, 24, "localizer [coronal]"],
      [7, 24, "localizer [sagittal]"],
    ]);
    expect(series[0]).toEqual({
      index: 1,
      seriesNumber: 11,
      description: "t2 axial",
      modality: "MR",
      sliceCount: 6,
      rows: 8,
      columns: 10,
      spacingMm: [1.5, 2.25, 3],
      orientation: "LPS",
      plane: "axial",
      seriesUid: "1.2.826.0.1.3680043.10.9999.11",
      transferSyntax: "explicit VR little endian",
      problems: [],
      warnings: [],
    });
    expect(JSON.stringify(series)).not.toMatch(/SECRET|Invented|ller|1950|A-17/);
  });

  test("gives the same whatever the order of the files", async () => {
    const { files } = loadFixture("enhanced");
    const more = [...files, ...loadFixture("localiser").files];
    const one = await listDicomSeries(inputsOf(more), PLATFORM);
    const other = await listDicomSeries(inputsOf([...more].reverse()), PLATFORM);
    expect(other).toEqual(one);
  });

  test("counts what is no image and keeps what is damaged, with the reason", async () => {
    const good = stackAt([0, 3, 6]);
    const cut = good[0]!.slice(0, -5);
    const noise = new TextEncoder().encode("notes ".repeat(100));
    const report = sliceBytes("1.2.8", { Rows: undefined, PixelData: undefined });
    const { series, skipped, damaged } = await listSlices([good[1]!, noise, report, cut, good[2]!]);
    expect(skipped).toEqual({ notDicom: 1, withoutImage: 1 });
    expect(damaged.map(({ message }) => message)).toEqual([
      'Cannot read "IM3": its pixel data must have 12 bytes, found 7: the file is cut short',
    ]);
    expect(series[0]!.warnings).toEqual(["1 DICOM file could not be read: slices of this series may lack"]);
  });

  test("keeps one of files that came twice", async () => {
    const files = stackAt([0, 3, 6]);
    const { series } = await listSlices([...files, files[1]!]);
    expect(series).toHaveLength(1);
    expect(series[0]).toMatchObject({ sliceCount: 3, problems: [] });
    expect(series[0]!.warnings).toEqual(["1 slice of its series came twice: the first of each was kept"]);
  });

  test("parts time points, echoes and b-values", async () => {
    const twice = (differs: (k: number) => object) => stackAt([0, 3, 6, 0, 3, 6], differs);
    expect(await descriptions(twice((k) => ({ EchoTime: k < 3 ? 9 : 80 })))).toEqual([
      "made up [echo time 9]",
      "made up [echo time 80]",
    ]);
    expect(
      await descriptions(twice((k) => ({ TemporalPositionIdentifier: k < 3 ? "1" : "2" }))),
    ).toHaveLength(2);
    expect(
      await descriptions(twice((k) => ({ ImageType: ["ORIGINAL", "PRIMARY", k < 3 ? "M" : "P"] }))),
    ).toEqual(["made up [image type M]", "made up [image type P]"]);
    // A number of its own for every slice parts nothing by itself; the time point does.
    const numbered = twice((k) => ({ AcquisitionNumber: String(k), TriggerTime: k < 3 ? 1 : 2 }));
    expect(await descriptions(numbered)).toEqual(["made up [trigger time 1]", "made up [trigger time 2]"]);
    const both = stackAt([0, 3, 0, 3, 0, 3, 0, 3], (k) => ({
      EchoTime: k < 4 ? 9 : 80,
      TemporalPositionIdentifier: k % 4 < 2 ? "1" : "2",
    }));
    expect(await descriptions(both)).toHaveLength(4);
  });

  test("does not part a volume whose slices differ in what is harmless", async () => {
    const files = stackAt([0, 3, 6], (k) => ({ EchoTime: 9 + k, AcquisitionNumber: String(k) }));
    expect(await descriptions(files)).toEqual(["made up"]);
  });

  test("refuses slices at one place that nothing tells apart", async () => {
    const { series } = await listSlices(stackAt([0, 3, 3, 6]));
    expect(series[0]!.problems).toEqual([
      "up to 2 slices lie at one place, and nothing in their headers tells them apart",
    ]);
    await expect(readDicomSeries(series[0]!)).rejects.toMatchObject({ code: "bad-image" });
  });

  test.each([
    ["0.5 % off: rounding", [0, 3, 6.015, 9], [], []],
    [
      "5 % off",
      [0, 3, 6.15, 9],
      [],
      [
        "The slices are unevenly spaced: slices 2 and 3 are 3.15 mm apart, most others 3 mm; no voxel is more than 0.15 mm off",
      ],
    ],
    [
      "30 % off",
      [0, 3, 6.9, 9, 12],
      [
        "the slices are unevenly placed: slices 2 and 3 are 3.9 mm apart, most others 3 mm, and slice 3 lies 0.9 mm from its place on an even grid",
      ],
      [],
    ],
    [
      "one missing",
      [0, 3, 9, 12],
      ["slices are missing: slices 2 and 3 are 6 mm apart, most others 3 mm"],
      [],
    ],
  ])("gaps, %s", async (_, heights, problems, warnings) => {
    const { series } = await listSlices(stackAt(heights));
    expect(series[0]!.problems).toEqual(problems);
    expect(series[0]!.warnings).toEqual(warnings);
  });

  test("a lone slice is as thick as it says", async () => {
    const one = await listSlices(stackAt([5]));
    expect(one.series[0]).toMatchObject({ spacingMm: [1, 2, 3], warnings: [] });
    const unknown = await listSlices(stackAt([5], () => ({ SliceThickness: undefined })));
    expect(unknown.series[0]).toMatchObject({
      spacingMm: [1, 2, 1],
      warnings: ["One slice of no stated thickness: 1 mm was assumed"],
    });
  });

  test("refuses directions that are no right angle, and mosaics", async () => {
    const skewed = await listSlices(
      stackAt([0, 3], () => ({ ImageOrientationPatient: [1, 0, 0, 0.6, 0.8, 0] })),
    );
    expect(skewed.series[0]!.problems).toEqual(["its rows and columns are not at right angles"]);
    const mosaic = await listSlices([sliceBytes("1.2.9", { ImageType: ["ORIGINAL", "PRIMARY", "MOSAIC"] })]);
    expect(mosaic.series[0]!.problems[0]).toContain("Siemens mosaic");
  });

  test("decodes descriptions, without control characters", async () => {
    const description = Uint8Array.of(0x54, 0x1b, 0x5b, 0x33, 0x31, 0x6d, 0xe9);
    const { series } = await listSlices(
      stackAt([0, 3], () => ({ SeriesDescription: description, SpecificCharacterSet: "ISO_IR 100" })),
    );
    expect(series[0]!.description).toBe("T [31mé");
  });

  test("reads headers alone, however large the pixels are", async () => {
    const bytes = sliceBytes("1.2.9", {
      Rows: 2048,
      Columns: 2048,
      PixelData: new Uint8Array(2048 * 2048 * 2),
    });
    let read = 0;
    const source = {
      size: bytes.length,
      read(offset: number, length: number): Promise<Uint8Array> {
        read += length;
        return Promise.resolve(bytes.subarray(offset, offset + length));
      },
    };
    const { series } = await listDicomSeries([{ name: "large", source }], PLATFORM);
    expect(series).toHaveLength(1);
    expect(read).toBeLessThan(2 ** 17);
  });
});

test("the enhanced fixture's parts are both read", async () => {
  const { series } = await listFixture("enhanced");
  expect(series.map(({ sliceCount, plane }) => [sliceCount, plane])).toEqual([
    [4, "coronal"],
    [4, "coronal"],
  ]);
});
