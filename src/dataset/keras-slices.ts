/**
 * The 2D layout of HipMRI (`keras_slices_data`, doi 10.25919/45t8-p065): one file a slice, the split in the
 * folder's name, `case_004_week_0_slice_10.nii.gz` with mask `seg_004_week_0_slice_10.nii.gz`. A second release has
 * the same names with ".png", or ".nii.png". A dataset.json beside the folders may name other labels than HipMRI's.
 * Numbers are compared as numbers: only the case is padded, so that lexical order would be 0, 1, 10, 11, 2.
 */
import { counted } from "../core/text.ts";
import { HIPMRI_LABELS } from "../volume/volume.ts";
import { readDatasetJson } from "./dataset-json.ts";
import { describeData } from "./describe.ts";
import type { Folder, FolderItem } from "./folder.ts";
import { joinPath } from "./folder.ts";
import { endingOf, listImages, warnOfNested, warnOfSiblings, warnOfStrangers } from "./image-listing.ts";
import type { LayoutOptions } from "./layout-options.ts";
import { warnOfLeaks } from "./leaks.ts";
import { type ImageFile, quoteSome } from "./listing.ts";
import { keepFaults } from "./pairing.ts";
import type { CaseEntry, DatasetIndex, FilePair, Split } from "./types.ts";

export const KERAS_SPLITS: readonly Split[] = ["train", "validate", "test"];
export const kerasImageFolder = (split: Split): string => `keras_slices_${split}`;
export const kerasMaskFolder = (split: Split): string => `keras_slices_seg_${split}`;

/** What people call the splits' folders; HipMRI's name first. */
const SPLIT_NAMES: Readonly<Record<Split, readonly string[]>> = {
  train: ["train"],
  validate: ["validate", "val", "valid", "validation"],
  test: ["test"],
};
/** All folders that are read, whatever they call the splits. */
export const KERAS_FOLDERS: readonly string[] = KERAS_SPLITS.flatMap((split) =>
  SPLIT_NAMES[split].flatMap((name) => [`keras_slices_${name}`, `keras_slices_seg_${name}`]),
);

const IMAGE_NAME = /^case_(\d+)_week_(\d+)_slice_(\d+)(?:\.nii(?:\.gz)?)?$/;
const MASK_NAME = /^(?:seg|case)_(\d+)_week_(\d+)_slice_(\d+)(?:\.nii(?:\.gz)?)?$/;

const PAIRING_HINT =
  'Each "case_004_week_0_slice_10.nii.gz" needs "seg_004_week_0_slice_10.nii.gz" in the "seg" folder of its split: copy what is missing, or take its partner away';

interface Slice {
  readonly file: ImageFile;
  /** The case's number as written, e.g. "004". */
  readonly caseText: string;
  readonly at: readonly [caseNumber: number, week: number, slice: number];
}

/** What one pass over the folders gathers. */
interface Findings {
  readonly problems: string[];
  readonly warnings: string[];
  readonly nested: string[];
}

/** Whether a listing has a folder of this layout. */
export function isKerasSlices(items: readonly FolderItem[]): boolean {
  return items.some((item) => item.kind === "folder" && KERAS_FOLDERS.includes(item.name));
}

/**
 * Indexes the slices, one case per (split, case, week).
 * @throws HipError "bad-dataset" listing every image without mask and every mask without image.
 */
export async function readKerasSlices(
  folder: Folder,
  options: Pick<LayoutOptions, "root" | "at" | "isPartial">,
): Promise<DatasetIndex> {
  const items = await folder.list(options.at);
  const present = new Set(items.filter((item) => item.kind === "folder").map((item) => item.name));
  const findings: Findings = { problems: [], warnings: [], nested: [] };
  const cases: CaseEntry[] = [];
  for (const split of KERAS_SPLITS) {
    const places = splitPlaces(split, present, options.at, findings);
    if (places !== undefined) cases.push(...(await readSplit(folder, split, places, findings)));
  }
  const { problems } = findings;
  const message = `Cannot pair the slices of "${options.root}": ${counted(problems.length, "problem")}`;
  const kept = keepFaults({ message, hint: PAIRING_HINT, problems }, options.isPartial);
  const json = await readDatasetJson(folder, options.at);
  const labels = json?.labels ?? HIPMRI_LABELS;
  const { warnings, nested } = findings;
  warnings.push(
    ...warnOfSiblings(options.at, items, KERAS_FOLDERS),
    ...(json?.warnings ?? []),
    ...warnOfNested(nested),
    ...warnOfLeaks(cases),
  );
  const unit = "slice";
  const description = describeData("2D slices in HipMRI's layout", { cases, labels, unit });
  return { layout: "keras_slices", unit, description, root: options.root, labels, cases, warnings, ...kept };
}

interface SplitPlaces {
  readonly imageFolder: string;
  readonly maskFolder: string;
}

