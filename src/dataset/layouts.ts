/** Finds out how a data folder is laid out and indexes it. */
import type { Inflate } from "../core/bytes.ts";
import { HipError } from "../core/errors.ts";
import type { Folder, FolderItem } from "./folder.ts";
import { isKerasSlices, readKerasSlices } from "./keras-slices.ts";
import { type LabelScan, scanLabels } from "./labels.ts";
import { isLitter, quoteSome, sortListing } from "./listing.ts";
import { isMsd, readMsd } from "./msd.ts";
import type { DatasetIndex } from "./types.ts";

/** The folder that HipMRI's 2D archive unpacks to. */
const KERAS_ROOT = "keras_slices_data";
const EXPECTED =
  'expected the folders "keras_slices_train" and "keras_slices_seg_train" (or "keras_slices_data" that holds them), or "imagesTr" and "labelsTr"';
const IMAGES_HINT = "These are the images themselves: give the folder that holds their folder";
const HINT =
  'Give the folder that holds these folders; "hipmri phantom DIR" writes an example in the first layout';

/**
 * Indexes a data folder: keras_slices or msd. Images are not read; masks are, once, where no dataset.json
 * names the labels of an msd folder.
 * @param root how the folder is called in messages and in the index
 * @param scan remembers label ids from one run to the next (the case cache's); by default every mask is read
 * @throws HipError "bad-dataset" with all problems at once; "bad-mask" from the reading of masks
 */
export async function readDataset(
  folder: Folder,
  root: string,
  inflate: Inflate,
  scan: LabelScan = scanLabels,
): Promise<DatasetIndex> {
  const items = await folder.list("");
  const index = await readLayout(folder, items, { root, inflate, scan });
  if (index.cases.length === 0) {
    throw new HipError("bad-dataset", `Cannot use "${root}": its image folders hold no images`, {
      hint: "Check that the archive was unpacked in full",
    });
  }
  return index;
}

async function readLayout(
  folder: Folder,
  items: readonly FolderItem[],
  options: { readonly root: string; readonly inflate: Inflate; readonly scan: LabelScan },
): Promise<DatasetIndex> {
  const { root } = options;
  if (isKerasSlices(items)) return readKerasSlices(folder, { root, at: "" });
  if (items.some((item) => item.kind === "folder" && item.name === KERAS_ROOT)) {
    if (isKerasSlices(await folder.list(KERAS_ROOT)))
      return readKerasSlices(folder, { root, at: KERAS_ROOT });
  }
  if (isMsd(items)) return readMsd(folder, options);
  throw new HipError(
    "bad-dataset",
    `Cannot recognise the layout of "${root}": ${EXPECTED}; ${found(items)}`,
    {
      hint: sortListing(items).files.length > 0 ? IMAGES_HINT : HINT,
    },
  );
}

function found(items: readonly FolderItem[]): string {
  const names = items
    .filter((item) => !isLitter(item.name))
    .map((item) => (item.kind === "folder" ? `${item.name}/` : item.name))
    .sort();
  return names.length === 0 ? "the folder is empty" : `found ${quoteSome(names)}`;
}
