import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeByteSource } from "../../../src/core/bytes.ts";
import { HipError } from "../../../src/core/errors.ts";
import { itemsOf, textOf } from "../../../src/formats/dicom/dataset.ts";
import { readDicomHeader } from "../../../src/formats/dicom/file.ts";
import { readDicomSeries } from "../../../src/formats/dicom/read.ts";
import { writeDicomSeg } from "../../../src/formats/dicom/seg.ts";
import { listDicomSeries } from "../../../src/formats/dicom/series.ts";
import { encodeFile } from "../../../src/formats/dicom/write.ts";
import { MR, sliceBytes } from "./slices.ts";
import { FIXTURES, inputsOf, loadFixture, PLATFORM } from "./support.ts";

const read = (bytes: Uint8Array) =>
  readDicomHeader({ name: "a.dcm", source: makeByteSource(bytes) }, PLATFORM.inflate);

/** A file in explicit VR little endian whose dataset is these bytes. */
function fileOf(dataset: readonly number[]): Uint8Array {
  return Uint8Array.from([...encodeFile({}, MR, "1.2.3"), ...dataset]);
}

const UNDEFINED = [0xff, 0xff, 0xff, 0xff];
const ITEM = [0xfe, 0xff, 0x00, 0xe0];
const ITEM_END = [0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0];
const SEQUENCE_END = [0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0];
/** (0008,2112) SourceImageSequence, (0008,0060) Modality */
const SOURCE_SQ = [0x08, 0x00, 0x12, 0x21, 0x53, 0x51, 0, 0];
const MODALITY = [0x08, 0x00, 0x60, 0x00, 0x43, 0x53, 2, 0, 0x4d, 0x52];

describe("readDicomHeader()", () => {
  test("reads sequences and items of undefined length, and elements after them", async () => {
    const sequence = [
      ...SOURCE_SQ,
      ...UNDEFINED,
      ...ITEM,
      ...UNDEFINED,
      ...MODALITY,
      ...ITEM_END,
      ...SEQUENCE_END,
    ];
    const later = [0x10, 0x00, 0x20, 0x00, 0x4c, 0x4f, 2, 0, 0x34, 0x32];
    const { dataset } = await read(fileOf([...sequence, ...later]));
    expect(textOf(itemsOf(dataset, "SourceImageSequence")[0]!, "Modality")).toBe("MR");
    expect(textOf(dataset, "PatientID")).toBe("42");
  });

  test("reads a sequence of unknown VR as implicit VR", async () => {
    const implicit = [0x08, 0x00, 0x60, 0x00, 2, 0, 0, 0, 0x4d, 0x52];
    const head = [0x08, 0x00, 0x12, 0x21, 0x55, 0x4e, 0, 0];
    const sequence = [
      ...head,
      ...UNDEFINED,
      ...ITEM,
      ...UNDEFINED,
      ...implicit,
      ...ITEM_END,
      ...SEQUENCE_END,
    ];
    const { dataset } = await read(fileOf(sequence));
    expect(textOf(itemsOf(dataset, "SourceImageSequence")[0]!, "Modality")).toBe("MR");
  });

  test.each([
    ["an element past the end", [0x08, 0, 0x60, 0, 0x43, 0x53, 200, 0, 0x4d], "element (0008,0060)"],
    [
      "four gigabytes that are not there",
      [0x09, 0, 0x10, 0, 0x4f, 0x42, 0, 0, 0xf0, 0xff, 0xff, 0xff],
      "element (0009,0010)",
    ],
    ["no VR", [0x08, 0, 0x60, 0, 1, 2, 2, 0, 0x4d, 0x52], "has no valid value representation"],
    [
      "a text without a length",
      [0x08, 0, 0x60, 0, 0x55, 0x54, 0, 0, ...UNDEFINED],
      "of type UT has no length",
    ],
    [
      "a sequence without an end",
      [...SOURCE_SQ, ...UNDEFINED, ...ITEM, ...UNDEFINED, ...MODALITY],
      "does not end",
    ],
    ["a sequence of something else", [...SOURCE_SQ, ...UNDEFINED, ...MODALITY], "expected an item"],
    ["an end without a beginning", ITEM_END, "stands outside a sequence"],
    [
      "an item larger than its sequence",
      [...SOURCE_SQ, 8, 0, 0, 0, ...ITEM, 99, 0, 0, 0],
      "an item of sequence",
    ],
  ])("refuses %s", async (_, dataset, message) => {
    await expect(read(fileOf(dataset))).rejects.toMatchObject({
      code: "unreadable-image",
      message: expect.stringContaining(message),
    });
  });

  test("refuses sequences nested too deep, at once", async () => {
    const level = [...SOURCE_SQ, ...UNDEFINED, ...ITEM, ...UNDEFINED];
    const deep = Array.from({ length: 20_000 }, () => level).flat();
    await expect(read(fileOf(deep))).rejects.toThrow("nested more than 32 deep");
  });

  test("reads deflated datasets that end in gzip's trailer", async () => {
    const [file] = loadFixture("down-deflated").files;
    const { dataset } = await read(Uint8Array.from([...file!.bytes, 1, 2, 3, 4, 5, 6, 7, 8]));
    expect(textOf(dataset, "SeriesDescription")).toBe("t1 down");
  });

  test("refuses what is no DICOM file", async () => {
    await expect(read(new Uint8Array(500))).rejects.toThrow('it must have "DICM" at byte 128');
    await expect(read(new Uint8Array(10))).rejects.toThrow("at least 132 bytes, found 10");
  });

  test("passes over a private element larger than one piece", async () => {
    const size = 200_000;
    const head = [0x09, 0, 0x10, 0, 0x4f, 0x42, 0, 0, size & 255, (size >> 8) & 255, size >> 16, 0];
    const later = [0x10, 0x00, 0x20, 0x00, 0x4c, 0x4f, 2, 0, 0x34, 0x32];
    const { dataset } = await read(fileOf([...head, ...new Array<number>(size).fill(0), ...later]));
    expect(textOf(dataset, "PatientID")).toBe("42");
  });
});

