/** Data folders in memory, made of small NIfTI files. */
import { makeByteSource } from "../../src/core/bytes.ts";
import { HipError } from "../../src/core/errors.ts";
import type { Folder, FolderItem } from "../../src/dataset/folder.ts";
import type { Affine } from "../../src/nifti/affine.ts";
import { writeNifti } from "../../src/nifti/write.ts";

/** By path; a path that ends in "/" is an empty folder. Bytes may be changed between calls. */
export type Files = Record<string, Uint8Array>;

export function memoryFolder(files: Files): Folder {
  return {
    async list(path) {
      const prefix = path === "" ? "" : `${path}/`;
      const items = new Map<string, FolderItem>();
      for (const file of Object.keys(files).filter((name) => name.startsWith(prefix))) {
        const [name = "", ...rest] = file.slice(prefix.length).split("/");
        if (name !== "") items.set(name, { name, kind: rest.length > 0 ? "folder" : "file" });
      }
      return [...items.values()].reverse();
    },
    async open(path) {
      const bytes = files[path];
      if (bytes === undefined) throw new HipError("not-found", `Cannot find "${path}"`);
      return makeByteSource(bytes);
    },
  };
}

export interface NiftiOptions {
  readonly shape: readonly number[];
  readonly dtype?: "uint8" | "float32";
  /** Default: 0. */
  readonly value?: (at: number) => number;
  readonly spacingMm?: readonly [number, number, number];
  readonly originMm?: readonly [number, number, number];
  /** Default: diagonal, from spacing and origin. */
  readonly affine?: Affine;
}

/** An uncompressed NIfTI-1 file. */
export function niftiBytes(options: NiftiOptions): Uint8Array {
  const { shape, dtype = "float32", value = () => 0, spacingMm = [1, 1, 1], originMm = [0, 0, 0] } = options;
  const n = shape.reduce((product, size) => product * size, 1);
  const data = dtype === "uint8" ? new Uint8Array(n) : new Float32Array(n);
  for (let i = 0; i < n; i++) data[i] = value(i);
  const affine: Affine = options.affine ?? [
    [spacingMm[0], 0, 0, originMm[0]],
    [0, spacingMm[1], 0, originMm[1]],
    [0, 0, spacingMm[2], originMm[2]],
    [0, 0, 0, 1],
  ];
  return writeNifti({ shape, dtype, data, spacingMm, affine });
}

/** The same file with qform_code and sform_code 0, so that only pixdim is left. */
export function withoutPlace(bytes: Uint8Array): Uint8Array {
  return bytes.slice().fill(0, 252, 256);
}

/** One image and mask of the keras_slices layout, 4 x 3 pixels unless told. */
export function addSlice(
  files: Files,
  options: {
    readonly split: "train" | "validate" | "test";
    readonly case: string;
    readonly week: number;
    readonly slice: number;
    readonly image?: Partial<NiftiOptions>;
    readonly mask?: Partial<NiftiOptions>;
  },
): void {
  const { split, week, slice } = options;
  const name = `${options.case}_week_${week}_slice_${slice}.nii`;
  const shape = [4, 3];
  files[`keras_slices_${split}/case_${name}`] = niftiBytes({
    shape,
    value: (i) => slice + i,
    ...options.image,
  });
  files[`keras_slices_seg_${split}/seg_${name}`] = niftiBytes({
    shape,
    dtype: "uint8",
    value: () => 1,
    ...options.mask,
  });
}

/** No test file is gzipped unless it says so. */
export const noInflate = (): Promise<Uint8Array> => Promise.reject(new Error("internal: no gzip expected"));

/** What a promise rejects with, as plain fields to compare. */
export async function rejection(promise: Promise<unknown>): Promise<{
  code: string;
  message: string;
  hint: string | undefined;
  problems: readonly string[];
}> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof HipError)) throw error;
    return { code: error.code, message: error.message, hint: error.hint, problems: error.problems };
  }
  throw new Error("Expected a rejection");
}
