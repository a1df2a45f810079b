/** Reading one folder's listing: which files are images, which are litter, and how problems are told. */
import { HipError } from "../core/errors.ts";
import { imageStem } from "../formats/image-file.ts";
import type { FolderItem } from "./folder.ts";

/** At most so many problems are listed. */
const SHOWN_PROBLEMS = 20;
/** At most so many names are given in a warning. */
const SHOWN_NAMES = 5;

/** What operating systems and people leave lying about in data folders. */
const LITTER = /^(\..*|Thumbs\.db|desktop\.ini|__MACOSX|(README|LICEN[CS]E|CHANGES|CITATION)(\.\w+)?)$/i;

/** Files that hold the voxels of a header beside them: no images by themselves, and nothing strange. */
const VOXELS = /\.(?:img|raw|zraw)(?:\.gz)?$/i;

export interface ImageFile {
  /**
   * As on disk, e.g. "case_004_week_0_slice_10.nii.gz"; of a file in a folder of its own name with that folder,
   * "Case_004_Week0_LFOV.nii/Case_004_Week0_LFOV.nii".
   */
  readonly fileName: string;
  /** Without the ending of its format. */
  readonly name: string;
}

/** The images of a listing in natural order, and the names of what is neither an image nor litter. */
export function sortListing(items: readonly FolderItem[]): { files: ImageFile[]; strangers: string[] } {
  const files: ImageFile[] = [];
  const strangers: string[] = [];
  for (const item of items) {
    if (LITTER.test(item.name)) continue;
    const name = imageStem(item.name);
    if (item.kind === "file" && name !== undefined) files.push({ fileName: item.name, name });
    else strangers.push(item.kind === "folder" ? `${item.name}/` : item.name);
  }
  const stems = new Set(files.map((file) => file.name));
  const isVoxels = (name: string): boolean => VOXELS.test(name) && stems.has(name.replace(VOXELS, ""));
  return {
    files: sortNaturally(files, (file) => file.fileName),
    strangers: sortNaturally(strangers.filter((name) => !isVoxels(name))),
  };
}

export function isLitter(name: string): boolean {
  return LITTER.test(name);
}

/** Sorted by text, but runs of digits by their number: "slice_2" before "slice_10". */
export function sortNaturally<T>(items: readonly T[], nameOf: (item: T) => string = String): T[] {
  // Keys are made once: a split of HipMRI has 11,460 files.
  const keyed = items.map((item) => ({ item, name: nameOf(item), key: naturalKey(nameOf(item)) }));
  keyed.sort((a, b) => compare(a.key, b.key) || compare(a.name, b.name));
  return keyed.map(({ item }) => item);
}

/** By code unit, so that the order is the same in every locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function naturalKey(text: string): string {
  return text.replace(/\d+/g, (digits) => digits.replace(/^0+(?=\d)/, "").padStart(16, "0"));
}

/** Characters that would break a line, or turn it around, or drive a terminal. */
const CONTROLS = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Control characters as JSON writes them: a file's name may hold a line break or an escape sequence. */
function escapeControls(text: string): string {
  return text.replace(CONTROLS, (found) => {
    const quoted = JSON.stringify(found).slice(1, -1);
    return quoted === found ? `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}` : quoted;
  });
}

/** `"a", "b" and 3 more`, control characters escaped. */
export function quoteSome(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES).map((name) => `"${escapeControls(name)}"`);
  const more = names.length - shown.length;
  return more === 0 ? shown.join(", ") : `${shown.join(", ")} and ${more} more`;
}

/** One error for everything that was found wrong with a data set; at most 20 problems are listed. */
export function datasetError(message: string, hint: string, problems: readonly string[]): HipError {
  const more = problems.length - SHOWN_PROBLEMS;
  const first = problems.slice(0, SHOWN_PROBLEMS).map(escapeControls);
  const shown = more > 0 ? [...first, `and ${more} more`] : first;
  return new HipError("bad-dataset", message, { hint, problems: shown });
}
