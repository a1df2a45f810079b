/**
 * Where a header's fields lie, uninterpreted; one table a version, used to read and to write.
 * NIfTI-1 (348 bytes): https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h
 * NIfTI-2 (540 bytes): https://nifti.nimh.nih.gov/pub/dist/doc/nifti2.h
 */
type FieldType = "uint8" | "int16" | "int32" | "int64" | "float32" | "float64";
/** The first byte, the type of each number, how many there are. */
type Place = readonly [offset: number, type: FieldType, count: number];

/** The fields that matter here; names as in nifti1.h, in camel case. */
const NIFTI1 = {
  dimInfo: [39, "uint8", 1],
  dim: [40, "int16", 8],
  intentCode: [68, "int16", 1],
  datatype: [70, "int16", 1],
  bitpix: [72, "int16", 1],
  sliceStart: [74, "int16", 1],
  pixdim: [76, "float32", 8],
  voxOffset: [108, "float32", 1],
  sclSlope: [112, "float32", 1],
  sclInter: [116, "float32", 1],
  sliceEnd: [120, "int16", 1],
  sliceCode: [122, "uint8", 1],
  xyztUnits: [123, "uint8", 1],
  sliceDuration: [132, "float32", 1],
  toffset: [136, "float32", 1],
  /** FreeSurfer keeps the length of long vectors here. */
  glmin: [144, "int32", 1],
  qformCode: [252, "int16", 1],
  sformCode: [254, "int16", 1],
  quatern: [256, "float32", 3],
  qoffset: [268, "float32", 3],
  srow: [280, "float32", 12],
} as const satisfies Readonly<Record<string, Place>>;

export type FieldName = keyof typeof NIFTI1;

const NIFTI2: Readonly<Record<FieldName, Place | undefined>> = {
  datatype: [12, "int16", 1],
  bitpix: [14, "int16", 1],
  dim: [16, "int64", 8],
  pixdim: [104, "float64", 8],
  voxOffset: [168, "int64", 1],
  sclSlope: [176, "float64", 1],
  sclInter: [184, "float64", 1],
  sliceDuration: [208, "float64", 1],
  toffset: [216, "float64", 1],
  sliceStart: [224, "int64", 1],
  sliceEnd: [232, "int64", 1],
  qformCode: [344, "int32", 1],
  sformCode: [348, "int32", 1],
  quatern: [352, "float64", 3],
  qoffset: [376, "float64", 3],
  srow: [400, "float64", 12],
  sliceCode: [496, "int32", 1],
  xyztUnits: [500, "int32", 1],
  intentCode: [504, "int32", 1],
  dimInfo: [524, "uint8", 1],
  glmin: undefined,
};

export type Version = 1 | 2;

interface Layout {
  readonly headerBytes: number;
  readonly fields: Readonly<Record<FieldName, Place | undefined>>;
  /** Offset of the magic, and what it is in a single file and in a pair. */
  readonly magicAt: number;
  readonly magic: { readonly single: string; readonly pair: string };
  /** [start, end) of text that people and tools fill in freely. */
  readonly texts: readonly (readonly [start: number, end: number])[];
  readonly descriptionAt: number;
}

export const LAYOUTS: Readonly<Record<Version, Layout>> = {
  1: {
    headerBytes: 348,
    fields: NIFTI1,
    magicAt: 344,
    magic: { single: "n+1\0", pair: "ni1\0" },
    // data_type, db_name; descrip, aux_file; intent_name
    texts: [
      [4, 32],
      [148, 252],
      [328, 344],
    ],
    descriptionAt: 148,
  },
  2: {
    headerBytes: 540,
    fields: NIFTI2,
    magicAt: 4,
    // The last four tell a file whose line ends were changed on the way.
    magic: { single: "n+2\0\r\n\x1a\n", pair: "ni2\0\r\n\x1a\n" },
    // descrip, aux_file; intent_name
    texts: [
      [240, 344],
      [508, 524],
    ],
    descriptionAt: 240,
  },
};

/** The numbers at a place, as float64: an int64 beyond 2^53 is rounded. */
export function readPlace(view: DataView, place: Place, littleEndian: boolean): number[] {
  const [start, type, count] = place;
  const numbers: number[] = [];
  for (let i = 0; i < count; i++) numbers.push(readNumber(view, start, i, type, littleEndian));
  return numbers;
}

function readNumber(
  view: DataView,
  start: number,
  i: number,
  type: FieldType,
  littleEndian: boolean,
): number {
  switch (type) {
    case "uint8":
      return view.getUint8(start + i);
    case "int16":
      return view.getInt16(start + 2 * i, littleEndian);
    case "int32":
      return view.getInt32(start + 4 * i, littleEndian);
    case "int64":
      return Number(view.getBigInt64(start + 8 * i, littleEndian));
    case "float32":
      return view.getFloat32(start + 4 * i, littleEndian);
    case "float64":
      return view.getFloat64(start + 8 * i, littleEndian);
  }
}

/** Writes numbers to a place, little-endian; integers are expected where the type is one. */
export function writePlace(view: DataView, [start, type]: Place, values: readonly number[]): void {
  const put = (value: number, i: number): void => {
    switch (type) {
      case "uint8":
        view.setUint8(start + i, value);
        break;
      case "int16":
        view.setInt16(start + 2 * i, value, true);
        break;
      case "int32":
        view.setInt32(start + 4 * i, value, true);
        break;
      case "int64":
        view.setBigInt64(start + 8 * i, BigInt(value), true);
        break;
      case "float32":
        view.setFloat32(start + 4 * i, value, true);
        break;
      case "float64":
        view.setFloat64(start + 8 * i, value, true);
        break;
    }
  };
  values.forEach(put);
}
