import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decodeCompressed, type FrameRequest } from "../../../src/formats/dicom/codecs.ts";
import { splitFrames } from "../../../src/formats/dicom/encapsulated.ts";
import { decodeJpegLossless } from "../../../src/formats/dicom/jpeg-lossless.ts";
import { decodeRle } from "../../../src/formats/dicom/rle.ts";
import { transferSyntaxOf } from "../../../src/formats/dicom/transfer-syntax.ts";
import { loadDicomCodec } from "../../../src/node/dicom-codecs.ts";
import { loadFixture } from "./support.ts";

interface Predictors {
  readonly rows: number;
  readonly columns: number;
  readonly values: readonly number[];
  readonly frames: readonly string[];
}
const predictors = JSON.parse(
  readFileSync(new URL("./fixtures/jpeg-lossless-predictors.json", import.meta.url), "utf8"),
) as Predictors;

const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));

describe("decodeJpegLossless()", () => {
  const { rows, columns, values, frames } = predictors;
  const size = { rows, columns, name: "a.dcm" };

  test.each([1, 2, 3, 4, 5, 6, 7])("predictor %i, as dcmtk wrote it", (predictor) => {
    expect([...decodeJpegLossless(bytesOf(frames[predictor - 1]!), size)]).toEqual(values);
  });

  test("refuses what is cut short, wherever", () => {
    const frame = bytesOf(frames[0]!);
    // The end of image and a byte of padding are not needed.
    for (let length = 0; length < frame.length - 4; length += 3) {
      expect(() => decodeJpegLossless(frame.subarray(0, length), size)).toThrow(
        expect.objectContaining({ code: "unreadable-image" }),
      );
    }
  });

  test("refuses another size", () => {
    expect(() => decodeJpegLossless(bytesOf(frames[0]!), { ...size, rows: 8 })).toThrow(
      'Cannot read "a.dcm": its JPEG lossless data must be 9 x 8 with one component, found 9 x 7 with 1 components',
    );
  });
});

/** One segment of RLE with its header. */
function rle(...segments: readonly (readonly number[])[]): Uint8Array {
  const header = new DataView(new ArrayBuffer(64));
  header.setUint32(0, segments.length, true);
  let at = 64;
  segments.forEach((segment, i) => {
    header.setUint32(4 + 4 * i, at, true);
    at += segment.length;
  });
  return Uint8Array.from([...new Uint8Array(header.buffer), ...segments.flat()]);
}

describe("decodeRle()", () => {
  test("literals, runs, pauses, and the high bytes first", () => {
    const high = [1, 7, 8, 128, 255, 9];
    const low = [253, 5];
    expect([...decodeRle(rle(high, low), 4, 2, "a")]).toEqual([5, 7, 5, 8, 5, 9, 5, 9]);
  });

  test.each([
    ["too few values", rle([1, 7, 8], [253, 5])],
    ["a run without its value", rle([253], [253, 5])],
    ["one segment of two", rle([253, 5])],
    ["a header alone", new Uint8Array(64)],
    ["nothing", new Uint8Array(0)],
  ])("refuses %s", (_, bytes) => {
    expect(() => decodeRle(bytes, 4, 2, "a")).toThrow(expect.objectContaining({ code: "unreadable-image" }));
  });
});

function item(element: number, bytes: readonly number[]): number[] {
  const head = new DataView(new ArrayBuffer(8));
  head.setUint16(0, 0xfffe, true);
  head.setUint16(2, element, true);
  head.setUint32(4, bytes.length, true);
  return [...new Uint8Array(head.buffer), ...bytes];
}

describe("splitFrames()", () => {
  const end = item(0xe0dd, []);
  const table = (offsets: readonly number[]): number[] =>
    item(0xe000, [...new Uint8Array(Uint32Array.from(offsets).buffer)]);
  const fragments = [item(0xe000, [1, 2]), item(0xe000, [3, 4]), item(0xe000, [5, 6])].flat();

  test("one fragment a frame, fragments of one frame, fragments by an offset table", () => {
    const split = (bytes: readonly number[], frames: number) =>
      splitFrames(Uint8Array.from(bytes), frames, "a").map((each) => [...each]);
    expect(split([...table([]), ...fragments, ...end], 3)).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(split([...table([]), ...fragments, ...end], 1)).toEqual([[1, 2, 3, 4, 5, 6]]);
    expect(split([...table([0, 20]), ...fragments, ...end], 2)).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ]);
  });

  test.each([
    [
      "frames that cannot be told apart",
      [...table([]), ...fragments, ...end],
      "must have 2 compressed frames",
    ],
    ["an end that lacks", [...table([0, 20]), ...fragments], "is cut short"],
    ["no items", [1, 2, 3, 4, 5, 6, 7, 8], "something else than items"],
    ["offsets past the end", [...table([0, 200]), ...fragments, ...end], "compressed frame 2 is empty"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => splitFrames(Uint8Array.from(bytes), 2, "a")).toThrow(message);
  });
});

describe("decodeCompressed()", () => {
  const request = (rows: number, columns: number): FrameRequest => ({
    rows,
    columns,
    samplesPerPixel: 1,
    photometric: "MONOCHROME2",
    bitsAllocated: 16,
    bitsStored: 16,
    highBit: 15,
    signed: false,
    type: "uint16",
    name: "a.dcm",
  });

  /** The compressed frame of a fixture's first file. */
  function frameOf(name: string): Uint8Array {
    const [{ bytes } = { bytes: new Uint8Array(0) }] = loadFixture(name).files;
    const at = Buffer.from(bytes).lastIndexOf(Buffer.from([0xe0, 0x7f, 0x10, 0x00, 0x4f]));
    return splitFrames(bytes.subarray(at + 12), 1, name)[0]!;
  }

  test.each([
    ["jpeg-ls", "1.2.840.10008.1.2.4.80", request(8, 10)],
    ["jpeg-2000", "1.2.840.10008.1.2.4.90", request(32, 33)],
  ] as const)("%s: refuses damage, and goes on with the next frame", async (name, uid, size) => {
    const frame = frameOf(name);
    const decode = (bytes: Uint8Array, asked = size) =>
      decodeCompressed(transferSyntaxOf(uid), bytes, asked, loadDicomCodec);
    const good = await decode(frame);
    for (let length = 0; length < frame.length - 4; length += 7) {
      await expect(decode(frame.slice(0, length))).rejects.toMatchObject({ code: "unreadable-image" });
    }
    await expect(decode(frame, { ...size, rows: size.rows + 1 })).rejects.toThrow(
      "with one component, found",
    );
    expect(await decode(frame)).toEqual(good);
  });

  test("refuses by name what it cannot undo, with a remedy", async () => {
    const video = transferSyntaxOf("1.2.840.10008.1.2.4.50");
    await expect(
      decodeCompressed(video, new Uint8Array(9), request(2, 2), loadDicomCodec),
    ).rejects.toMatchObject({
      message: 'Cannot read "a.dcm": its pixels are compressed as JPEG baseline, which cannot be undone here',
      hint: expect.stringContaining("gdcmconv --raw"),
    });
    const j2k = transferSyntaxOf("1.2.840.10008.1.2.4.90");
    await expect(decodeCompressed(j2k, new Uint8Array(9), request(2, 2), undefined)).rejects.toThrow(
      "compressed as JPEG 2000 lossless, which cannot be undone here",
    );
  });
});
