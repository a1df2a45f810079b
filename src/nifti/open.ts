/** Finds header and voxels of a NIfTI image, in one file or two, and checks that all bytes are there. */
import type { ByteSource, Inflate } from "../core/bytes.ts";
import { HipError } from "../core/errors.ts";
import { counted } from "../core/text.ts";
import { dtypeOfName } from "./dtype.ts";
import { FLAG_BYTES, readExtensions } from "./extensions.ts";
import { EXPORT_AGAIN, failToRead, NIFTI2_BYTES, type NiftiFields, readFields } from "./fields.ts";
import { headerBytesOf, interpretFields, LONE_HEADER } from "./header.ts";
import { partnersOf, roleOfName } from "./names.ts";
import { type Content, MOST_HEADER_BYTES, openStored, type StoredFile } from "./stored-file.ts";
import type { NiftiExtension, NiftiHeader } from "./types.ts";

export interface ReadOptions {
  /** The file's path, for messages; its last part tells the name of the other half of an .hdr/.img pair. */
  readonly name: string;
  readonly inflate: Inflate;
  /** Opens a file of the same folder by its bare name; rejects with HipError "not-found" where there is none. */
  readonly openBeside?: ((fileName: string) => Promise<ByteSource>) | undefined;
}

export interface OpenImage {
  readonly header: NiftiHeader;
  /** Missing where the header of a pair is alone. */
  readonly content?: Content;
  readonly voxelBytes: number;
}

/** undefined where none of its possible names is there. */
async function openPartner(options: ReadOptions): Promise<StoredFile | undefined> {
  const { folder, files } = partnersOf(options.name);
  for (const file of options.openBeside === undefined ? [] : files) {
    try {
      const source = await options.openBeside?.(file);
      if (source === undefined) continue;
      return await openStored(source, `${folder}${file}`, options.inflate);
    } catch (error) {
      if (!(error instanceof HipError && error.code === "not-found")) throw error;
    }
  }
  return undefined;
}

/** The magic says one thing, the name another: nibabel goes by the name. */
function byName(fields: NiftiFields, name: string, warnings: string[]): NiftiFields {
  const role = roleOfName(name);
  const singleFile = role === undefined ? fields.singleFile : role === "single";
  if (singleFile !== fields.singleFile) {
    const [magic, taken] = singleFile
      ? ["a pair", "a single file"]
      : ["a single file", "the header of a pair"];
    warnings.push(`The magic says that this is of ${magic}: taken as ${taken}, as its name says`);
  }
  return { ...fields, singleFile };
}

interface Opened {
  readonly fields: NiftiFields;
  readonly raw: Uint8Array;
  /** The first of the four bytes behind the header is not 0. */
  readonly extended: boolean;
  readonly warnings: string[];
}

async function openHeader(file: StoredFile): Promise<Opened> {
  const { name } = file;
  const start = await file.start(NIFTI2_BYTES + FLAG_BYTES);
  const warnings = [...file.warnings];
  const fields = byName(readFields(start, name), name, warnings);
  const raw = new Uint8Array(start.subarray(0, headerBytesOf(fields)));
  return { fields, raw, extended: (start[raw.length] ?? 0) !== 0, warnings };
}

interface Need {
  readonly header: NiftiHeader;
  readonly needed: number;
  readonly voxelBytes: number;
  readonly what: string;
}

function needOf(opened: Opened, name: string, extensions: readonly NiftiExtension[]): Need {
  const { fields, raw, warnings } = opened;
  const header = interpretFields(fields, { name, raw, extensions, warnings });
  const voxelBytes = header.shape.reduce((product, n) => product * n, dtypeOfName(header.dtype).bytes);
  const what = `${header.shape.join(" x ")} voxels of ${header.dtype}`;
  const needed = header.voxOffset + voxelBytes;
  if (!Number.isSafeInteger(needed)) {
    failToRead(name, `${what} at byte ${header.voxOffset} are beyond any file`, EXPORT_AGAIN);
  }
  return { header, needed, voxelBytes, what };
}

