/**
 * A NIfTI header's bytes <-> its fields, uninterpreted.
 * NIfTI-1 (348 bytes): https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h
 * NIfTI-2 (540 bytes): https://nifti.nimh.nih.gov/pub/dist/doc/nifti2.h
 */
import { HipError } from "../core/errors.ts";
import type { AffineRow } from "./affine.ts";

/** The fields that matter here; names as in nifti1.h, in camel case. */
export interface NiftiFields {
  readonly version: 1 | 2;
  readonly littleEndian: boolean;
  /** The voxels are in this file ("n+1"), not in an .img beside it ("ni1"). */
  readonly singleFile: boolean;
  readonly dimInfo: number;
  /** dim[0..7]. */
  readonly dim: readonly number[];
  readonly intentCode: number;
  readonly datatype: number;
  readonly bitpix: number;
  /** pixdim[0..7]. */
  readonly pixdim: readonly number[];
  readonly voxOffset: number;
  readonly sclSlope: number;
  readonly sclInter: number;
  readonly xyztUnits: number;
  readonly toffset: number;
  /** NIfTI-1 only: FreeSurfer keeps the length of long vectors here. */
  readonly glmin: number;
  readonly qformCode: number;
  readonly sformCode: number;
  /** quatern_b, c, d. */
  readonly quatern: readonly [number, number, number];
  /** qoffset_x, y, z. */
  readonly qoffset: readonly [number, number, number];
  readonly srow: readonly [AffineRow, AffineRow, AffineRow];
}

export const NIFTI1_BYTES = 348;
export const NIFTI2_BYTES = 540;
const NOT_NIFTI_HINT = "Check that this is the right file, and export or download it again";

/** Throws: the file `name` cannot be read. */
export function failToRead(name: string, what: string, hint: string): never {
  throw new HipError("unreadable-image", `Cannot read "${name}": ${what}`, { hint });
}

function ascii(bytes: Uint8Array, start: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(start, start + length)).replace(/\0+$/, "");
}

function list(count: number, at: (index: number) => number): number[] {
  return Array.from({ length: count }, (_, index) => at(index));
}

/** Three rows of four (or three triples of one) read by `at(k)`, k = 0, 1, 2… */
function rows(at: (index: number) => number): [AffineRow, AffineRow, AffineRow] {
  return [
    [at(0), at(1), at(2), at(3)],
    [at(4), at(5), at(6), at(7)],
    [at(8), at(9), at(10), at(11)],
  ];
}

function readFields1(view: DataView, littleEndian: boolean, singleFile: boolean): NiftiFields {
  const int16 = (offset: number): number => view.getInt16(offset, littleEndian);
  const float = (offset: number): number => view.getFloat32(offset, littleEndian);
  return {
    version: 1,
    littleEndian,
    singleFile,
    dimInfo: view.getUint8(39),
    dim: list(8, (i) => int16(40 + 2 * i)),
    intentCode: int16(68),
    datatype: int16(70),
    bitpix: int16(72),
    pixdim: list(8, (i) => float(76 + 4 * i)),
    voxOffset: float(108),
    sclSlope: float(112),
    sclInter: float(116),
    xyztUnits: view.getUint8(123),
    toffset: float(136),
    glmin: view.getInt32(144, littleEndian),
    qformCode: int16(252),
    sformCode: int16(254),
    quatern: [float(256), float(260), float(264)],
    qoffset: [float(268), float(272), float(276)],
    srow: rows((k) => float(280 + 4 * k)),
  };
}

function readFields2(view: DataView, littleEndian: boolean, singleFile: boolean): NiftiFields {
  const int32 = (offset: number): number => view.getInt32(offset, littleEndian);
  const int64 = (offset: number): number => Number(view.getBigInt64(offset, littleEndian));
  const double = (offset: number): number => view.getFloat64(offset, littleEndian);
  return {
    version: 2,
    littleEndian,
    singleFile,
    dimInfo: view.getUint8(524),
    dim: list(8, (i) => int64(16 + 8 * i)),
    intentCode: int32(504),
    datatype: view.getInt16(12, littleEndian),
    bitpix: view.getInt16(14, littleEndian),
    pixdim: list(8, (i) => double(104 + 8 * i)),
    voxOffset: int64(168),
    sclSlope: double(176),
    sclInter: double(184),
    xyztUnits: int32(500),
    toffset: double(216),
    glmin: 0,
    qformCode: int32(344),
    sformCode: int32(348),
    quatern: [double(352), double(360), double(368)],
    qoffset: [double(376), double(384), double(392)],
    srow: rows((k) => double(400 + 8 * k)),
  };
}

