/** The layouts: what each looks like, and its reader. */
import { CSIRO_FOLDERS, isCsiro, readCsiro } from "./csiro.ts";
import type { Folder, FolderItem } from "./folder.ts";
import { isKerasSlices, KERAS_FOLDERS, readKerasSlices } from "./keras-slices.ts";
import type { LayoutOptions } from "./layout-options.ts";
import { isMsd, MSD_IMAGES, MSD_MASKS, readMsd } from "./msd.ts";
import { findPair, readPair } from "./pair.ts";
import { isPlainPairs, readPlainPairs } from "./plain-pairs.ts";
import { isPlainFolder } from "./plain-places.ts";
import type { DatasetIndex, LayoutName } from "./types.ts";

export interface LayoutRule {
  /** For messages: what the data folder must hold. */
  readonly expects: string;
  is(folder: Folder, at: string, items: readonly FolderItem[]): Promise<boolean> | boolean;
  read(folder: Folder, options: LayoutOptions): Promise<DatasetIndex>;
  /** Whether auto-detection leaves it to another rule of the same folders. */
  readonly isByNameOnly?: boolean;
}

const csiroFolders = (layout: "csiro" | "csiro_cluster"): string =>
  `"${CSIRO_FOLDERS[layout].images}" and "${CSIRO_FOLDERS[layout].masks}"`;

export const RULES: Readonly<Record<LayoutName, LayoutRule>> = {
  keras_slices: {
    expects:
      '"keras_slices_train" and "keras_slices_seg_train" (also …_validate, …_test): HipMRI in 2D slices',
    is: (_folder, _at, items) => isKerasSlices(items),
    read: readKerasSlices,
  },
  csiro: {
    expects: `${csiroFolders("csiro")}: HipMRI in volumes`,
    is: (_folder, _at, items) => isCsiro("csiro", items),
    read: (folder, options) => readCsiro(folder, { ...options, layout: "csiro" }),
  },
  csiro_cluster: {
    expects: `${csiroFolders("csiro_cluster")}: HipMRI in volumes, as on a cluster`,
    is: (_folder, _at, items) => isCsiro("csiro_cluster", items),
    read: (folder, options) => readCsiro(folder, { ...options, layout: "csiro_cluster" }),
  },
  msd: {
    expects: '"imagesTr" and "labelsTr": Medical Segmentation Decathlon',
    is: (_folder, _at, items) => isMsd(items),
    read: readMsd,
  },
  nnunet: {
    expects: '"imagesTr" with NAME_0000 files, "labelsTr" and dataset.json: nnU-Net',
    is: (_folder, _at, items) => isMsd(items),
    read: (folder, options) => readMsd(folder, { ...options, layout: "nnunet" }),
    // readMsd() itself tells the two apart.
    isByNameOnly: true,
  },
  images_labels: {
    expects: '"images" and "labels" (or "masks", "segmentations"), perhaps with train, val and test inside',
    is: (folder, at) => isPlainPairs(folder, at),
    read: readPlainPairs,
  },
  pair: {
    expects: 'one image and one mask, named so ("x.nii.gz", "x_seg.nii.gz"), and no other image',
    is: (_folder, _at, items) => findPair(items) !== undefined,
    read: readPair,
  },
};

/** Every layout, in the order in which they are looked for. */
export const LAYOUT_NAMES = Object.keys(RULES) as readonly LayoutName[];

/** What each layout wants, a line each, "msd: "imagesTr" and …"; what anybody can make by hand comes first. */
export const LAYOUT_EXPECTATIONS: readonly string[] = [
  ...new Set<LayoutName>(["images_labels", "pair", ...LAYOUT_NAMES]),
].map((name) => `${name}: ${RULES[name].expects}`);

const FOLDERS: readonly string[] = [
  ...KERAS_FOLDERS,
  ...Object.values(CSIRO_FOLDERS).flatMap(({ images, masks }) => [images, masks]),
  MSD_IMAGES,
  MSD_MASKS,
];

/** Whether a folder of this name is a part of a data set, so that the one above it must be given. */
export function isPartOfLayout(name: string): boolean {
  return FOLDERS.includes(name) || isPlainFolder(name);
}