function withWarnings(header: NiftiHeader, warnings: readonly string[]): NiftiHeader {
  return warnings.length === 0 ? header : { ...header, warnings: [...header.warnings, ...warnings] };
}

function trailing(content: Content, needed: number): readonly string[] {
  const extra = content.size - needed;
  return extra === 0 ? [] : [`${counted(extra, "byte")} after the voxels: not read`];
}

async function openSingle(file: StoredFile, opened: Opened): Promise<OpenImage> {
  const { name } = file;
  const { header, needed, voxelBytes, what } = needOf(opened, name, []);
  const content = await file.content(needed, what);
  const warnings: string[] = [];
  const at = opened.raw.length + FLAG_BYTES;
  const area = opened.extended ? header.voxOffset - at : 0;
  if (area > MOST_HEADER_BYTES) {
    const what = `header extensions have at most ${MOST_HEADER_BYTES} bytes, got ${area}`;
    failToRead(name, what, EXPORT_AGAIN);
  }
  const { littleEndian } = header;
  const bytes = area > 0 ? await content.read(at, area) : new Uint8Array(0);
  const extensions = readExtensions(bytes, { name, littleEndian, toTheEnd: false, warnings });
  warnings.push(...trailing(content, needed));
  return { header: { ...withWarnings(header, warnings), extensions }, content, voxelBytes };
}

async function openPair(
  head: StoredFile,
  opened: Opened,
  voxels: StoredFile | undefined,
): Promise<OpenImage> {
  const { name } = head;
  const { littleEndian } = opened.fields;
  const whole = await head.whole();
  const area = whole.subarray(Math.min(opened.raw.length + FLAG_BYTES, whole.length));
  const extensions = opened.extended
    ? readExtensions(area, { name, littleEndian, toTheEnd: true, warnings: opened.warnings })
    : [];
  const { header, needed, voxelBytes, what } = needOf(opened, name, extensions);
  if (voxels === undefined) return { header: withWarnings(header, [LONE_HEADER]), voxelBytes };
  const content = await voxels.content(needed, what);
  const warnings = [...voxels.warnings, ...trailing(content, needed)];
  return { header: withWarnings(header, warnings), content, voxelBytes };
}

/** Throws: one half of a pair was given, and the other is not there. */
export function failWithoutOther(options: ReadOptions, given: "header" | "voxels"): never {
  const { files } = partnersOf(options.name);
  const [what, other, ending] =
    given === "header"
      ? ["it is the header of an .hdr/.img pair", "its voxels are", ".img"]
      : ["it holds the voxels of an .hdr/.img pair", "its header is", ".hdr"];
  if (options.openBeside === undefined) {
    const hint = "Convert the pair to one .nii.gz, for instance with nibabel: nib.save(nib.load(hdr), out)";
    failToRead(options.name, `${what}, and here no other file can be opened`, hint);
  }
  const hint = `Put the ${ending} file beside it, or convert the pair to one .nii.gz where both are`;
  failToRead(options.name, `${what}, and ${other} not there (tried ${files.join(", ")})`, hint);
}

/**
 * Reads the header and checks that all bytes it promises are there, before anything of that size is allocated.
 * A name that ends in .img is taken as the voxels of a pair: its header is looked for beside it.
 */
export async function openImage(source: ByteSource, options: ReadOptions): Promise<OpenImage> {
  const { name, inflate } = options;
  const given = await openStored(source, name, inflate);
  if (roleOfName(name) === "voxels") {
    const head = await openPartner(options);
    if (head === undefined) return failWithoutOther(options, "voxels");
    return openPair(head, await openHeader(head), given);
  }
  const opened = await openHeader(given);
  if (opened.fields.singleFile) return openSingle(given, opened);
  return openPair(given, opened, await openPartner(options));
}
