/** Finds out how a data folder is laid out and indexes it. */
import type { Inflate } from "../core/bytes.ts";
import { HipError } from "../core/errors.ts";
import { MASK_WORD } from "./affixes.ts";
import { type Folder, type FolderItem, joinPath } from "./folder.ts";
import { type LabelScan, scanLabels } from "./labels.ts";
import { isPartOfLayout, LAYOUT_EXPECTATIONS, LAYOUT_NAMES, RULES } from "./layout-rules.ts";
import { isLitter, quoteSome, sortListing, sortNaturally } from "./listing.ts";
import { pairingError } from "./pairing.ts";
import { readSyntheticReadme } from "./synthetic.ts";
import type { DatasetIndex, LayoutName } from "./types.ts";

export { LAYOUT_NAMES };

/** The folder that HipMRI's 2D archive unpacks to: looked into also where the volumes lie beside it. */
const KERAS_ROOT = "keras_slices_data";
/** Sub-folders are searched for a data set where there are no more than this. */
const MOST_SUB_FOLDERS = 100;

export interface ReadDatasetOptions {
  /** The layout; by default it is found. */
  readonly layout?: LayoutName | undefined;
  /** Whether files that cannot be paired are left out and told in the index; by default they are an error. */
  readonly isPartial?: boolean;
}

/** A layout and where in the data folder it is. */
interface Found {
  readonly layout: LayoutName;
  readonly at: string;
}

/**
 * Indexes a data folder, or one whose only sub-folder of a known layout holds the data. Images are not read, but for
 * one or three headers; masks are, once, where no dataset.json names the labels.
 * @param root how the folder is called in messages and in the index
 * @param scan remembers label ids from one run to the next (the case cache's); by default every mask is read
 * @throws HipError "bad-dataset" with all problems at once; "bad-mask" from the reading of masks; "usage" of an
 *   unknown layout
 */
export async function readDataset(
  folder: Folder,
  root: string,
  inflate: Inflate,
  scan: LabelScan = scanLabels,
  { layout, isPartial = false }: ReadDatasetOptions = {},
): Promise<DatasetIndex> {
  checkName(layout);
  const { found, unreadable } = await findLayouts(folder, layout);
  const [first, ...others] = found;
  if (first === undefined) throw await notFound(folder, { root, layout, unreadable });
  if (others.length > 0) throw ambiguous(root, found);
  const index = await RULES[first.layout].read(folder, { root, at: first.at, inflate, scan, isPartial });
  if (index.cases.length === 0 && index.faults !== undefined) throw pairingError(index.faults);
  if (index.cases.length === 0) {
    throw new HipError("bad-dataset", `Cannot use "${root}": its image folders hold no images`, {
      hint: "Check that the archive was unpacked in full",
    });
  }
  const readme = await readSyntheticReadme(folder, ["", first.at]);
  return readme === undefined ? index : { ...index, description: `SYNTHETIC data as ${index.description}` };
}

function checkName(layout: LayoutName | undefined): void {
  if (layout === undefined || LAYOUT_NAMES.includes(layout)) return;
  throw new HipError(
    "usage",
    `Unknown layout "${String(layout)}": expected one of ${LAYOUT_NAMES.join(", ")}`,
    {
      hint: "Leave the layout out: it is found by the folders' names",
      problems: LAYOUT_EXPECTATIONS,
    },
  );
}

/** The layouts of the folder itself; where it has none, those of its sub-folders, but for those that may not be read. */
async function findLayouts(
  folder: Folder,
  wanted: LayoutName | undefined,
): Promise<{ readonly found: readonly Found[]; readonly unreadable: readonly string[] }> {
  const items = await folder.list("");
  const here = await layoutsAt(folder, "", items, wanted);
  const folders = items.filter((item) => item.kind === "folder" && !isLitter(item.name));
  const children = sortNaturally(folders.map((item) => item.name));
  const slices = children.filter((name) => name === KERAS_ROOT);
  const candidates = here.length > 0 ? slices : children;
  if (candidates.length > MOST_SUB_FOLDERS) return { found: here, unreadable: [] };
  const below: Found[] = [];
  const unreadable: string[] = [];
  for (const name of candidates) {
    const inside = await listed(folder, name);
    if (inside === undefined) {
      unreadable.push(`${name}/`);
      continue;
    }
    const found = await layoutsAt(folder, name, inside, wanted);
    // Two files in some sub-folder are no data set unless the user says so.
    below.push(...found.filter(({ layout }) => layout !== "pair" || wanted === "pair"));
  }
  return { found: [...here, ...below], unreadable };
}

