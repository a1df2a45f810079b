/** NIfTI's datatype codes: https://nifti.nimh.nih.gov/nifti-1/documentation/nifti1fields/nifti1fields_pages/datatype.html */
import type { NiftiDtype } from "./types.ts";

export interface DtypeEntry {
  readonly code: number;
  readonly name: string;
  readonly bytes: number;
}

/** One number per voxel: what can be segmented. */
const SCALARS: readonly (DtypeEntry & { readonly name: NiftiDtype })[] = [
  { code: 2, name: "uint8", bytes: 1 },
  { code: 256, name: "int8", bytes: 1 },
  { code: 512, name: "uint16", bytes: 2 },
  { code: 4, name: "int16", bytes: 2 },
  { code: 768, name: "uint32", bytes: 4 },
  { code: 8, name: "int32", bytes: 4 },
  { code: 1280, name: "uint64", bytes: 8 },
  { code: 1024, name: "int64", bytes: 8 },
  { code: 16, name: "float32", bytes: 4 },
  { code: 64, name: "float64", bytes: 8 },
];

/** Can be described, not segmented. */
const OTHERS: readonly DtypeEntry[] = [
  { code: 32, name: "complex64", bytes: 8 },
  { code: 128, name: "rgb24", bytes: 3 },
  { code: 1536, name: "float128", bytes: 16 },
  { code: 1792, name: "complex128", bytes: 16 },
  { code: 2048, name: "complex256", bytes: 32 },
  { code: 2304, name: "rgba32", bytes: 4 },
];

const BY_CODE = new Map([...SCALARS, ...OTHERS].map((entry) => [entry.code, entry]));
const BY_NAME = new Map([...SCALARS, ...OTHERS].map((entry) => [entry.name, entry]));

export const SCALAR_NAMES: readonly NiftiDtype[] = SCALARS.map((entry) => entry.name);

export function dtypeOfCode(code: number): DtypeEntry | undefined {
  return BY_CODE.get(code);
}

/** @param name one of ours, as in a parsed header. */
export function dtypeOfName(name: string): DtypeEntry {
  const entry = BY_NAME.get(name);
  if (entry === undefined) throw new Error(`internal: no dtype "${name}"`);
  return entry;
}

export function isScalar(name: string): name is NiftiDtype {
  return SCALARS.some((entry) => entry.name === name);
}
