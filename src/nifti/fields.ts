/** A NIfTI header's bytes <-> its fields, uninterpreted. */
import { HipError } from "../core/errors.ts";
import type { AffineRow } from "./affine.ts";
import { firstWords } from "./foreign.ts";
import { type FieldName, LAYOUTS, readPlace, type Version, writePlace } from "./layout.ts";

type Triple = readonly [number, number, number];

/** The fields that matter here; names as in nifti1.h, in camel case. */
export interface NiftiFields {
  readonly version: Version;
  readonly littleEndian: boolean;
  /** The voxels are in this file ("n+1"), not in an .img beside it ("ni1"). */
  readonly singleFile: boolean;
  readonly dimInfo: number;
  /** dim[0..7]. */
  readonly dim: readonly number[];
  readonly intentCode: number;
  readonly datatype: number;
  readonly bitpix: number;
  readonly sliceStart: number;
  /** pixdim[0..7]. */
  readonly pixdim: readonly number[];
  readonly voxOffset: number;
  readonly sclSlope: number;
  readonly sclInter: number;
  readonly sliceEnd: number;
  readonly sliceCode: number;
  readonly xyztUnits: number;
  readonly sliceDuration: number;
  readonly toffset: number;
  /** NIfTI-1 only: FreeSurfer keeps the length of long vectors here. */
  readonly glmin: number;
  readonly qformCode: number;
  readonly sformCode: number;
  /** quatern_b, c, d. */
  readonly quatern: Triple;
  /** qoffset_x, y, z. */
  readonly qoffset: Triple;
  readonly srow: readonly [AffineRow, AffineRow, AffineRow];
}

export const NIFTI1_BYTES = LAYOUTS[1].headerBytes;
export const NIFTI2_BYTES = LAYOUTS[2].headerBytes;
const NOT_NIFTI_HINT = "Check that this is the right file, and export or download it again";

export const EXPORT_AGAIN = "The header is damaged or from a faulty writer: export the image again";

/** Throws: the file `name` cannot be read. */
export function failToRead(name: string, what: string, hint: string): never {
  throw new HipError("unreadable-image", `Cannot read "${name}": ${what}`, { hint });
}

/** Throws: the file `name` was read but cannot be used. */
export function failToUse(name: string, what: string, hint: string): never {
  throw new HipError("bad-image", `Cannot use "${name}": ${what}`, { hint });
}

function ascii(bytes: Uint8Array, start: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(start, start + length));
}

/** For a message: JSON shows what cannot be printed. */
function quoted(text: string): string {
  return JSON.stringify(text.replace(/\0+$/, ""));
}

function readAll(view: DataView, version: Version, littleEndian: boolean, singleFile: boolean): NiftiFields {
  const many = (field: FieldName): number[] => {
    const place = LAYOUTS[version].fields[field];
    return place === undefined ? [0] : readPlace(view, place, littleEndian);
  };
  const one = (field: FieldName): number => many(field)[0]!;
  const three = (field: FieldName): Triple => {
    const [a, b, c] = many(field);
    return [a!, b!, c!];
  };
  const srow = many("srow");
  const row = (r: number): AffineRow => [srow[4 * r]!, srow[4 * r + 1]!, srow[4 * r + 2]!, srow[4 * r + 3]!];
  return {
    version,
    littleEndian,
    singleFile,
    dimInfo: one("dimInfo"),
    dim: many("dim"),
    intentCode: one("intentCode"),
    datatype: one("datatype"),
    bitpix: one("bitpix"),
    sliceStart: one("sliceStart"),
    pixdim: many("pixdim"),
    voxOffset: one("voxOffset"),
    sclSlope: one("sclSlope"),
    sclInter: one("sclInter"),
    sliceEnd: one("sliceEnd"),
    sliceCode: one("sliceCode"),
    xyztUnits: one("xyztUnits"),
    sliceDuration: one("sliceDuration"),
    toffset: one("toffset"),
    glmin: one("glmin"),
    qformCode: one("qformCode"),
    sformCode: one("sformCode"),
    quatern: three("quatern"),
    qoffset: three("qoffset"),
    srow: [row(0), row(1), row(2)],
  };
}

