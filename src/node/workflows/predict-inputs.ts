/** Which images `hipmri predict` reads, and where each mask goes. */
import { realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { HipError } from "../../core/errors.ts";
import { quoteSome, sortListing } from "../../dataset/listing.ts";
import { imageStem } from "../../formats/image-file.ts";
import { openFolder } from "../folder.ts";

export interface PlannedMask {
  readonly input: string;
  readonly mask: string;
}

const EXPECTED = ".nii, .nii.gz, .hdr with .img, .nrrd, .nhdr, .mha, .mhd or .png";

/** A file stands for itself, a folder for the images in it, in natural order. */
async function expand(input: string): Promise<readonly string[]> {
  const found = await stat(input).catch(() => undefined);
  if (found === undefined) {
    throw new HipError("not-found", `Cannot find input "${input}"`, { hint: "Check the path" });
  }
  if (found.isDirectory()) {
    const { files, strangers } = sortListing(await openFolder(input).list(""));
    if (files.length > 0) return files.map((file) => join(input, file.fileName));
    const what = strangers.length === 0 ? "the folder is empty" : `found ${quoteSome(strangers)}`;
    throw new HipError(
      "not-found",
      `Cannot find images in folder "${input}": expected ${EXPECTED}, ${what}`,
      {
        hint: "Give the folder that holds the images themselves: folders inside it are not searched",
      },
    );
  }
  if (imageStem(basename(input)) === undefined) {
    throw new HipError(
      "usage",
      `Input "${input}" must be an image (${EXPECTED}), or a folder of such files`,
      {
        hint: "Convert the image to NIfTI first; of a DICOM series give the folder",
      },
    );
  }
  return [input];
}

/** Device and inode: equal for two paths of one file, whatever links or letter case lie between. */
async function identity(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found === undefined ? undefined : `${found.dev}-${found.ino}`;
}

/**
 * Every input with its mask's path: X.nii, X.nii.gz and X.mha become OUT/X.nii.gz. Touches nothing.
 * @throws HipError "not-found"; "usage": two inputs for one mask, or a mask that would replace an input.
 */
export async function planMasks(inputs: readonly string[], out: string): Promise<readonly PlannedMask[]> {
  const files = (await Promise.all(inputs.map(expand))).flat();
  const plan: PlannedMask[] = [];
  const byMask = new Map<string, string>();
  const owners = new Map<string, string>();
  for (const input of files) {
    const id = await identity(input);
    if (id !== undefined) owners.set(id, input);
    const mask = join(out, `${imageStem(basename(input))}.nii.gz`);
    const twin = byMask.get(mask);
    if (twin !== undefined) {
      if ((await realpath(twin)) === (await realpath(input))) continue;
      throw new HipError("usage", `Two inputs would have the same mask "${mask}": "${twin}" and "${input}"`, {
        hint: "Predict them into two folders, or rename one",
      });
    }
    byMask.set(mask, input);
    plan.push({ input, mask });
  }
  for (const { mask } of plan) {
    const id = await identity(mask);
    const owner = id === undefined ? undefined : owners.get(id);
    if (owner !== undefined) {
      throw new HipError("usage", `Mask "${mask}" would replace the input "${owner}"`, {
        hint: "Give another folder with --out",
      });
    }
  }
  return plan;
}
