/** What the fixtures do not show: refusals and warnings. */
import { deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { readImage } from "../../src/formats/image-file.ts";
import { hipErrorOf } from "../support/nifti.ts";
import { type Files, fileOf, joined, read, readHeader } from "./support.ts";

const PLACE = ["TransformMatrix = 1 0 0 0 1 0 0 0 1", "Offset = 4 5 6", "ElementSpacing = 1 2 3"];
interface Head {
  readonly dims?: string;
  readonly size?: string;
  readonly type?: string;
  readonly data?: string;
  readonly more?: readonly string[];
}
function head({
  dims = "3",
  size = "2 2 2",
  type = "MET_UCHAR",
  data = "LOCAL",
  more = PLACE,
}: Head = {}): string {
  const start = ["ObjectType = Image", `NDims = ${dims}`, `DimSize = ${size}`];
  return [...start, ...more, `ElementType = ${type}`, `ElementDataFile = ${data}`, ""].join("\n");
}
const EIGHT = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const file = (options: Head = {}, data: Uint8Array | string = EIGHT): Files => ({
  "x.mha": joined(head(options), data),
});
const failure = async (files: Files) => {
  const { message } = await hipErrorOf(() => read(files));
  return message.replace(/^Cannot (?:read|use) "[^"]*": /, "");
};

describe("refuses by name", () => {
  test.each([
    [
      "one axis",
      { dims: "1", size: "8", more: [] },
      "NDims must be a whole number, at least 2 and at most 4, got 1",
    ],
    [
      "five axes",
      { dims: "5", size: "1 2 2 2 1", more: [] },
      "NDims must be a whole number, at least 2 and at most 4, got 5",
    ],
    ["too few sizes", { size: "2 2" }, 'DimSize must be 3 numbers, got "2 2"'],
    ["a size of zero", { size: "2 0 2" }, "DimSize must be whole numbers >= 1, got 0"],
    ["a size that is no number", { size: "2 x 2" }, 'DimSize must be 3 numbers, got "2 x 2"'],
    [
      "another type",
      { type: "MET_STRING" },
      'ElementType must be one of MetaImage\'s number types, for instance MET_SHORT or MET_FLOAT, got "MET_STRING"',
    ],
    [
      "a list of files",
      { data: "LIST\na.raw" },
      'its voxels are in several files ("LIST"), which is not read',
    ],
    [
      "a pattern of files",
      { data: "a%03d.raw 1 9 1" },
      'its voxels are in several files ("a%03d.raw 1 9 1"), which is not read',
    ],
    [
      "a matrix of another size",
      { more: ["TransformMatrix = 1 0 0 1"] },
      'TransformMatrix must be 9 numbers, got "1 0 0 1"',
    ],
    [
      "two values of one field",
      { more: ["Offset = 1 2 3", "offset = 1 2 4"] },
      'its header states "offset" twice, differently',
    ],
    [
      "a line that is no field",
      { more: ["hello"] },
      'line 4 of its header is no "name = value", got "hello"',
    ],
    [
      "compressed voxels counted from the end",
      { more: ["CompressedData = True", "HeaderSize = -1"] },
      "HeaderSize is -1, which compressed voxels cannot have",
    ],
    [
      "voxels within the header",
      { more: ["HeaderSize = 9"] },
      /^HeaderSize is 9, but its own header has \d+ bytes$/,
    ],
    [
      "half a byte of header",
      { more: ["HeaderSize = 9.5"] },
      "HeaderSize must be a whole number, at least -1, got 9.5",
    ],
    [
      "no channel",
      { more: ["ElementNumberOfChannels = 0"] },
      "ElementNumberOfChannels must be a whole number, at least 1, got 0",
    ],
    [
      "a fourth axis that mixes with space",
      { dims: "4", size: "2 2 2 1", more: ["TransformMatrix = 1 0 0 0 0 1 0 0 0 0 1 1 0 0 0 1"] },
      "TransformMatrix mixes the fourth axis with those of space",
    ],
  ])("%s", async (_, options: Head, message) => {
    const found = await failure(file(options));
    if (typeof message === "string") expect(found).toBe(message);
    else expect(found).toMatch(message);
  });
  test.each(["NDims", "DimSize", "ElementType", "ElementDataFile"])("a header without %s", async (field) => {
    const text = head().replace(new RegExp(`^${field} = .*\n`, "m"), "");
    expect(await failure({ "x.mha": text })).toBe(`its header has no ${field}`);
  });
  test("MetaIO objects that are no image", async () => {
    const text = head().replace("= Image", "= Scene");
    expect(await failure({ "x.mha": text })).toBe('it is MetaIO\'s "Scene", not an image');
  });
});

describe("geometry that cannot be used is bad-image", () => {
  test.each([
    ["a spacing of 0", ["ElementSpacing = 1 0 1"], "ElementSpacing must be > 0 mm, got 0"],
    ["a negative spacing", ["ElementSpacing = 1 1 -2"], "ElementSpacing must be > 0 mm, got -2"],
    [
      "a direction of no length",
      ["TransformMatrix = 1 0 0 0 0 0 0 0 1"],
      "the direction of axis 1 has length 0",
    ],
  ])("%s", async (_, more, message) => {
    const error = await hipErrorOf(() => read(file({ more })));
    expect(error.code).toBe("bad-image");
    expect(error.message).toBe(`Cannot use "x.mha": ${message}`);
  });
  test("an offset that is not finite", async () => {
    expect((await hipErrorOf(() => read(file({ more: ["Offset = inf 0 0"] })))).code).toBe("bad-image");
  });
});

describe("compressed voxels", () => {
  const compressed = (more: readonly string[], data: Uint8Array) =>
    read(file({ more: [...PLACE, "CompressedData = True", ...more] }, data));
  const packed = Uint8Array.from(deflateSync(EIGHT));
  test("may be zlib or gzip, with or without their size", async () => {
    expect([...(await compressed([], packed)).values]).toEqual([...EIGHT]);
    const size = `CompressedDataSize = ${packed.length}`;
    expect([...(await compressed([size], joined(packed, "more"))).values]).toEqual([...EIGHT]);
    expect([...(await compressed([], Uint8Array.from(gzipSync(EIGHT)))).values]).toEqual([...EIGHT]);
  });
  test("that are cut, damaged or too many are refused", async () => {
    const message = async (data: Uint8Array, more: readonly string[] = []) =>
      (await hipErrorOf(() => compressed(more, data))).message;
    expect(await message(packed.subarray(0, 5))).toMatch(/^Cannot read "x.mha": the zlib data ends early/);
    expect(await message(packed, ["CompressedDataSize = 6"])).toMatch(/ends early/);
    expect(await message(packed.with(-1, 0))).toMatch(/the zlib data is damaged/);
    const few = Uint8Array.from(deflateSync(EIGHT.subarray(1)));
    expect(await message(few)).toBe('Cannot read "x.mha": 2 x 2 x 2 voxels of uint8 need 8 bytes, found 7');
    const many = Uint8Array.from(deflateSync(new Uint8Array(2 ** 20)));
    expect(await message(many)).toMatch(/the zlib data inflates to more than \d+ bytes$/);
  });
  test("of sizes that they cannot hold are refused before they are inflated", async () => {
    const options = { size: "99999 99999 99999", more: ["CompressedData = True"] };
    const untouched = () => Promise.reject(new Error("must not be inflated"));
    const { message } = await hipErrorOf(() => readImage(fileOf(file(options, packed)), untouched));
    expect(message).toMatch(/need 999970000299999 bytes, found 16 compressed bytes, which cannot hold them$/);
  });
});

describe("missing bytes", () => {
  test.each([
    ["plain", file({}, EIGHT.subarray(1)), /^2 x 2 x 2 voxels of uint8 need \d+ bytes, found \d+$/],
    [
      "from the end",
      file({ size: "99 99 99", more: ["HeaderSize = -1"] }),
      /^99 x 99 x 99 voxels of uint8 need 970299 bytes/,
    ],
    ["text", file({ more: ["BinaryData = False"] }, "1 2 3 4 5 6 7  "), /^expected 8 numbers, found 7$/],
    [
      "channels",
      file({ more: ["ElementNumberOfChannels = 2"] }),
      /^2 x 2 x 2 voxels of uint8 need \d+ bytes, found \d+$/,
    ],
  ])("%s", async (_, files, message) => {
    expect(await failure(files)).toMatch(message);
    expect((await hipErrorOf(() => readHeader(files))).message).toMatch(/^Cannot read "x.mha"/);
  });
});

describe("a detached header", () => {
  test("opens the file beside it by its bare name, and none elsewhere", async () => {
    const files = (data: string): Files => ({ "d/x.mhd": head({ data }), "a b.raw": EIGHT });
    expect([...(await read(files("a b.raw"))).values]).toEqual([...EIGHT]);
    expect(await failure(files("../a b.raw"))).toMatch(/only a file in the same folder is opened$/);
  });
  test("is described alone, and its voxels are missed when they are asked for", async () => {
    const alone = { "d/x.mhd": head({ data: "x.raw" }) };
    expect((await readHeader(alone)).warnings).toEqual(["The voxels are in another file, which is not here"]);
    expect(await hipErrorOf(() => read(alone))).toEqual({
      code: "not-found",
      message: 'Cannot read "d/x.mhd": its voxels are in "x.raw" beside it, and there is no such file',
      hint: "Put that file beside the header, under that name",
    });
  });
});

describe("warns", () => {
  test.each([
    ["nothing where all is stated", PLACE, []],
    [
      "a missing matrix",
      PLACE.slice(1),
      ["No TransformMatrix is stated: the orientation is assumed to be LPS, as ITK does"],
    ],
    ["a missing spacing", PLACE.slice(0, 2), ["No spacing is stated: taken as 1 mm"]],
    [
      "other units",
      [...PLACE, "DistanceUnits = cm"],
      ['DistanceUnits is "cm": lengths are taken as millimetres, as ITK does'],
    ],
    [
      "a scale",
      [...PLACE, "ElementToIntensityFunctionSlope = 2", "ElementToIntensityFunctionOffset = 1"],
      ["ElementToIntensityFunction is 2 * value + 1: values are taken as they are stored, as ITK does"],
    ],
    [
      "directions in one plane",
      ["TransformMatrix = 1 0 0 0 1 0 1 1 0", ...PLACE.slice(1)],
      [
        "The directions do not span space: the orientation is in doubt",
        "Axis 2: the spacing is stated as 3 mm, but its direction makes it 4.24264 mm",
      ],
    ],
  ])("of %s", async (_, more, warnings) => {
    expect((await read(file({ more }))).header.warnings).toEqual(warnings);
  });
});

test("lines of millions of characters take no time", { timeout: 60_000 }, async () => {
  const n = 300_000;
  for (const line of [
    `a${" ".repeat(n)}`,
    `a${" ".repeat(n)}= 1`,
    " ".repeat(n),
    `DimSize = ${"1".repeat(n)}x`,
    `ElementDataFile = ${"%d".repeat(n)}`,
  ])
    await failure({ "x.mha": `ObjectType = Image\nNDims = 3\n${line}\n` });
});