/** A sub-folder's items; undefined where it cannot be listed, as that of another user. */
async function listed(folder: Folder, name: string): Promise<readonly FolderItem[] | undefined> {
  try {
    return await folder.list(name);
  } catch (error) {
    if (error instanceof HipError) return undefined;
    throw error;
  }
}

async function layoutsAt(
  folder: Folder,
  at: string,
  items: readonly FolderItem[],
  wanted: LayoutName | undefined,
): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const layout of LAYOUT_NAMES) {
    const rule = RULES[layout];
    const isAsked = wanted === undefined ? !rule.isByNameOnly : wanted === layout;
    if (isAsked && (await rule.is(folder, at, items))) found.push({ layout, at });
  }
  return found;
}

function ambiguous(root: string, found: readonly Found[]): HipError {
  const problems = found.map(
    ({ layout, at }) => `${layout} in "${joinPath(root === "" ? "." : root, at)}": ${RULES[layout].expects}`,
  );
  const names = [...new Set(found.map(({ layout }) => layout))];
  const isByName = names.length === found.length;
  return new HipError(
    "bad-dataset",
    `"${root}" holds ${found.length} data sets: it must be clear which is meant`,
    {
      hint: isByName
        ? `Choose with --layout (${names.join(" or ")})`
        : "Give the folder of the one that is meant",
      problems,
    },
  );
}

async function notFound(
  folder: Folder,
  {
    root,
    layout,
    unreadable,
  }: {
    readonly root: string;
    readonly layout: LayoutName | undefined;
    readonly unreadable: readonly string[];
  },
): Promise<HipError> {
  const items = await folder.list("");
  const closed = unreadable.length === 0 ? "" : `; cannot be listed: ${quoteSome(unreadable)}`;
  const what = `${describeItems(items)}${closed}`;
  const message =
    layout === undefined
      ? `Cannot recognise the layout of "${root}": ${what}`
      : `"${root}" is not of the layout ${layout}: expected ${RULES[layout].expects}; ${what}`;
  const isLoose = layout === undefined && (hasMasks(items) || (await hasFolderPerPatient(folder, items)));
  return new HipError("bad-dataset", message, {
    hint: hintFor(root, items, isLoose),
    problems: layout === undefined ? LAYOUT_EXPECTATIONS.map((line) => `Expected for ${line}`) : [],
  });
}

/** Whether images and masks lie in one folder, to be told apart by their names. */
function hasMasks(items: readonly FolderItem[]): boolean {
  const { files } = sortListing(items);
  const masks = files.filter((file) => MASK_WORD.test(file.name)).length;
  return masks > 0 && masks < files.length;
}

/** Whether each patient seems to have a folder, "s0001/mri.nii.gz". */
async function hasFolderPerPatient(folder: Folder, items: readonly FolderItem[]): Promise<boolean> {
  let found = 0;
  const folders = items.filter(({ name, kind }) => kind === "folder" && !isLitter(name));
  for (const { name } of folders.slice(0, MOST_SUB_FOLDERS)) {
    if (sortListing((await listed(folder, name)) ?? []).files.length > 0) found++;
    if (found > 1) return true;
  }
  return false;
}

function describeItems(items: readonly FolderItem[]): string {
  const names = items
    .filter((item) => !isLitter(item.name))
    .map((item) => (item.kind === "folder" ? `${item.name}/` : item.name));
  return names.length === 0 ? "the folder is empty" : `found ${quoteSome(sortNaturally(names))}`;
}

/** Which folder to give instead. */
function hintFor(root: string, items: readonly FolderItem[], isLoose: boolean): string {
  const parts = root.replace(/[/\\]+$/, "").split(/[/\\]/);
  const name = parts.at(-1) ?? "";
  const parent = parts.length > 1 ? parts.slice(0, -1).join("/") || "/" : undefined;
  if (isPartOfLayout(name)) {
    const which = parent === undefined ? "the folder that holds it" : `"${parent}"`;
    return `"${name}" is one folder of a data set: give ${which}`;
  }
  if (isLoose) {
    return 'Put the images into "images" and the masks into "labels", with one name each for image and mask';
  }
  if (sortListing(items).files.length > 0) {
    return 'These are images: put them into "images" and their masks into "labels", with one name each for image and mask; a scan alone is judged with "hipmri evaluate RUN SCAN --mask MASK"';
  }
  return 'Give the folder that holds these folders; "hipmri phantom DIR" writes an example of keras_slices';
}
