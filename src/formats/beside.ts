/** A header whose voxels are in another file of its folder, and the lines of a header of text. */
import type { ByteSource } from "../core/bytes.ts";
import { HipError } from "../core/errors.ts";
import { failToRead, quoted } from "./errors.ts";
import type { ImageFile } from "./image-file.ts";

/** Far more than any header: Slicer's segmentations have some 100 KB. */
const MOST_HEADER_BYTES = 2 ** 22;

/**
 * The start of a file up to where `endOf` finds the header's end, as Latin-1 text (a character a byte).
 * @param endOf offset of the first byte after the header, or undefined where more text is needed.
 */
export async function readHeaderText(
  { name, source }: ImageFile,
  endOf: (text: string) => number | undefined,
): Promise<{ readonly text: string; readonly end: number }> {
  for (let length = 2 ** 14; ; length *= 4) {
    const bytes = await source.read(0, Math.min(length, source.size));
    const text = latin1(bytes);
    const end = endOf(text);
    if (end !== undefined) return { text: text.slice(0, end), end };
    if (length >= source.size) return { text, end: text.length };
    if (length >= MOST_HEADER_BYTES)
      failToRead(name, `its header does not end within ${length} bytes`, "Check that this is the right file");
  }
}

/** A character a byte. TextDecoder's "latin1" is windows-1252, which moves the bytes 0x80 to 0x9f. */
function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x4000)
    text += String.fromCharCode(...bytes.subarray(i, i + 0x4000));
  return text;
}

/** Header text as its writer meant it: UTF-8 where it is that. */
function asWritten(text: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(text, (c) => c.charCodeAt(0)));
  } catch {
    return text;
  }
}

/** A data file that a header names. */
export interface DataFile {
  readonly name: string;
  /** @throws HipError where it is not there, or no way to open it was given. */
  readonly source: ByteSource;
}

/**
 * Opens the file of voxels that a header names.
 * @param stated as in the header: a bare name. Only files beside the header are opened, so a path is refused.
 * @throws HipError "unreadable-image": a path; "not-found": no such file
 */
export async function openDataFile(file: ImageFile, stated: string): Promise<DataFile> {
  const name = asWritten(stated).replace(/^\.[\\/]/, "");
  if (/[\\/:\0]/.test(name) || name === "" || name === "." || name === "..") {
    const what = `its voxels are said to be in ${quoted(stated)}, and only a file in the same folder is opened`;
    failToRead(file.name, what, "Put that file beside the header and state its bare name there");
  }
  const wanted = `its voxels are in ${quoted(name)} beside it`;
  if (file.openBeside === undefined)
    failToRead(file.name, `${wanted}, which was not given`, "Give both files, or the folder they lie in");
  try {
    return { name, source: await file.openBeside(name) };
  } catch (cause) {
    if (!(cause instanceof HipError) || cause.code !== "not-found") throw cause;
    throw new HipError("not-found", `Cannot read "${file.name}": ${wanted}, and there is no such file`, {
      hint: "Put that file beside the header, under that name",
      cause,
    });
  }
}

/** Whether an error says no more than that the file of voxels is not there. */
export function isMissingPartner(error: unknown, file: ImageFile): boolean {
  return error instanceof HipError && (error.code === "not-found" || file.openBeside === undefined);
}
