/**
 * JPEG-LS and JPEG 2000 by Cornerstone's builds of CharLS and OpenJPEG, which find their WebAssembly beside
 * themselves. Not their builds in plain JavaScript: that of CharLS takes a minute over damaged data.
 */
import type { LoadCodec } from "../formats/dicom/codecs.ts";

export const loadDicomCodec: LoadCodec = async (kind, print) => {
  const options = { print, printErr: print };
  if (kind === "jpeg-2000") {
    const { default: start } = await import("@cornerstonejs/codec-openjpeg/decodewasmjs");
    const { J2KDecoder } = await start(options);
    return { makeDecoder: () => new J2KDecoder() };
  }
  const { default: start } = await import("@cornerstonejs/codec-charls/decodewasmjs");
  const { JpegLSDecoder } = await start(options);
  return { makeDecoder: () => new JpegLSDecoder() };
};
