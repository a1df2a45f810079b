/** The DICOM files of a folder on disk. */
import { open, readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { HipError } from "../core/errors.ts";
import { mapParallel } from "../core/parallel.ts";
import type { DicomPlatform } from "../formats/dicom/content.ts";
import { type DicomInput, looksLikeDicom, PREAMBLE_BYTES } from "../formats/dicom/file.ts";
import { loadDicomCodec } from "./dicom-codecs.ts";
import { closedSource } from "./files.ts";
import { inflateGzip } from "./inflate.ts";

/** What Node lends for reading DICOM. */
export const DICOM_ON_NODE: DicomPlatform = { inflate: inflateGzip, loadCodec: loadDicomCodec };

/** Scanners and archives nest patient, study and series. */
const DEEPEST = 16;
const FOLDERS_AT_ONCE = 8;
const FILES_AT_ONCE = 16;

export interface DicomFolder {
  /** In the order of their paths. Nothing is kept open: each reading opens its file and closes it again. */
  readonly files: readonly DicomInput[];
  /** Files that are not DICOM. */
  readonly others: number;
}

const lazyInput = (path: string, size: number): DicomInput => ({
  name: path,
  source: closedSource(path, size),
});

/** Reads no more than the first bytes; undefined of what is not DICOM. */
async function recognise(path: string): Promise<DicomInput | undefined> {
  const handle = await open(path, "r").catch(() => undefined);
  // A file that may not be read could be a slice: reading it will fail, and name it.
  if (handle === undefined) return lazyInput(path, 0);
  try {
    const { size } = await handle.stat();
    const start = new Uint8Array(PREAMBLE_BYTES);
    const { bytesRead } = await handle.read(start, 0, PREAMBLE_BYTES, 0);
    return looksLikeDicom(start.subarray(0, bytesRead)) ? lazyInput(path, size) : undefined;
  } finally {
    await handle.close();
  }
}

interface Found {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

async function list(folder: string): Promise<Found> {
  const items = await readdir(folder, { withFileTypes: true });
  const files: string[] = [];
  const folders: string[] = [];
  for (const item of items) {
    if (item.name.startsWith(".") || item.name.toUpperCase() === "DICOMDIR") continue;
    const path = join(folder, item.name);
    const kind = item.isSymbolicLink() ? await stat(path).catch(() => undefined) : item;
    if (kind?.isDirectory()) folders.push(path);
    else if (kind?.isFile()) files.push(path);
  }
  return { files, folders };
}

async function listAll(root: string): Promise<readonly string[]> {
  const files: string[] = [];
  const seen = new Set<string>();
  let folders: readonly string[] = [root];
  for (let depth = 0; depth <= DEEPEST && folders.length > 0; depth++) {
    const real = await mapParallel(folders, FOLDERS_AT_ONCE, (folder) => realpath(folder));
    // Links may lead back, or twice to one folder.
    const fresh = folders.filter((_, i) => !seen.has(real[i]!) && seen.add(real[i]!));
    const found = await mapParallel(fresh, FOLDERS_AT_ONCE, list);
    for (const each of found) files.push(...each.files);
    folders = found.flatMap((each) => each.folders);
  }
  return files.sort();
}

/**
 * Finds the DICOM files in a folder and the folders in it, up to 16 deep, by their content: names do not matter.
 * Hidden files and DICOMDIR are left out. Of a path to a file, that file.
 * @throws HipError "not-found", "disk"
 */
export async function findDicomFiles(path: string): Promise<DicomFolder> {
  const paths = await listing(path);
  const found = await mapParallel(paths, FILES_AT_ONCE, recognise);
  const files = found.filter((each) => each !== undefined);
  return { files, others: found.length - files.length };
}

async function listing(path: string): Promise<readonly string[]> {
  try {
    return (await stat(path)).isDirectory() ? await listAll(path) : [path];
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new HipError("not-found", `Cannot find "${path}"`, { hint: "Check the path", cause });
    }
    throw new HipError("disk", `Cannot list "${path}": ${String(code ?? cause)}`, {
      hint: "Check that you may read it",
      cause,
    });
  }
}
