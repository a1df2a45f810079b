/** The index of a data set as the doctor reads it: without going through all masks beforehand. */
import type { Inflate } from "../../core/bytes.ts";
import { counted } from "../../core/text.ts";
import type { Folder } from "../folder.ts";
import { readDataset } from "../layouts.ts";
import { readSyntheticReadme } from "../synthetic.ts";
import type { DatasetIndex, LayoutName } from "../types.ts";

export interface Indexed {
  readonly index: DatasetIndex;
  /** Nothing but the masks names the labels: the index has any that can be, until the masks are read. */
  readonly areLabelsFound: boolean;
  readonly isSynthetic: boolean;
}

const ANY_LABEL = Array.from({ length: 255 }, (_, id) => id);

/**
 * Indexes a data folder. Labels that no list names are found when all else is read, so masks need not be read twice.
 * Files that cannot be paired are left out and told in it.
 * @throws HipError as readDataset(); "bad-dataset" of unpaired files only where no file has its partner
 */
export async function readIndexed(options: {
  readonly folder: Folder;
  readonly inflate: Inflate;
  readonly root: string;
  readonly layout?: LayoutName | undefined;
}): Promise<Indexed> {
  const { folder, root, inflate, layout } = options;
  let areLabelsFound = false;
  const scan = (): Promise<readonly number[]> => {
    areLabelsFound = true;
    return Promise.resolve(ANY_LABEL);
  };
  const index = await readDataset(folder, root, inflate, scan, { layout, isPartial: true });
  // The README stands in the data folder, or in the one that holds the layout's folders.
  const within = index.cases[0]!.files[0]!.image.split("/").slice(0, -2).join("/");
  const readme = await readSyntheticReadme(folder, ["", within]);
  return { index, areLabelsFound, isSynthetic: readme !== undefined };
}

/** The index's description, with as many labels as were found; without their number where no mask was read. */
export function describeIndexed({ index, areLabelsFound }: Indexed, labels: number | undefined): string {
  const { description } = index;
  if (!areLabelsFound) return description;
  return labels === undefined
    ? description.replace(/, \d+ labels?\b.*$/, "")
    : description.replace(/\b\d+ labels?\b/, counted(labels, "label"));
}
