/** The committed series, and what lends the core inflate. */
import { readFileSync } from "node:fs";
import { constants, inflateSync } from "node:zlib";
import { type Inflate, makeByteSource } from "../../../src/core/bytes.ts";
import type { DicomInput } from "../../../src/formats/dicom/file.ts";
import type { DicomPlatform } from "../../../src/formats/dicom/series.ts";
import { type DicomListing, listDicomSeries } from "../../../src/formats/dicom/series.ts";
import type { Affine } from "../../../src/nifti/affine.ts";
import { loadDicomCodec } from "../../../src/node/dicom-codecs.ts";

export interface ExpectedVolume {
  readonly shape: readonly [number, number, number];
  readonly affine: Affine;
  readonly values: readonly number[];
}

export interface Fixture {
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  readonly volumes: readonly ExpectedVolume[];
}

export const FIXTURES = [
  "axial",
  "coronal-implicit",
  "sagittal-big-endian",
  "oblique-rle",
  "down-deflated",
  "tilted-ct",
  "float",
  "bare",
  "int32",
  "enhanced",
  "localiser",
  "jpeg-ls",
  "jpeg-2000",
  "jpeg-lossless",
] as const;

export function loadFixture(name: string): Fixture {
  const text = readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), "utf8");
  const { files, volumes } = JSON.parse(text) as {
    files: { name: string; base64: string }[];
    volumes: ExpectedVolume[];
  };
  return {
    files: files.map(({ name, base64 }) => ({ name, bytes: new Uint8Array(Buffer.from(base64, "base64")) })),
    volumes,
  };
}

const inflate: Inflate = (compressed, maxBytes, options) => {
  if (options?.format !== "zlib") return Promise.reject(new Error("expected zlib"));
  const bytes = inflateSync(compressed, {
    maxOutputLength: maxBytes,
    finishFlush: options.startOnly ? constants.Z_SYNC_FLUSH : constants.Z_FINISH,
  });
  return Promise.resolve(new Uint8Array(bytes));
};

export const PLATFORM: DicomPlatform = { inflate, loadCodec: loadDicomCodec };

export function inputsOf(files: Fixture["files"]): DicomInput[] {
  return files.map(({ name, bytes }) => ({ name, source: makeByteSource(bytes) }));
}

export function listFixture(name: string): Promise<DicomListing> {
  return listDicomSeries(inputsOf(loadFixture(name).files), PLATFORM);
}
