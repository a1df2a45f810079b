/** What a compressed frame says of its own size, asked before a codec allocates by it. */
import type { JpegSize } from "./jpeg-lossless.ts";
import { failToReadDicom } from "./parse.ts";

/** Tiles cost time and memory each, whatever their size. */
const MOST_TILES = 4096;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Frames are padded to an even length. */
function endsWithEoi(bytes: Uint8Array): boolean {
  const end = bytes.at(-1) === 0 ? bytes.length - 1 : bytes.length;
  return bytes[end - 2] === 0xff && bytes[end - 1] === 0xd9;
}

interface Claim {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly bits: number;
}

function checkClaim(claim: Claim, kind: string, { rows, columns, name }: JpegSize): void {
  const { width, height, components, bits } = claim;
  if (width === columns && height === rows && components === 1 && bits >= 1 && bits <= 16) return;
  const found = `${width} x ${height}, ${components} components of ${bits} bits`;
  failToReadDicom(name, `its ${kind} data must be ${columns} x ${rows} with one component, found ${found}`);
}

/** ITU-T T.800 section A.5.1: SIZ comes first. */
export function checkJpeg2000(bytes: Uint8Array, size: JpegSize): void {
  const view = viewOf(bytes);
  if (bytes.length < 45 || view.getUint32(0) !== 0xff4f_ff51) {
    failToReadDicom(size.name, "its JPEG 2000 data must begin with FF4F FF51");
  }
  const at = (index: number): number => view.getUint32(8 + 4 * index);
  const [right, bottom, left, top, tileWidth, tileHeight, tileLeft, tileTop] = [0, 1, 2, 3, 4, 5, 6, 7].map(
    at,
  ) as [number, number, number, number, number, number, number, number];
  const claim: Claim = {
    width: right - left,
    height: bottom - top,
    components: view.getUint16(40),
    bits: (view.getUint8(42) & 127) + 1,
  };
  checkClaim(claim, "JPEG 2000", size);
  const unscaled = view.getUint8(43) === 1 && view.getUint8(44) === 1;
  const tiles = Math.ceil((right - tileLeft) / tileWidth) * Math.ceil((bottom - tileTop) / tileHeight);
  if (!unscaled || !(tiles <= MOST_TILES)) {
    failToReadDicom(size.name, `its JPEG 2000 data must have at most ${MOST_TILES} tiles of full resolution`);
  }
}

/** ISO/IEC 14495-1 annex C: the frame header (SOF55) comes before the scan; mapping tables are not used in DICOM. */
export function checkJpegLs(bytes: Uint8Array, size: JpegSize): void {
  const view = viewOf(bytes);
  const damaged = (): never => failToReadDicom(size.name, "its JPEG-LS data are damaged before the scan");
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) damaged();
  // CharLS looks for the end of data that are cut short for a minute.
  if (!endsWithEoi(bytes))
    failToReadDicom(size.name, "its JPEG-LS data are cut short: they must end with FFD9");
  let framed = false;
  for (let at = 2; at + 4 <= bytes.length; ) {
    const marker = bytes[at + 1]!;
    const end = at + 2 + view.getUint16(at + 2);
    if (bytes[at] !== 0xff || end > bytes.length || end < at + 4) damaged();
    if (marker === 0xf7) {
      if (framed || end < at + 10) damaged();
      framed = true;
      const claim: Claim = {
        bits: view.getUint8(at + 4),
        height: view.getUint16(at + 5),
        width: view.getUint16(at + 7),
        components: view.getUint8(at + 9),
      };
      checkClaim(claim, "JPEG-LS", size);
    } else if (marker === 0xf8) {
      // Of the preset parameters only the first kind; the others are tables and larger sizes.
      if (bytes[at + 4] !== 1) damaged();
    } else if (marker === 0xda) {
      if (!framed) damaged();
      return;
    } else if (marker !== 0xfe && marker !== 0xdd && (marker < 0xe0 || marker > 0xef)) {
      damaged();
    }
    at = end;
  }
  damaged();
}
