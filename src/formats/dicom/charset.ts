/** DICOM's character sets (PS3.3 section C.12.1.1.2) as the platform's TextDecoder names them. */

const ENCODINGS: Readonly<Record<string, string>> = {
  "": "windows-1252",
  "ISO_IR 6": "windows-1252",
  "ISO_IR 100": "windows-1252",
  "ISO_IR 101": "iso-8859-2",
  "ISO_IR 109": "iso-8859-3",
  "ISO_IR 110": "iso-8859-4",
  "ISO_IR 126": "iso-8859-7",
  "ISO_IR 127": "iso-8859-6",
  "ISO_IR 138": "iso-8859-8",
  "ISO_IR 144": "iso-8859-5",
  "ISO_IR 148": "windows-1254",
  "ISO_IR 166": "windows-874",
  "ISO_IR 192": "utf-8",
  "ISO_IR 203": "iso-8859-15",
  "ISO_IR 13": "shift_jis",
  "ISO_IR 58": "gbk",
  "ISO_IR 87": "iso-2022-jp",
  "ISO_IR 149": "euc-kr",
  GB18030: "gb18030",
  GBK: "gbk",
};

/** "ISO 2022 IR 100" (with code extensions) names the same set as "ISO_IR 100". */
function encodingOf(charset: string): string | undefined {
  return ENCODINGS[charset.replace(/^ISO 2022 IR /, "ISO_IR ")];
}

/**
 * Text in the character sets that a dataset names, for display. With several (code extensions) the last that is
 * known is used, which covers their usual use; damaged characters become U+FFFD.
 */
export function decodeText(bytes: Uint8Array, charsets: readonly string[]): string {
  const known = charsets.map(encodingOf).filter((name) => name !== undefined);
  return new TextDecoder(known.at(-1) ?? "windows-1252").decode(bytes);
}

export function isAscii(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte < 0x80);
}
