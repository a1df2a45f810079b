/** Files as they are dropped or chosen, with the folders that they lay in. */
import type { NamedFile } from "./worker/protocol.ts";

/** Folders hold at most so many: a slip of the mouse may drop a whole disk. */
const MOST_FILES = 20_000;

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    // It gives some at a time, and none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}

async function walk(entry: FileSystemEntry, found: NamedFile[]): Promise<void> {
  if (found.length >= MOST_FILES) return;
  if (entry.isFile) {
    found.push({ name: entry.fullPath.replace(/^\//, ""), file: await fileOf(entry as FileSystemFileEntry) });
    return;
  }
  for (const each of await entriesOf(entry as FileSystemDirectoryEntry)) await walk(each, found);
}

export async function filesOfDrop(transfer: DataTransfer): Promise<readonly NamedFile[]> {
  // The list is gone after the first pause: all entries are taken at once.
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (entries.length === 0) return [...transfer.files].map((file) => ({ name: file.name, file }));
  const found: NamedFile[] = [];
  for (const entry of entries) await walk(entry, found);
  return found;
}

export function filesOfInput(input: HTMLInputElement): readonly NamedFile[] {
  const files = [...(input.files ?? [])].map((file) => ({
    name: file.webkitRelativePath || file.name,
    file,
  }));
  // The same file can be chosen again.
  input.value = "";
  return files.slice(0, MOST_FILES);
}
