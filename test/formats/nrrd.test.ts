/** What the fixtures do not show: spellings, refusals, warnings. */
import { describe, expect, test } from "vitest";
import { readImage, readImageHeader } from "../../src/formats/image-file.ts";
import { gzip, inflateGzip } from "../../src/node/inflate.ts";
import { hipErrorOf } from "../support/nifti.ts";
import { type Files, fileOf, joined, read, readHeader } from "./support.ts";

const PLACE = ["space: LPS", "space directions: (1,0,0) (0,2,0) (0,0,3)", "space origin: (4,5,6)"];
interface Head {
  readonly type?: string;
  readonly sizes?: string;
  readonly encoding?: string;
  readonly endian?: string;
  readonly more?: readonly string[];
}
function head({
  type = "uchar",
  sizes = "2 2 2",
  encoding = "raw",
  endian = "little",
  more = PLACE,
}: Head = {}): string {
  const dimension = sizes.split(" ").length;
  const lines = [`type: ${type}`, `dimension: ${dimension}`, `sizes: ${sizes}`, `encoding: ${encoding}`];
  return ["NRRD0005", ...lines, `endian: ${endian}`, ...more, "", ""].join("\n");
}
const EIGHT = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const file = (options: Head = {}, data: Uint8Array | string = EIGHT): Files => ({
  "x.nrrd": joined(head(options), data),
});
const failure = async (files: Files) => {
  const { message } = await hipErrorOf(() => read(files));
  return message.replace(/^Cannot (?:read|use) "[^"]*": /, "");
};

describe("types", () => {
  const spellings: Readonly<Record<string, string>> = {
    int8: "signed char,int8,int8_t",
    uint8: "uchar,unsigned char,uint8,uint8_t",
    int16: "short,short int,signed short,signed short int,int16,int16_t",
    uint16: "ushort,unsigned short,unsigned short int,uint16,uint16_t",
    int32: "int,signed int,int32,int32_t",
    uint32: "uint,unsigned int,uint32,uint32_t",
    int64: "longlong,long long,long long int,signed long long,signed long long int,int64,int64_t",
    uint64: "ulonglong,unsigned long long,unsigned long long int,uint64,uint64_t",
    float32: "float,Float",
    float64: "double,DOUBLE",
  };
  test.each(Object.entries(spellings))("%s has its spellings", async (dtype, list) => {
    for (const type of list.split(","))
      expect((await readHeader(file({ type }, new Uint8Array(64)))).dtype).toBe(dtype);
  });
  test("others are refused by name", async () => {
    expect(await failure(file({ type: "block" }))).toBe("its voxels are blocks of bytes, not numbers");
    const expected =
      '"type" must be one of NRRD\'s number types, for instance "short" or "float", got "char"';
    expect(await failure(file({ type: "char" }))).toBe(expected);
  });
});