/** The two folders of a split; undefined where there are none, or where they are a problem. */
function splitPlaces(
  split: Split,
  present: ReadonlySet<string>,
  at: string,
  { problems }: Findings,
): SplitPlaces | undefined {
  const names = SPLIT_NAMES[split];
  const images = names.map((name) => `keras_slices_${name}`).filter((name) => present.has(name));
  const masks = names.map((name) => `keras_slices_seg_${name}`).filter((name) => present.has(name));
  const [image, mask] = [images[0], masks[0]];
  if (images.length > 1 || masks.length > 1) {
    const found = quoteSome([...images, ...masks].map((name) => joinPath(at, name)));
    problems.push(`One folder of ${split} images and one of masks are expected, found ${found}`);
  } else if (image !== undefined && mask !== undefined) {
    return { imageFolder: joinPath(at, image), maskFolder: joinPath(at, mask) };
  } else if (image !== undefined) {
    const lacks = image.replace("keras_slices_", "keras_slices_seg_");
    problems.push(`Folder "${joinPath(at, image)}" lacks its partner "${lacks}"`);
  } else if (mask !== undefined) {
    const lacks = mask.replace("_seg_", "_");
    problems.push(`Folder "${joinPath(at, mask)}" lacks its partner "${lacks}"`);
  }
  return undefined;
}

async function readSplit(
  folder: Folder,
  split: Split,
  { imageFolder, maskFolder }: SplitPlaces,
  findings: Findings,
): Promise<CaseEntry[]> {
  const images = await readSlices(folder, imageFolder, IMAGE_NAME, findings);
  const masks = await readSlices(folder, maskFolder, MASK_NAME, findings);
  const groups = new Map<string, { slices: Slice[]; files: FilePair[] }>();
  for (const [key, slice] of images) {
    const image = joinPath(imageFolder, slice.file.fileName);
    const mask = masks.get(key);
    if (mask === undefined) {
      const wanted = partnerOf(slice.file, maskFolder, /^case/, "seg");
      findings.problems.push(`Image "${image}" lacks its mask "${wanted}"`);
      continue;
    }
    const group = `${slice.at[0]} ${slice.at[1]}`;
    const found = groups.get(group) ?? { slices: [], files: [] };
    groups.set(group, found);
    found.slices.push(slice);
    const name = slice.file.name.replace(/\.nii(\.gz)?$/, "");
    found.files.push({ name, image, mask: joinPath(maskFolder, mask.file.fileName) });
  }
  for (const [key, slice] of masks) {
    if (images.has(key)) continue;
    const wanted = partnerOf(slice.file, imageFolder, /^seg/, "case");
    findings.problems.push(`Mask "${joinPath(maskFolder, slice.file.fileName)}" lacks its image "${wanted}"`);
  }
  return [...groups.values()].map(({ slices, files }) => makeCase(split, slices, files, findings));
}

/** Where the other file of a pair is expected. */
function partnerOf(file: ImageFile, folder: string, prefix: RegExp, other: string): string {
  return joinPath(folder, `${file.name.replace(prefix, other)}${endingOf(file)}`);
}

function makeCase(
  split: Split,
  slices: readonly Slice[],
  files: readonly FilePair[],
  findings: Findings,
): CaseEntry {
  const first = slices[0]!;
  const patient = `case_${first.caseText}`;
  const id = `${patient}_week_${first.at[1]}`;
  const lowest = first.at[2];
  const highest = slices[slices.length - 1]!.at[2];
  const missing = highest - lowest + 1 - slices.length;
  if (missing > 0) {
    findings.warnings.push(
      `"${id}" has slices ${lowest} to ${highest} but ${counted(missing, "slice")} between them ${missing === 1 ? "is" : "are"} missing`,
    );
  }
  return { id, patient, split, files };
}

/** The slices of one folder by "case week slice", in numeric order. */
async function readSlices(
  folder: Folder,
  path: string,
  pattern: RegExp,
  findings: Findings,
): Promise<Map<string, Slice>> {
  const { files, strangers: others, nested, problems } = await listImages(folder, path);
  findings.nested.push(...nested);
  findings.problems.push(...problems);
  const strangers = [...others];
  const slices: Slice[] = [];
  for (const file of files) {
    const match = pattern.exec(file.name);
    if (match === null) strangers.push(file.fileName);
    else
      slices.push({
        file,
        caseText: match[1]!,
        at: [Number(match[1]), Number(match[2]), Number(match[3])],
      });
  }
  slices.sort((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1] || a.at[2] - b.at[2]);
  const byNumber = new Map<string, Slice>();
  for (const slice of slices) {
    const key = slice.at.join(" ");
    const twin = byNumber.get(key);
    if (twin === undefined) byNumber.set(key, slice);
    else
      findings.problems.push(
        `"${joinPath(path, twin.file.fileName)}" and "${joinPath(path, slice.file.fileName)}" are the same slice`,
      );
  }
  findings.warnings.push(...warnOfStrangers(path, strangers, "whose name is not that of a slice"));
  return byNumber;
}
