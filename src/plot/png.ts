/** RGB raster -> PNG bytes, in plain JavaScript: works in a browser tab too. */
import { encode } from "fast-png";
import type { Raster } from "./raster.ts";

/** A PNG file, 8 bits a channel, no metadata: equal rasters give equal bytes. */
export function rasterToPng(raster: Raster): Uint8Array {
  return encode({ width: raster.width, height: raster.height, data: raster.rgb, channels: 3, depth: 8 });
}

/** Bytes as base64, for a data: address. */
export function toBase64(bytes: Uint8Array): string {
  const CHUNK = 0x8000; // String.fromCharCode takes its bytes as arguments, and a call can have only so many.
  let binary = "";
  for (let i = 0; i < bytes.length; i += CHUNK)
    binary += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  return btoa(binary);
}