describe("refuses by name", () => {
  test.each([
    [
      "bzip2",
      { encoding: "bzip2" },
      '"encoding" must be one of raw, gzip, ascii and hex, got bzip2, which is not read',
    ],
    [
      "another encoding",
      { encoding: "zrl" },
      '"encoding" must be one of raw, gzip, ascii and hex, got "zrl"',
    ],
    [
      "another byte order",
      { type: "short", endian: "middle" },
      '"endian" must be little or big, got "middle"',
    ],
    [
      "a list of files",
      { more: ["data file: LIST", "a.raw"] },
      'its voxels are in several files ("LIST"), which is not read',
    ],
    [
      "a pattern of files",
      { more: ["data file: a%03d.raw 1 9 1"] },
      'its voxels are in several files ("a%03d.raw 1 9 1"), which is not read',
    ],
    ["one axis", { sizes: "8", more: [] }, "an image has 2 or 3 axes in space, got 1 of 1 axes"],
    [
      "four axes in space",
      {
        sizes: "2 2 2 1",
        more: ["space dimension: 4", "space directions: (1,0,0,0) (0,1,0,0) (0,0,1,0) (1,1,0,0)"],
      },
      "an image has 2 or 3 axes in space, got 4 of 4 axes",
    ],
    ["a size of zero", { sizes: "2 0 2" }, '"sizes" must be a whole number, at least 1, got "0"'],
    [
      "a size that is no number",
      { sizes: "2 two 2" },
      '"sizes" must be a whole number, at least 1, got "two"',
    ],
    ["too few kinds", { more: ["kinds: domain"] }, '"kinds" must have 3 values, one an axis, got 1'],
    [
      "another space",
      { more: ["space: posterior", ...PLACE.slice(1)] },
      '"space" must be one of NRRD\'s, for instance "left-posterior-superior", got "posterior"',
    ],
    [
      "directions without a space",
      { more: PLACE.slice(1) },
      'it has "space directions" but neither "space" nor "space dimension"',
    ],
    [
      "directions of another dimension",
      { more: [PLACE[0]!, "space directions: (1,0) (0,1) (1,1)"] },
      '"space directions" must have 3 numbers each, got (1,0)',
    ],
    [
      "directions that are none",
      { more: [PLACE[0]!, "space directions: 1 0 0"] },
      '"space directions" must be vectors like (1,0,0) or none, got "1 0 0"',
    ],
    [
      "a direction of words",
      { more: [PLACE[0]!, "space directions: (a,0,0) (0,1,0) (0,0,1)"] },
      '"space directions" must be vectors like (1,0,0) or none, got "(a,0,0) (0,1,0) (0,0,1)"',
    ],
    ["a field stated twice", { more: ["Type: float"] }, 'its header states "Type" more than once'],
    [
      "a line that is no field",
      { more: ["hello"] },
      'line 7 of its header is no "field: value", got "hello"',
    ],
    [
      "a byte skip of gzip from the end",
      { encoding: "gzip", more: ["byte skip: -1"] },
      '"byte skip" must be a whole number, at least 0, got "-1"',
    ],
  ])("%s", async (_, options: Head, message) => {
    expect(await failure(file(options))).toBe(message);
  });
  test.each(["type", "dimension", "sizes", "encoding"])("a header without %s", async (field) => {
    const text = head().replace(new RegExp(`^${field}: .*\n`, "m"), "");
    expect(await failure({ "x.nrrd": joined(text, EIGHT) })).toBe(`its header has no "${field}"`);
  });
  test("numbers of several bytes without a byte order", async () => {
    const text = head({ type: "short" }).replace("endian: little\n", "");
    expect(await failure({ "x.nrrd": text })).toBe(
      'its header has no "endian", which numbers of 2 bytes need',
    );
  });
  test.each(["NRRD0006", "NRRD0000", "NRRD00"])("%s", async (magic) => {
    const text = head().replace("NRRD0005", magic);
    expect(await failure({ "x.nrrd": text })).toBe(
      `its first line must be NRRD0001 to NRRD0005, got "${magic}"`,
    );
  });
});

describe("geometry that cannot be used is bad-image", () => {
  test.each([
    [
      "a direction of no length",
      [PLACE[0]!, "space directions: (1,0,0) (0,0,0) (0,0,3)"],
      /^Cannot use "x.nrrd": the direction of axis 1 has length 0$/,
    ],
    [
      "a direction that is not finite",
      [PLACE[0]!, "space directions: (1,0,0) (0,nan,0) (0,0,3)"],
      /must be finite numbers/,
    ],
    ["an infinite origin", [...PLACE.slice(0, 2), "space origin: (inf,0,0)"], /must be finite numbers/],
    ["a spacing of 0", ["spacings: 1 0 1"], /the spacing of axis 1 \(2 voxels\) must be > 0 mm, got 0$/],
    ["a negative spacing", ["spacings: 1 1 -1"], /must be > 0 mm, got -1$/],
  ])("%s", async (_, more, message) => {
    const error = await hipErrorOf(() => read(file({ more })));
    expect(error.code).toBe("bad-image");
    expect(error.message).toMatch(message);
  });
});

