/** Files from the page to the user's folder of downloads. */
import { zipSync } from "fflate";
import type { SavedFile } from "./worker/protocol.ts";

export function download(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it after the click.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

const blobOf = (bytes: Uint8Array): Blob => new Blob([bytes as Uint8Array<ArrayBuffer>]);

/** "case.nii.gz" to "case-mask.nii.gz": beside its image it must not have the image's name. */
export function maskFileName(name: string): string {
  const at = name.search(/\.(?:nii|nii\.gz|dcm)$/i);
  return at < 0 ? `${name}-mask` : `${name.slice(0, at)}-mask${name.slice(at)}`;
}

/** One mask as a file, several in a zip, where they are called as `hipmri predict` calls them. */
export function downloadMasks(files: readonly SavedFile[], zipName: string): void {
  const [first] = files;
  if (first === undefined) return;
  if (files.length === 1) {
    download(maskFileName(first.name), blobOf(first.bytes));
    return;
  }
  // They are gzipped already.
  const entries = Object.fromEntries(files.map(({ name, bytes }) => [name, bytes]));
  download(`${zipName}.zip`, blobOf(zipSync(entries, { level: 0 })));
}
