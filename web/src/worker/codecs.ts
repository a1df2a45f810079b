/** Decoders of JPEG-LS and JPEG 2000 in DICOM, by Cornerstone's builds of CharLS and OpenJPEG; loaded when needed. */

import charlsWasm from "@cornerstonejs/codec-charls/decodewasm?url";
import openjpegWasm from "@cornerstonejs/codec-openjpeg/decodewasm?url";
import type { LoadCodec } from "../../../src/browser/index.ts";

const absolute = (url: string): string => new URL(url, import.meta.url).href;

export const loadCodecInBrowser: LoadCodec = async (kind, print) => {
  const from = (url: string) => ({ print, printErr: print, locateFile: () => absolute(url) });
  if (kind === "jpeg-2000") {
    const { default: start } = await import("@cornerstonejs/codec-openjpeg/decodewasmjs");
    const { J2KDecoder } = await start(from(openjpegWasm));
    return { makeDecoder: () => new J2KDecoder() };
  }
  const { default: start } = await import("@cornerstonejs/codec-charls/decodewasmjs");
  const { JpegLSDecoder } = await start(from(charlsWasm));
  return { makeDecoder: () => new JpegLSDecoder() };
};