describe("missing bytes", () => {
  test.each([
    ["raw", file({}, EIGHT.subarray(1)), /^2 x 2 x 2 voxels of uint8 need \d+ bytes, found \d+$/],
    [
      "raw, skipping",
      file({ more: ["byte skip: 1"] }),
      /^2 x 2 x 2 voxels of uint8 need \d+ bytes, found \d+$/,
    ],
    [
      "raw, from the end",
      file({ sizes: "90 9 9", more: ["byte skip: -1"] }),
      /^90 x 9 x 9 voxels of uint8 need 7290 bytes, found \d+$/,
    ],
    [
      "gzip that is whole",
      file({ encoding: "gzip", sizes: "3 3 1" }, gzip(EIGHT)),
      /^3 x 3 x 1 voxels of uint8 need 9 bytes, found 8$/,
    ],
    [
      "gzip that is cut",
      file({ encoding: "gzip" }, gzip(EIGHT).subarray(0, 20)),
      /^the gzip data ends early/,
    ],
    ["ascii", file({ encoding: "ascii" }, "1 2 3 4 5 6  77 "), /^expected 8 numbers, found 7$/],
    [
      "ascii, by far",
      file({ encoding: "ascii" }, "1 2 3 4 5 6 7"),
      /^8 numbers cannot be written in 13 bytes of text$/,
    ],
    ["hex", file({ encoding: "hex" }, "01020304050607 8 "), /^8 bytes need 16 hexadecimal digits, found 15$/],
    ["hex, by far", file({ encoding: "hex" }, "0102"), /^8 bytes need 16 hexadecimal digits, found 4$/],
    [
      "lines",
      file({ more: ["line skip: 3"] }, "a\nb\n"),
      /^"line skip" leaves out 3 lines, which the file has not$/,
    ],
  ])("%s", async (_, files, message) => {
    expect(await failure(files)).toMatch(message);
    expect((await hipErrorOf(() => readHeader(files))).message).toBe(
      (await hipErrorOf(() => read(files))).message,
    );
  });
  test("sizes that no file has are refused before anything is allocated", async () => {
    const sizes = "9007199254740991 9007199254740991 9007199254740991";
    for (const encoding of ["raw", "gzip", "ascii", "hex"])
      expect(await failure(file({ encoding, sizes, type: "double" }, gzip(EIGHT)))).toMatch(
        /need|cannot be written/,
      );
  });
  test("gzip that holds far more than the voxels is refused", async () => {
    expect(await failure(file({ encoding: "gzip" }, gzip(new Uint8Array(2 ** 20))))).toMatch(
      /^the gzip data inflates to more than \d+ bytes$/,
    );
  });
});

describe("text", () => {
  test("may be floats in any spelling, with commas", async () => {
    const text = "1.5,-2e1 +3 .25\t4.\r\nnan inf -Infinity";
    const { values } = await read(file({ type: "float", encoding: "ascii" }, text));
    expect([...values]).toEqual([1.5, -20, 3, 0.25, 4, Number.NaN, Infinity, -Infinity]);
  });
  test.each([
    ["1 2 3 4 5 6 7 256", 'number 8 must be one of uint8, got "256"'],
    ["1 2 3 4 5 6 7 1.5", 'number 8 must be one of uint8, got "1.5"'],
    ["1 2 3 four 5 6 7 8", 'number 4 must be one of uint8, got "four"'],
    ["nan 2 3 4 5 6 7 8", 'number 1 must be one of uint8, got "nan"'],
  ])("%j is refused", async (text, message) => {
    expect(await failure(file({ encoding: "text" }, text))).toBe(message);
  });
  test("of hexadecimal digits has no others", async () => {
    expect((await read(file({ encoding: "HEX" }, "01 0A0b\n ff00010203"))).values[3]).toBe(255);
    expect(await failure(file({ encoding: "hex" }, "01020304050607xy"))).toBe(
      'expected hexadecimal digits, got "x" after 14 of them',
    );
  });
});

describe("a detached header", () => {
  const detached = (name: string): Files => ({
    "dir/x.nhdr": head({ more: [...PLACE, `data file: ${name}`] }),
  });
  test("opens the file beside it by its bare name", async () => {
    const opened: string[] = [];
    const header = fileOf({ ...detached("./a b.raw"), "a b.raw": EIGHT });
    const openBeside = (name: string) => {
      opened.push(name);
      return header.openBeside!(name);
    };
    expect([...(await readImage({ ...header, openBeside }, inflateGzip)).values]).toEqual([...EIGHT]);
    expect(opened).toEqual(["a b.raw"]);
  });
  test.each(["/etc/passwd", "../x.raw", "a/x.raw", "C:\\x.raw", "..", ".", "..\\x.raw", "http://x"])(
    "opens nothing elsewhere: %s",
    async (name) => {
      const openBeside = () => Promise.reject(new Error("must not be opened"));
      const error = await hipErrorOf(() => readImage({ ...fileOf(detached(name)), openBeside }, inflateGzip));
      expect(error.message).toBe(
        `Cannot read "dir/x.nhdr": its voxels are said to be in "${name}", and only a file in the same folder is opened`,
      );
    },
  );
  test("is described alone, and its voxels are missed when they are asked for", async () => {
    const header = await readHeader(detached("x.raw"));
    expect(header.shape).toEqual([2, 2, 2]);
    expect(header.warnings).toEqual(["The voxels are in another file, which is not here"]);
    const error = await hipErrorOf(() => read(detached("x.raw")));
    expect(error.code).toBe("not-found");
    expect(error.message).toBe(
      'Cannot read "dir/x.nhdr": its voxels are in "x.raw" beside it, and there is no such file',
    );
    const { name, source } = fileOf(detached("x.raw"));
    expect((await readImageHeader({ name, source }, inflateGzip)).shape).toEqual([2, 2, 2]);
    const alone = await hipErrorOf(() => readImage({ name, source }, inflateGzip));
    expect(alone.message).toBe(
      'Cannot read "dir/x.nhdr": its voxels are in "x.raw" beside it, which was not given',
    );
  });
  test("names the data file where that is cut short", async () => {
    const files = { ...detached("x.raw"), "x.raw": EIGHT.subarray(2) };
    const message = 'Cannot read "x.raw": 2 x 2 x 2 voxels of uint8 need 8 bytes, found 6';
    expect((await hipErrorOf(() => read(files))).message).toBe(message);
    await expect(readHeader(files)).rejects.toThrow(message);
  });
});

