/** Transfer syntaxes: how a file's elements and pixels are encoded (PS3.5 section 10, PS3.6 table A-1). */

/** How pixels are packed; "none" = one after another. */
export type PixelCoding = "none" | "rle" | "jpeg-lossless" | "jpeg-ls" | "jpeg-2000" | "unsupported";

export interface TransferSyntax {
  readonly uid: string;
  readonly name: string;
  readonly explicitVr: boolean;
  readonly littleEndian: boolean;
  /** The dataset after the file's meta information is deflated (RFC 1951). */
  readonly deflated: boolean;
  readonly coding: PixelCoding;
}

const JPEG = "1.2.840.10008.1.2.4";

function encapsulated(uid: string, name: string, coding: PixelCoding): TransferSyntax {
  return { uid, name, explicitVr: true, littleEndian: true, deflated: false, coding };
}

function native(uid: string, name: string, differs: Partial<TransferSyntax>): TransferSyntax {
  return { ...encapsulated(uid, name, "none"), ...differs };
}

export const IMPLICIT_LITTLE = native("1.2.840.10008.1.2", "implicit VR little endian", {
  explicitVr: false,
});
export const EXPLICIT_LITTLE = native("1.2.840.10008.1.2.1", "explicit VR little endian", {});

const SYNTAXES: readonly TransferSyntax[] = [
  IMPLICIT_LITTLE,
  EXPLICIT_LITTLE,
  native("1.2.840.10008.1.2.1.99", "deflated explicit VR little endian", { deflated: true }),
  native("1.2.840.10008.1.2.2", "explicit VR big endian", { littleEndian: false }),
  encapsulated("1.2.840.10008.1.2.5", "RLE", "rle"),
  encapsulated(`${JPEG}.50`, "JPEG baseline", "unsupported"),
  encapsulated(`${JPEG}.51`, "JPEG extended", "unsupported"),
  encapsulated(`${JPEG}.57`, "JPEG lossless", "jpeg-lossless"),
  encapsulated(`${JPEG}.70`, "JPEG lossless (first-order prediction)", "jpeg-lossless"),
  encapsulated(`${JPEG}.80`, "JPEG-LS lossless", "jpeg-ls"),
  encapsulated(`${JPEG}.81`, "JPEG-LS near-lossless", "jpeg-ls"),
  encapsulated(`${JPEG}.90`, "JPEG 2000 lossless", "jpeg-2000"),
  encapsulated(`${JPEG}.91`, "JPEG 2000", "jpeg-2000"),
  encapsulated(`${JPEG}.201`, "high-throughput JPEG 2000 lossless", "unsupported"),
  encapsulated(`${JPEG}.202`, "high-throughput JPEG 2000 lossless RPCL", "unsupported"),
  encapsulated(`${JPEG}.203`, "high-throughput JPEG 2000", "unsupported"),
];

const BY_UID: ReadonlyMap<string, TransferSyntax> = new Map(SYNTAXES.map((each) => [each.uid, each]));

/** The syntax of a UID. One that is not known is read as explicit VR little endian, as all newer ones are. */
export function transferSyntaxOf(uid: string): TransferSyntax {
  return (
    BY_UID.get(uid) ??
    encapsulated(uid, `transfer syntax ${uid.replace(/[^0-9.]/g, "?").slice(0, 64)}`, "unsupported")
  );
}
