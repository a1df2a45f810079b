/** Files in a folder of the browser's own file system. */

/** Written beside, and put in the file's place when it is whole. */
export async function writeFileIn(
  folder: FileSystemDirectoryHandle,
  name: string,
  data: Blob | Uint8Array,
): Promise<void> {
  const handle = await folder.getFileHandle(name, { create: true });
  const stream = await handle.createWritable();
  try {
    await stream.write(data as FileSystemWriteChunkType);
    await stream.close();
  } catch (error) {
    await stream.abort().catch(() => {});
    throw error;
  }
}

/** @returns undefined where there is no such file */
export async function readFileIn(folder: FileSystemDirectoryHandle, name: string): Promise<File | undefined> {
  try {
    return await (await folder.getFileHandle(name)).getFile();
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotFoundError") return undefined;
    throw error;
  }
}