/**
 * Reads the fields of a header that `bytes` starts with, in either version and byte order.
 * @throws HipError "unreadable-image": too short, not NIfTI, or Analyze 7.5.
 */
export function readFields(bytes: Uint8Array, name: string): NiftiFields {
  if (bytes.length < NIFTI1_BYTES) {
    const what = `a NIfTI header needs ${NIFTI1_BYTES} bytes, found ${bytes.length}`;
    failToRead(name, what, NOT_NIFTI_HINT);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getInt32(0, true);
  const swapped = view.getInt32(0, false);
  if ([size, swapped].includes(NIFTI1_BYTES)) {
    const magic = ascii(bytes, 344, 4);
    if (magic === "n+1" || magic === "ni1") return readFields1(view, size === NIFTI1_BYTES, magic === "n+1");
    if (magic !== "")
      failToRead(name, `magic must be "n+1" or "ni1", got ${JSON.stringify(magic)}`, NOT_NIFTI_HINT);
    const what = `it is Analyze 7.5 (no NIfTI magic), which does not say which side is left`;
    failToRead(name, what, "Convert it to NIfTI with a tool that knows how it was recorded");
  }
  if (![size, swapped].includes(NIFTI2_BYTES)) {
    const what = `sizeof_hdr must be ${NIFTI1_BYTES} (NIfTI-1) or ${NIFTI2_BYTES} (NIfTI-2), got ${size}`;
    failToRead(name, what, NOT_NIFTI_HINT);
  }
  if (bytes.length < NIFTI2_BYTES) {
    failToRead(name, `a NIfTI-2 header needs ${NIFTI2_BYTES} bytes, found ${bytes.length}`, NOT_NIFTI_HINT);
  }
  const magic = ascii(bytes, 4, 4);
  if (magic === "n+2" || magic === "ni2") return readFields2(view, size === NIFTI2_BYTES, magic === "n+2");
  return failToRead(name, `magic must be "n+2" or "ni2", got ${JSON.stringify(magic)}`, NOT_NIFTI_HINT);
}

/** Offset of the voxels in what we write: the header and four zeros for "no extension". */
export const WRITTEN_VOX_OFFSET = 352;

/**
 * The first 352 bytes of a little-endian NIfTI-1 single file, at the start of an array with room for `voxelBytes` more.
 * @param description at most 79 ASCII characters.
 */
export function writeFields1(fields: NiftiFields, description: string, voxelBytes: number): Uint8Array {
  const bytes = new Uint8Array(WRITTEN_VOX_OFFSET + voxelBytes);
  const view = new DataView(bytes.buffer);
  const int16 = (offset: number, value: number): void => view.setInt16(offset, value, true);
  const float = (offset: number, value: number): void => view.setFloat32(offset, value, true);
  view.setInt32(0, NIFTI1_BYTES, true);
  view.setUint8(38, 0x72); // "regular", which Analyze readers expect
  view.setUint8(39, fields.dimInfo);
  fields.dim.forEach((n, i) => {
    int16(40 + 2 * i, n);
  });
  int16(68, fields.intentCode);
  int16(70, fields.datatype);
  int16(72, fields.bitpix);
  fields.pixdim.forEach((size, i) => {
    float(76 + 4 * i, size);
  });
  float(108, WRITTEN_VOX_OFFSET);
  float(112, fields.sclSlope);
  float(116, fields.sclInter);
  view.setUint8(123, fields.xyztUnits);
  float(136, fields.toffset);
  view.setInt32(144, fields.glmin, true);
  for (let i = 0; i < Math.min(description.length, 79); i++) bytes[148 + i] = description.charCodeAt(i);
  int16(252, fields.qformCode);
  int16(254, fields.sformCode);
  [...fields.quatern, ...fields.qoffset, ...fields.srow.flat()].forEach((value, i) => {
    float(256 + 4 * i, value);
  });
  bytes.set([0x6e, 0x2b, 0x31, 0], 344); // "n+1"
  return bytes;
}
