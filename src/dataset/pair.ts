/** One image and its mask: two files alone in a folder, or two paths. */
import type { Inflate } from "../core/bytes.ts";
import { HipError } from "../core/errors.ts";
import { imageStem } from "../formats/image-file.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { MASK_WORD } from "./affixes.ts";
import { describeData, FOUND_IN_MASKS } from "./describe.ts";
import { type Folder, type FolderItem, joinPath } from "./folder.ts";
import { warnOfSiblings } from "./image-listing.ts";
import { findLabels, type LabelScan, scanLabels } from "./labels.ts";
import type { LayoutOptions } from "./layout-options.ts";
import { type ImageFile, sortListing } from "./listing.ts";
import { patientOf } from "./patient.ts";
import type { CaseEntry, DatasetIndex } from "./types.ts";
import { unitOf } from "./unit.ts";

export interface PairOptions {
  /** Reads both paths; a folder of the root, or of nothing, where they are paths of the user's. */
  readonly folder: Folder;
  readonly image: string;
  readonly mask: string;
  /** How the pair is called in messages. Default: the image's path. */
  readonly root?: string;
  readonly inflate: Inflate;
  /** Default: those of the mask. To judge a model, the model's. */
  readonly labels?: readonly LabelDefinition[] | undefined;
  readonly scan?: LabelScan;
}

/**
 * An index of one case, which is for testing: a single patient can neither be split nor learnt from.
 * @throws HipError "usage" where both paths are one, or have no image's ending; "bad-dataset" where the mask has no
 *   label and none are given; as scanLabels()
 */
export async function pairIndex(options: PairOptions): Promise<DatasetIndex> {
  const { folder, image, mask, inflate, scan = scanLabels, root = image } = options;
  if (image === mask) {
    throw new HipError("usage", `Image and mask must be two files, got "${image}" twice`, {
      hint: "Give the image, then its mask",
    });
  }
  const id = stemOf(image);
  stemOf(mask);
  const entry: CaseEntry = { id, patient: patientOf(id), split: "test", files: [{ name: id, image, mask }] };
  const labels = options.labels ?? (await findLabels(folder, [entry], { root, inflate, scan }));
  const unit = await unitOf(folder, [entry], inflate);
  const note = options.labels === undefined ? FOUND_IN_MASKS : "";
  const cases = [entry];
  const description = describeData("One image and its mask", { cases, labels, unit }, note);
  return { layout: "pair", unit, description, root, labels, cases, warnings: [] };
}

function stemOf(path: string): string {
  const stem = imageStem(path.split(/[/\\]/).at(-1) ?? "");
  if (stem !== undefined) return stem;
  throw new HipError("usage", `"${path}" must be an image, by its ending such as .nii.gz`, {
    hint: "Convert it to NIfTI first",
  });
}

/** The image and the mask of a folder that holds these two alone: one of them, and only one, is named as a mask. */
export function findPair(
  items: readonly FolderItem[],
): { readonly image: ImageFile; readonly mask: ImageFile } | undefined {
  const { files } = sortListing(items);
  const masks = files.filter((file) => MASK_WORD.test(file.name));
  const image = files.find((file) => !masks.includes(file));
  const mask = masks[0];
  if (files.length !== 2 || masks.length !== 1 || mask === undefined || image === undefined) return undefined;
  return { image, mask };
}

/** Indexes a folder of one pair. @throws HipError as pairIndex() */
export async function readPair(folder: Folder, options: LayoutOptions): Promise<DatasetIndex> {
  const { at, root, inflate, scan } = options;
  const items = await folder.list(at);
  const pair = findPair(items);
  if (pair === undefined) throw new Error("internal: this folder holds no pair");
  const [image, mask] = [joinPath(at, pair.image.fileName), joinPath(at, pair.mask.fileName)];
  const index = await pairIndex({ folder, image, mask, root, inflate, scan });
  const warnings = warnOfSiblings(at, items, [pair.image.fileName, pair.mask.fileName]);
  return { ...index, warnings: [...index.warnings, ...warnings] };
}