describe("damaged files", () => {
  /** Everything that a user's folder goes through; what fails must be a HipError. */
  async function through(bytes: Uint8Array): Promise<void> {
    try {
      const { series } = await listDicomSeries([{ name: "a.dcm", source: makeByteSource(bytes) }], PLATFORM);
      for (const one of series.filter(({ problems }) => problems.length === 0)) {
        const { values } = await readDicomSeries(one);
        await writeDicomSeg(one, {
          mask: new Uint8Array(values.length),
          labels: [{ id: 1, name: "prostate" }],
          algorithm: { name: "a", version: "1" },
          created: { date: "20261123", time: "000000" },
        });
      }
    } catch (error) {
      if (!(error instanceof HipError)) throw error;
    }
  }

  const change = fc.record({
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    byte: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 })),
  });
  const damage = fc.record({
    changes: fc.array(change, { minLength: 1, maxLength: 6 }),
    keep: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
  });

  test.each([...FIXTURES])(
    "%s: only HipErrors, whatever bytes change",
    async (name) => {
      const base = inputsOf(loadFixture(name).files.slice(0, 1))[0]!;
      const bytes = await base.source.read(0, base.source.size);
      await fc.assert(
        fc.asyncProperty(damage, async ({ changes, keep }) => {
          const spoilt = bytes.slice();
          // The preamble says nothing.
          for (const { at, byte } of changes) spoilt[128 + Math.floor(at * (spoilt.length - 128))] = byte;
          await through(spoilt.subarray(0, Math.ceil(keep * spoilt.length)));
        }),
        { numRuns: 150 },
      );
    },
    60_000,
  );

  test("a single-slice series of odd sizes passes", async () => {
    await through(sliceBytes("1.2.9"));
  });
});