describe("warns", () => {
  const warningsOf = async (more: readonly string[], type = "uchar", data: Uint8Array = EIGHT) =>
    (await read(file({ more, type }, data))).header.warnings;
  test("of nothing where all is stated", async () => {
    expect(
      await warningsOf([
        ...PLACE,
        'space units: "mm" "mm" "mm"',
        "measurement frame: (1,0,0) (0,1,0) (0,0,1)",
      ]),
    ).toEqual([]);
  });
  test.each([
    [
      "other units",
      [...PLACE, 'space units: "cm" "cm" "cm"'],
      'The units are stated as "cm": lengths are taken as millimetres, as ITK does',
    ],
    [
      "a space that is no patient's",
      ["space: scanner-xyz", ...PLACE.slice(1)],
      'The space is "scanner-xyz", which does not say where the patient\'s left is: assumed to be LPS, as ITK does',
    ],
    ["a missing origin", PLACE.slice(0, 2), "No space origin is stated: taken as 0, 0, 0"],
    [
      "a missing orientation",
      ["spacings: 1 1 1"],
      "No orientation is stated: assumed to be LPS, as ITK does",
    ],
    [
      "a former range",
      [...PLACE, "old min: 0", "old max: 9"],
      "old min and old max tell of a former range: values are taken as they are stored",
    ],
    [
      "segments",
      [...PLACE, "Segment0_LabelValue:=1", "Segment1_LabelValue:=2"],
      "A segmentation of 3D Slicer with 2 segments: their names are not read",
    ],
    [
      "directions in one plane",
      [PLACE[0]!, "space directions: (1,0,0) (0,1,0) (1,1,0)", PLACE[2]!],
      "The directions do not span space: the orientation is in doubt",
    ],
  ])("of %s", async (_, more, warning) => {
    expect(await warningsOf(more)).toEqual([warning]);
  });
  test("of a spacing that is not stated for one axis", async () => {
    const { header } = await read(file({ more: ["spacings: 2 nan 1"] }));
    expect(header.affineSource).toBe("assumed");
    expect(header.spacingMm).toEqual([2, 1, 1]);
    expect(header.warnings).toContain("No spacing is stated for axis 1: taken as 1 mm");
  });
  test("of integers that float32 does not hold", async () => {
    const data = new Uint8Array(Int32Array.of(2 ** 24 + 3, 0, 0, 0, 0, 0, 0, 0).buffer);
    expect(await warningsOf(PLACE, "int", data)).toEqual([
      expect.stringMatching(/16777220.* rounded to float32$/),
    ]);
  });
});

test("slices in a list come after three axes of space", async () => {
  const more = [PLACE[0]!, "space directions: (1,0,0) (0,2,0) none", "kinds: domain domain list", PLACE[2]!];
  const { header, values } = await read(file({ more }));
  expect(header.shape).toEqual([2, 2, 1, 2]);
  expect(header.spacingMm).toEqual([1, 2, 1]);
  expect([...values]).toEqual([...EIGHT]);
});

test("lines of millions of characters take no time", { timeout: 60_000 }, async () => {
  const n = 300_000;
  const lines = [
    "1".repeat(n),
    `${" ".repeat(n)}x`,
    `${"%d".repeat(n / 2)}`,
    '"'.repeat(n),
    "(".repeat(n),
    `${"9".repeat(n)}x`,
  ];
  for (const line of lines) {
    for (const field of [
      "sizes",
      "spacings",
      "space directions",
      "kinds",
      "data file",
      "type",
      "space units",
    ])
      await failure({ "x.nrrd": `NRRD0004\ntype: short\ndimension: 3\nspace: LPS\n${field}: ${line}\n\n` });
  }
  expect(await failure({ "x.nrrd": `NRRD0004\n${"#".repeat(2 ** 24)}` })).toMatch(
    /^its header does not end within \d+ bytes$/,
  );
});
