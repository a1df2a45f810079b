/** What a platform lends the data set code: listing a folder and opening its files. */
import type { ByteSource } from "../core/bytes.ts";
import type { ImageFile } from "../formats/image-file.ts";

export interface FolderItem {
  readonly name: string;
  readonly kind: "file" | "folder";
}

export interface MarkedBytes {
  /** Undefined where they are not wanted. */
  readonly bytes: Uint8Array | undefined;
  /** Undefined where the file changed while it was read, and as in Folder. */
  readonly fingerprint: string | undefined;
}

/** A folder of the user's. Paths are relative to it and separated by "/"; "" is the folder itself. */
export interface Folder {
  /** The items of a sub-folder in any order; rejects with HipError "not-found" where there is none. */
  list(path: string): Promise<readonly FolderItem[]>;
  open(path: string): Promise<ByteSource>;
  /**
   * A short text without blanks that is another one once the file's bytes have changed, made without reading
   * them (device, inode, size, times); undefined where the platform has none that can be trusted.
   */
  fingerprint?(path: string): Promise<string | undefined>;
  /**
   * All bytes of a file with the fingerprint that these very bytes have, in one opening.
   * @param isKnown of which fingerprint the bytes are not wanted
   */
  readMarked?(path: string, isKnown: (fingerprint: string) => boolean): Promise<MarkedBytes>;
}

/** An image file of a folder, with the way to the files beside it. */
export async function openInFolder(folder: Folder, path: string): Promise<ImageFile> {
  const at = path.lastIndexOf("/");
  const openBeside = (fileName: string): Promise<ByteSource> =>
    folder.open(joinPath(path.slice(0, Math.max(at, 0)), fileName));
  return { name: path, source: await folder.open(path), openBeside };
}

/** As folder.readMarked(), of any folder. */
export async function readMarked(
  folder: Folder,
  path: string,
  isKnown: (fingerprint: string) => boolean,
): Promise<MarkedBytes> {
  if (folder.readMarked !== undefined) return folder.readMarked(path, isKnown);
  const before = await folder.fingerprint?.(path);
  if (before !== undefined && isKnown(before)) return { bytes: undefined, fingerprint: before };
  const source = await folder.open(path);
  const bytes = await source.read(0, source.size);
  const isSame = before !== undefined && (await folder.fingerprint?.(path)) === before;
  return { bytes, fingerprint: isSame ? before : undefined };
}

/** Joins path parts with "/", leaving out empty ones. */
export function joinPath(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join("/");
}
