/** Small NIfTI files for tests. */
import { makeByteSource } from "../../src/core/bytes.ts";
import { HipError } from "../../src/core/errors.ts";
import { readNifti } from "../../src/nifti/read.ts";
import type { NiftiImage } from "../../src/nifti/types.ts";
import { inflateGzip } from "../../src/node/inflate.ts";

/** Reads a NIfTI file from memory. */
export function readBytes(bytes: Uint8Array, name = "x.nii"): Promise<NiftiImage> {
  return readNifti(makeByteSource(bytes), { name, inflate: inflateGzip });
}

/** What a HipError says; anything else that is thrown, or nothing, fails the test. */
export async function hipErrorOf(work: () => unknown): Promise<Pick<HipError, "code" | "message" | "hint">> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof HipError)) throw error;
    return { code: error.code, message: error.message, hint: error.hint };
  }
  throw new Error("Expected a HipError, but nothing was thrown");
}

/** Whether two arrays hold the same bytes; far faster than toEqual() on a volume. */
export function sameBytes(a: ArrayBufferView, b: ArrayBufferView): boolean {
  const bytes = (view: ArrayBufferView): Buffer => Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  return bytes(a).equals(bytes(b));
}
