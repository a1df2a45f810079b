/** NIfTI files of every kind, made without the code under test: header fields are put where nifti1.h and nifti2.h say. */

export const DTYPES = {
  uint8: { code: 2, bytes: 1 },
  int8: { code: 256, bytes: 1 },
  uint16: { code: 512, bytes: 2 },
  int16: { code: 4, bytes: 2 },
  uint32: { code: 768, bytes: 4 },
  int32: { code: 8, bytes: 4 },
  uint64: { code: 1280, bytes: 8 },
  int64: { code: 1024, bytes: 8 },
  float32: { code: 16, bytes: 4 },
  float64: { code: 64, bytes: 8 },
} as const;
export type Dtype = keyof typeof DTYPES;

export interface NiftiPlan {
  readonly version: 1 | 2;
  readonly little: boolean;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** One for each voxel, such as the dtype can hold. */
  readonly stored: readonly (number | bigint)[];
  readonly spacing?: readonly [number, number, number];
  readonly slope?: number;
  readonly inter?: number;
  /** Twelve numbers, rows first. */
  readonly srow?: readonly number[];
  /** quatern_b, c, d; qoffset_x, y, z. */
  readonly qform?: readonly number[];
  readonly extensions?: readonly (readonly [code: number, bytes: number])[];
  /** Bytes between the header's end (or the extensions') and the voxels; in a pair, before the voxels of the .img. */
  readonly gap?: number;
}

type Put = (view: DataView, at: number, value: number | bigint, little: boolean) => void;
const PUT: Readonly<Record<Dtype, Put>> = {
  uint8: (view, at, value) => view.setUint8(at, Number(value)),
  int8: (view, at, value) => view.setInt8(at, Number(value)),
  uint16: (view, at, value, little) => view.setUint16(at, Number(value), little),
  int16: (view, at, value, little) => view.setInt16(at, Number(value), little),
  uint32: (view, at, value, little) => view.setUint32(at, Number(value), little),
  int32: (view, at, value, little) => view.setInt32(at, Number(value), little),
  uint64: (view, at, value, little) => view.setBigUint64(at, BigInt(value), little),
  int64: (view, at, value, little) => view.setBigInt64(at, BigInt(value), little),
  float32: (view, at, value, little) => view.setFloat32(at, Number(value), little),
  float64: (view, at, value, little) => view.setFloat64(at, Number(value), little),
};

export function voxelBytes(plan: NiftiPlan): Uint8Array {
  const { bytes } = DTYPES[plan.dtype];
  const out = new Uint8Array(bytes * plan.stored.length);
  const view = new DataView(out.buffer);
  plan.stored.forEach((value, i) => {
    PUT[plan.dtype](view, bytes * i, value, plan.little);
  });
  return out;
}

function extensionBytes({ extensions = [], little }: NiftiPlan): Uint8Array {
  const out = new Uint8Array(4 + extensions.reduce((sum, [, bytes]) => sum + bytes + 8, 0));
  const view = new DataView(out.buffer);
  if (extensions.length > 0) out[0] = 1;
  let at = 4;
  for (const [code, bytes] of extensions) {
    view.setInt32(at, bytes + 8, little);
    view.setInt32(at + 4, code, little);
    out.fill(65 + (code % 26), at + 8, at + 8 + bytes);
    at += bytes + 8;
  }
  return out;
}

function putHeader(view: DataView, plan: NiftiPlan, voxOffset: number): void {
  const { version, little, shape, slope = 1, inter = 0, srow, qform } = plan;
  const { code, bytes } = DTYPES[plan.dtype];
  const old = version === 1;
  const float = (at1: number, at2: number, values: readonly number[]): void => {
    values.forEach((value, i) => {
      if (old) view.setFloat32(at1 + 4 * i, value, little);
      else view.setFloat64(at2 + 8 * i, value, little);
    });
  };
  const integer = (at1: number, at2: number, value: number): void => {
    if (old) view.setInt16(at1, value, little);
    else view.setInt32(at2, value, little);
  };
  view.setInt32(0, old ? 348 : 540, little);
  [shape.length, ...shape].forEach((n, i) => {
    if (old) view.setInt16(40 + 2 * i, n, little);
    else view.setBigInt64(16 + 8 * i, BigInt(n), little);
  });
  view.setInt16(old ? 70 : 12, code, little);
  view.setInt16(old ? 72 : 14, 8 * bytes, little);
  float(76, 104, [1, ...(plan.spacing ?? [1.5, 2, 3]), 1, 1, 1, 1]);
  if (old) view.setFloat32(108, voxOffset, little);
  else view.setBigInt64(168, BigInt(voxOffset), little);
  float(112, 176, [slope, inter]);
  if (srow !== undefined) float(280, 400, srow);
  if (qform !== undefined) float(256, 352, qform);
  integer(252, 344, qform === undefined ? 0 : 1);
  integer(254, 348, srow === undefined ? 0 : 1);
}

function putMagic(bytes: Uint8Array, { version }: NiftiPlan, kind: "n+" | "ni"): void {
  const magic = version === 1 ? `${kind}1\0` : `${kind}2\0\r\n\x1a\n`;
  for (let i = 0; i < magic.length; i++) bytes[(version === 1 ? 344 : 4) + i] = magic.charCodeAt(i);
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** A .nii file. */
export function buildSingle(plan: NiftiPlan): Uint8Array {
  const head = new Uint8Array(plan.version === 1 ? 348 : 540);
  const extensions = extensionBytes(plan);
  const gap = new Uint8Array(plan.gap ?? 0);
  putHeader(new DataView(head.buffer), plan, head.length + extensions.length + gap.length);
  putMagic(head, plan, "n+");
  return concat(head, extensions, gap, voxelBytes(plan));
}

/** An .hdr and an .img file. */
export function buildPair(plan: NiftiPlan): { readonly hdr: Uint8Array; readonly img: Uint8Array } {
  const head = new Uint8Array(plan.version === 1 ? 348 : 540);
  const gap = new Uint8Array(plan.gap ?? 0);
  putHeader(new DataView(head.buffer), plan, gap.length);
  putMagic(head, plan, "ni");
  return { hdr: concat(head, extensionBytes(plan)), img: concat(gap, voxelBytes(plan)) };
}
