/** How readers of image files refuse. */
import { HipError } from "../core/errors.ts";
import { failToRead } from "../nifti/fields.ts";

export { failToRead };

/** Throws: the file was read, but what it says cannot be used. */
export function failToUse(name: string, what: string, hint: string): never {
  throw new HipError("bad-image", `Cannot use "${name}": ${what}`, { hint });
}

/** Refuses colours, vectors, tensors and lists: not one number per voxel. */
export function failManyNumbers(name: string, count: number, kind: string): never {
  const what = `it has ${count} numbers per voxel (${kind}), which cannot be segmented`;
  return failToRead(
    name,
    what,
    `Convert the image to one number per voxel${/RGB|colour/i.test(kind) ? ", greyscale" : ""}`,
  );
}

/** The same for every file that has fewer bytes than it promises. */
export const CUT_SHORT = "The file is cut short: copy or download it again";
export const EXPORT_AGAIN = "The header is damaged or from a faulty writer: export the image again";
export const CONVERT =
  "Convert the image to .nii.gz, for instance with SimpleITK: sitk.WriteImage(sitk.ReadImage(file), out)";

/** Text from a file, for a message: short, and with nothing that a terminal obeys. */
export function quoted(text: string): string {
  const clean = text.replace(/[^\x20-\x7e]/g, "?");
  return `"${clean.length > 60 ? `${clean.slice(0, 60)}…` : clean}"`;
}