/** Analyze 7.5 has no magic: where a pair or zeros stand in NIfTI's place, that is what the file is. */
function failWithoutMagic(name: string, magic: string): never {
  if (magic.startsWith("\0") || /\.(?:hdr|img)(?:\.gz)?$/i.test(name)) {
    const what = `it is Analyze 7.5 (no NIfTI magic), which does not say which side is left`;
    failToRead(name, what, "Convert it to NIfTI with a tool that knows how it was recorded");
  }
  failToRead(name, `magic must be "n+1" or "ni1", got ${quoted(magic)}`, NOT_NIFTI_HINT);
}

/** What is said besides of a text, such as a web page or a pointer of Git LFS that was saved under an image's name. */
function textNote(bytes: Uint8Array): string {
  const words = firstWords(bytes.subarray(0, NIFTI1_BYTES));
  return words === undefined ? "" : `; it is a text file, no NIfTI, and begins ${JSON.stringify(words)}`;
}

function failShort(name: string, bytes: Uint8Array): never {
  if (bytes.length === 0) {
    const what = "the file is empty, probably cut off in download";
    failToRead(name, what, "Copy or download the file again");
  }
  const what = `a NIfTI header needs ${NIFTI1_BYTES} bytes, found ${bytes.length}`;
  failToRead(name, `${what}${textNote(bytes)}`, NOT_NIFTI_HINT);
}

/**
 * Reads the fields of a header that `bytes` starts with, in either version and byte order.
 * @throws HipError "unreadable-image": too short, not NIfTI, or Analyze 7.5.
 */
export function readFields(bytes: Uint8Array, name: string): NiftiFields {
  if (bytes.length < NIFTI1_BYTES) failShort(name, bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getInt32(0, true);
  const swapped = view.getInt32(0, false);
  if ([size, swapped].includes(NIFTI1_BYTES)) {
    const magic = ascii(bytes, 344, 4);
    const { single, pair } = LAYOUTS[1].magic;
    if (magic !== single && magic !== pair) failWithoutMagic(name, magic);
    return readAll(view, 1, size === NIFTI1_BYTES, magic === single);
  }
  if (![size, swapped].includes(NIFTI2_BYTES)) {
    const what = `sizeof_hdr must be ${NIFTI1_BYTES} (NIfTI-1) or ${NIFTI2_BYTES} (NIfTI-2), got ${size}`;
    failToRead(name, `${what}${textNote(bytes)}`, NOT_NIFTI_HINT);
  }
  if (bytes.length < NIFTI2_BYTES) {
    failToRead(name, `a NIfTI-2 header needs ${NIFTI2_BYTES} bytes, found ${bytes.length}`, NOT_NIFTI_HINT);
  }
  const magic = ascii(bytes, 4, 4);
  const single = LAYOUTS[2].magic.single;
  if (magic !== single.slice(0, 4) && magic !== LAYOUTS[2].magic.pair.slice(0, 4)) {
    failToRead(name, `magic must be "n+2" or "ni2", got ${quoted(magic)}`, NOT_NIFTI_HINT);
  }
  const lineEnds = ascii(bytes, 8, 4);
  // Zeros are let pass, as in nibabel.
  if (lineEnds !== single.slice(4) && lineEnds !== "\0\0\0\0") {
    const what = `the end of its magic must be ${JSON.stringify(single.slice(4))}, got ${JSON.stringify(lineEnds)}`;
    failToRead(name, what, "It was copied as text, which damages it: copy or download it again as binary");
  }
  return readAll(view, 2, size === NIFTI2_BYTES, magic === single.slice(0, 4));
}

export interface HeaderTexts {
  /** At most 79 ASCII characters. */
  readonly description: string;
  /** The header of the same version whose free text is kept instead of `description`. */
  readonly textsOf?: Uint8Array;
}

/** The bytes of a little-endian header of a single file: 348 or 540. */
export function writeFields(fields: NiftiFields, texts: HeaderTexts): Uint8Array {
  const layout = LAYOUTS[fields.version];
  const bytes = new Uint8Array(layout.headerBytes);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, layout.headerBytes, true);
  if (fields.version === 1) view.setUint8(38, 0x72); // "regular", which Analyze readers expect
  for (const [field, place] of Object.entries(layout.fields)) {
    const value = fields[field as FieldName];
    if (place !== undefined) writePlace(view, place, typeof value === "number" ? [value] : value.flat());
  }
  const put = (at: number, text: string): void => {
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  };
  if (texts.textsOf === undefined) put(layout.descriptionAt, texts.description.slice(0, 79));
  else for (const [start, end] of layout.texts) bytes.set(texts.textsOf.subarray(start, end), start);
  put(layout.magicAt, layout.magic.single);
  return bytes;
}
