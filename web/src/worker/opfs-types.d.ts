/** Part of the File System standard that only workers have, and the types of pages leave out. */
interface FileSystemSyncAccessHandle {
  read(into: Uint8Array, options?: { readonly at?: number }): number;
  write(from: Uint8Array, options?: { readonly at?: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

interface FileSystemFileHandle {
  createSyncAccessHandle(): Promise<FileSystemSyncAccessHandle>;
}
