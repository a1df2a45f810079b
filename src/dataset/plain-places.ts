/** Where a plain data folder has its images and its masks: "images" and "labels", perhaps by split. */
import { type Folder, type FolderItem, joinPath } from "./folder.ts";
import { warnOfSiblings } from "./image-listing.ts";
import { isLitter, quoteSome, sortNaturally } from "./listing.ts";
import type { Split } from "./types.ts";

const IMAGES = ["images", "image", "imgs", "img"];
const MASKS = ["labels", "label", "masks", "mask", "segmentations", "segmentation", "segs", "seg"];
const SPLITS: Readonly<Record<Split, readonly string[]>> = {
  train: ["train", "training", "tr"],
  validate: ["validate", "validation", "valid", "val"],
  test: ["test", "testing", "ts"],
};
const SPLIT_ORDER: readonly Split[] = ["train", "validate", "test"];

/** Whether a name is that of a folder of images or masks of this layout. */
export function isPlainFolder(name: string): boolean {
  return [...IMAGES, ...MASKS].includes(name.toLowerCase());
}

/** A folder of images and that of their masks. */
export interface Place {
  readonly split: Split | undefined;
  readonly images: string;
  readonly masks: string;
}

export interface Places {
  readonly places: readonly Place[];
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Finds images/ and labels/, images/train/ and labels/train/, or train/images/ and train/labels/.
 * @returns undefined where there is neither images nor masks, or one of them only
 */
export async function findPlaces(folder: Folder, at: string): Promise<Places | undefined> {
  const items = await folder.list(at);
  const here = twoFolders(items);
  if (here?.problem !== undefined) return { places: [], problems: [here.problem], warnings: [] };
  if (here !== undefined) {
    const { images, masks } = here;
    const inside = await splitInside(folder, { images: joinPath(at, images), masks: joinPath(at, masks) });
    return { ...inside, warnings: [...inside.warnings, ...warnOfSiblings(at, items, [images, masks])] };
  }
  return splitOutside(folder, at, items);
}

/** Splits with images and masks inside; undefined where train has none. */
async function splitOutside(
  folder: Folder,
  at: string,
  items: readonly FolderItem[],
): Promise<Places | undefined> {
  const places: Place[] = [];
  const problems: string[] = [];
  const warnings: string[] = [];
  const splits = splitFolders(items);
  for (const [split, name] of splits) {
    const path = joinPath(at, name);
    const inside = await folder.list(path);
    const two = twoFolders(inside);
    if (two?.problem !== undefined) problems.push(`In "${path}": ${two.problem}`);
    else if (two !== undefined) {
      places.push({ split, images: joinPath(path, two.images), masks: joinPath(path, two.masks) });
      warnings.push(...warnOfSiblings(path, inside, [two.images, two.masks]));
    } else tellLone(split, path, inside, { problems, warnings });
  }
  if (!places.some(({ split }) => split === "train")) return undefined;
  warnings.push(
    ...warnOfSiblings(
      at,
      items,
      splits.map(([, name]) => name),
    ),
  );
  return { places, problems, warnings };
}

/** What is said of a split's folder without both images and masks that are named so. */
function tellLone(
  split: Split,
  path: string,
  items: readonly FolderItem[],
  { problems, warnings }: { readonly problems: string[]; readonly warnings: string[] },
): void {
  const names = items
    .filter(({ name }) => !isLitter(name))
    .map(({ name, kind }) => (kind === "folder" ? `${name}/` : name));
  const folders = items.filter((item) => item.kind === "folder" && !isLitter(item.name));
  const found = names.length === 0 ? "nothing" : quoteSome(sortNaturally(names));
  if (split === "test" && folders.length === 1 && IMAGES.includes(folders[0]!.name.toLowerCase())) {
    warnings.push(`"${path}" has no masks to be judged by, left out`);
  } else if (folders.length > 0) {
    problems.push(
      `Folder "${path}" must hold one folder of images ("images") and one of masks ("labels", "masks"), found ${found}`,
    );
  } else warnings.push(`"${path}" has neither "images" nor "labels", left out: found ${found}`);
}

interface TwoFolders {
  readonly images: string;
  readonly masks: string;
  readonly problem?: string;
}

function twoFolders(items: readonly FolderItem[]): TwoFolders | undefined {
  const names = sortNaturally(items.filter((item) => item.kind === "folder").map((item) => item.name));
  const images = names.filter((name) => IMAGES.includes(name.toLowerCase()));
  const masks = names.filter((name) => MASKS.includes(name.toLowerCase()));
  const [image, mask] = [images[0], masks[0]];
  if (image === undefined || mask === undefined) return undefined;
  if (images.length === 1 && masks.length === 1) return { images: image, masks: mask };
  const problem = `One folder of images and one of masks are expected, found ${quoteSome([...images, ...masks])}`;
  return { images: image, masks: mask, problem };
}

/** The folders that are named as a split. */
function splitFolders(items: readonly FolderItem[]): [split: Split, name: string][] {
  const names = items.filter((item) => item.kind === "folder").map((item) => item.name);
  return SPLIT_ORDER.flatMap((split) =>
    sortNaturally(names.filter((name) => SPLITS[split].includes(name.toLowerCase()))).map(
      (name): [Split, string] => [split, name],
    ),
  );
}

/** The splits inside images/ and labels/; one place without a split where there are none. */
async function splitInside(
  folder: Folder,
  { images, masks }: { readonly images: string; readonly masks: string },
): Promise<Places> {
  const imageItems = await folder.list(images);
  const maskItems = await folder.list(masks);
  const imageSplits = splitFolders(imageItems);
  const maskSplits = splitFolders(maskItems);
  if (imageSplits.length === 0 && maskSplits.length === 0) {
    return { places: [{ split: undefined, images, masks }], problems: [], warnings: [] };
  }
  const places: Place[] = [];
  const problems: string[] = [];
  const warnings: string[] = [];
  for (const [path, items, splits] of [
    [images, imageItems, imageSplits],
    [masks, maskItems, maskSplits],
  ] as const) {
    warnings.push(
      ...warnOfSiblings(
        path,
        items,
        splits.map(([, name]) => name),
      ),
    );
  }
  for (const split of SPLIT_ORDER) {
    const [image, ...moreImages] = imageSplits.filter(([each]) => each === split).map(([, name]) => name);
    const [mask, ...moreMasks] = maskSplits.filter(([each]) => each === split).map(([, name]) => name);
    if (moreImages.length + moreMasks.length > 0) {
      const names = [image, ...moreImages].map((name) => joinPath(images, name ?? ""));
      const others = [mask, ...moreMasks].map((name) => joinPath(masks, name ?? ""));
      problems.push(
        `One folder of ${split} images and one of masks are expected, found ${quoteSome([...names, ...others])}`,
      );
    } else if (image !== undefined && mask !== undefined) {
      places.push({ split, images: joinPath(images, image), masks: joinPath(masks, mask) });
    } else if (image !== undefined && split === "test") {
      warnings.push(`"${joinPath(images, image)}" has no masks to be judged by, left out`);
    } else if (image !== undefined || mask !== undefined) {
      const [has, lacks] = image === undefined ? [masks, images] : [images, masks];
      const name = image ?? mask ?? "";
      problems.push(`Folder "${joinPath(has, name)}" lacks its partner "${joinPath(lacks, name)}"`);
    }
  }
  return { places, problems, warnings };
}
