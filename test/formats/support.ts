/** Image files in memory. */
import { makeByteSource } from "../../src/core/bytes.ts";
import { HipError } from "../../src/core/errors.ts";
import type { ImageFile } from "../../src/formats/image-file.ts";
import { readImage, readImageHeader } from "../../src/formats/image-file.ts";
import { inflateGzip } from "../../src/node/inflate.ts";
import type { Image, ImageHeader } from "../../src/volume/image.ts";

/** Content by name; text is Latin-1. */
export type Files = Readonly<Record<string, Uint8Array | string>>;

export function bytesOf(content: Uint8Array | string): Uint8Array {
  return typeof content === "string" ? Uint8Array.from(Buffer.from(content, "latin1")) : content;
}

/** A file among others, which lie beside it. */
export function fileOf(files: Files, name = Object.keys(files)[0] ?? ""): ImageFile {
  const sourceOf = (one: string) => {
    const content = files[one];
    if (content === undefined) throw new HipError("not-found", `Cannot read "${one}": there is no such file`);
    return makeByteSource(bytesOf(content));
  };
  return { name, source: sourceOf(name), openBeside: async (beside) => sourceOf(beside) };
}

/** Reads the first of the files. */
export const read = (files: Files): Promise<Image> => readImage(fileOf(files), inflateGzip);
export const readHeader = (files: Files): Promise<ImageHeader> => readImageHeader(fileOf(files), inflateGzip);

export const joined = (...parts: readonly (Uint8Array | string)[]): Uint8Array =>
  Uint8Array.from(Buffer.concat(parts.map(bytesOf)));

/** The affine's numbers: those that differ from the expected by more than float64's rounding. */
export function affineError(
  found: readonly (readonly number[])[],
  expected: readonly (readonly number[])[],
): number {
  const differences = found.flat().map((value, i) => Math.abs(value - (expected.flat()[i] ?? Number.NaN)));
  return differences.reduce((most, one) => (one <= most ? most : one), 0);
}
