/**
 * The layout of the Medical Segmentation Decathlon and of nnU-Net: `imagesTr/NAME.nii.gz` (or NAME_0000.nii.gz)
 * with `labelsTr/NAME.nii.gz`, one volume a file, and a dataset.json that may name the labels and the files' ending.
 * `imagesTs` has no masks to learn from or to be judged by and is not read.
 * http://medicaldecathlon.com ; nnU-Net documentation/dataset_format.md
 */
import { counted } from "../core/text.ts";
import { type DatasetJson, readDatasetJson } from "./dataset-json.ts";
import { describeData, FOUND_IN_MASKS } from "./describe.ts";
import { type Folder, type FolderItem, joinPath } from "./folder.ts";
import {
  endingOf,
  hintOfPairing,
  type ImageListing,
  imagesByName,
  listImages,
  warnOfNested,
  warnOfSiblings,
  warnOfStrangers,
} from "./image-listing.ts";
import { findLabels } from "./labels.ts";
import type { LayoutOptions } from "./layout-options.ts";
import { warnOfLeaks } from "./leaks.ts";
import { type ImageFile, quoteSome } from "./listing.ts";
import { withMappedSplit } from "./mapping-json.ts";
import { keepFaults } from "./pairing.ts";
import { patientsByName } from "./patient.ts";
import type { CaseEntry, DatasetIndex } from "./types.ts";
import { unitOf } from "./unit.ts";

export const MSD_IMAGES = "imagesTr";
export const MSD_MASKS = "labelsTr";
/** Images without masks, which a data set may have. */
const TEST_IMAGES = "imagesTs";
const TEST_MASKS = "labelsTs";

/** What reading the folders gathers. */
interface Findings {
  readonly problems: string[];
  readonly warnings: string[];
}

/** Whether a listing has a folder of this layout. */
export function isMsd(items: readonly FolderItem[]): boolean {
  return items.some(
    (item) => item.kind === "folder" && (item.name === MSD_IMAGES || item.name === MSD_MASKS),
  );
}

/**
 * Indexes the volumes in natural order of their names; no case has a split, but for those that a conversion of ours
 * wrote.
 * @param options.layout what the user says it is; by default dataset.json, or the channel numbers, tell
 * @throws HipError "bad-dataset" listing every image without mask and every mask without image.
 */
export async function readMsd(
  folder: Folder,
  options: LayoutOptions & { readonly layout?: "msd" | "nnunet" | undefined },
): Promise<DatasetIndex> {
  const items = await folder.list(options.at);
  const findings: Findings = { problems: [], warnings: [] };
  const json = await readDatasetJson(folder, options.at);
  const found = await readCases(folder, { ...options, items, json }, findings);
  const { problems } = findings;
  const kept = keepFaults(
    {
      message: `Cannot pair the volumes of "${options.root}": ${counted(problems.length, "problem")}`,
      hint: hintOfPairing(
        problems,
        `Each "${MSD_IMAGES}/NAME.nii.gz" (or NAME_0000.nii.gz) needs "${MSD_MASKS}/NAME.nii.gz": copy what is missing, or take its partner away`,
      ),
      problems,
    },
    options.isPartial,
  );
  const mapped = await withMappedSplit(folder, options.at, found);
  const { cases } = mapped;
  const labels = cases.length === 0 ? [] : (json?.labels ?? (await findLabels(folder, cases, options)));
  const layout = options.layout ?? (json?.isNnunet || hasChannels(cases) ? "nnunet" : "msd");
  const what = layout === "nnunet" ? "nnU-Net data set" : "Medical Segmentation Decathlon layout";
  const unit = await unitOf(folder, cases, options.inflate);
  const warnings = [
    ...findings.warnings,
    ...warnOfTest(items),
    ...warnOfSiblings(options.at, items, [MSD_IMAGES, MSD_MASKS, TEST_IMAGES, TEST_MASKS]),
    ...(json?.warnings ?? []),
    // What is missing is known by name where files lack their partners.
    ...(kept.faults === undefined ? warnOfNumber(cases.length, json) : []),
    ...mapped.warnings,
    ...warnOfLeaks(cases),
  ];
  const description = describeData(what, { cases, labels, unit }, json?.labels ? "" : FOUND_IN_MASKS);
  return { layout, unit, description, root: options.root, labels, cases, warnings, ...kept };
}

/** Whether the images have nnU-Net's channel number, which masks lack. */
function hasChannels(cases: readonly CaseEntry[]): boolean {
  return cases.length > 0 && cases.every((entry) => entry.files[0]?.name === `${entry.id}_0000`);
}

/** Images to be predicted have no masks; where they have, somebody may think that the model is judged by them. */
function warnOfTest(items: readonly FolderItem[]): string[] {
  const isThere = items.some((item) => item.kind === "folder" && item.name === TEST_MASKS);
  return isThere
    ? [`"${TEST_MASKS}" is not used: the test split is drawn from "${MSD_IMAGES}" and "${MSD_MASKS}"`]
    : [];
}

/** An archive that was not unpacked in full may still hold pairs only. */
function warnOfNumber(found: number, json: DatasetJson | undefined): string[] {
  const stated = json?.numTraining;
  if (stated === undefined || stated === found || found === 0) return [];
  return [`dataset.json speaks of ${counted(stated, "training case")}, found ${found}`];
}

async function readCases(
  folder: Folder,
  options: LayoutOptions & {
    readonly items: readonly FolderItem[];
    readonly json: DatasetJson | undefined;
  },
  findings: Findings,
): Promise<CaseEntry[]> {
  const { items, at, json } = options;
  const present = new Set(items.filter((item) => item.kind === "folder").map((item) => item.name));
  if (!present.has(MSD_IMAGES) || !present.has(MSD_MASKS)) {
    const [has, lacks] = present.has(MSD_IMAGES) ? [MSD_IMAGES, MSD_MASKS] : [MSD_MASKS, MSD_IMAGES];
    findings.problems.push(`Folder "${joinPath(at, has)}" lacks its partner "${lacks}"`);
    return [];
  }
  const places = [joinPath(at, MSD_IMAGES), joinPath(at, MSD_MASKS)] as const;
  const images = await listImages(folder, places[0]);
  const masks = await listImages(folder, places[1]);
  findings.problems.push(...images.problems, ...masks.problems);
  findings.warnings.push(...warnOfNested([...images.nested, ...masks.nested]));
  const ending = json?.fileEnding;
  return pairVolumes(
    { at: places[0], files: keepEnding(images, places[0], ending, findings) },
    { at: places[1], files: keepEnding(masks, places[1], ending, findings) },
    findings,
  );
}

/** The images that end as dataset.json says; others are left out with the strangers. */
function keepEnding(
  { files, strangers }: ImageListing,
  at: string,
  ending: string | undefined,
  { problems, warnings }: Findings,
): readonly ImageFile[] {
  if (ending === undefined) {
    warnings.push(...warnOfStrangers(at, strangers, "that is no image"));
    return files;
  }
  const isWanted = (file: ImageFile): boolean => file.fileName.toLowerCase().endsWith(ending.toLowerCase());
  const others = files.filter((file) => !isWanted(file)).map((file) => file.fileName);
  if (files.length > 0 && others.length === files.length) {
    problems.push(
      `"${at}" holds no "${ending}" file, as the "file_ending" of dataset.json has it; found ${quoteSome(others)}`,
    );
    return [];
  }
  const what = `that does not end in "${ending}" ("file_ending" of dataset.json)`;
  warnings.push(...warnOfStrangers(at, [...strangers, ...others], what));
  return files.filter(isWanted);
}

interface Place {
  readonly at: string;
  readonly files: readonly ImageFile[];
}

function pairVolumes(images: Place, masks: Place, { problems, warnings }: Findings): CaseEntry[] {
  const maskOf = imagesByName(masks.files, masks.at, problems);
  const imageOf = imagesByName(images.files, images.at, problems);
  const cases: CaseEntry[] = [];
  const used = new Set<string>();
  const laterChannels: string[] = [];
  for (const image of imageOf.values()) {
    const { base, channel } = caseOf(image.name, maskOf);
    if (channel > 0) {
      laterChannels.push(image.fileName);
      continue;
    }
    const path = joinPath(images.at, image.fileName);
    const mask = maskOf.get(base);
    if (mask === undefined) {
      const wanted = `${image.name.replace(/_0000$/, "")}${endingOf(image)}`;
      problems.push(`Image "${path}" lacks its mask "${joinPath(masks.at, wanted)}"`);
    } else if (used.has(base)) {
      problems.push(`Mask "${joinPath(masks.at, mask.fileName)}" has two images, one of them "${path}"`);
    } else {
      used.add(base);
      const file = { name: image.name, image: path, mask: joinPath(masks.at, mask.fileName) };
      cases.push({ id: base, patient: base, split: undefined, files: [file] });
    }
  }
  for (const [name, mask] of maskOf) {
    if (used.has(name)) continue;
    const [has, lacks] = [joinPath(masks.at, mask.fileName), joinPath(images.at, mask.fileName)];
    problems.push(`Mask "${has}" lacks its image "${lacks}"`);
  }
  if (laterChannels.length > 0) {
    warnings.push(
      `Only the first channel (_0000) of each image is used; ${counted(laterChannels.length, "file")} left out: ${quoteSome(laterChannels)}`,
    );
  }
  const byName = patientsByName(cases.map(({ id }) => id));
  warnings.push(...byName.warnings);
  return cases.map((entry) => ({ ...entry, patient: byName.patients.get(entry.id) ?? entry.id }));
}

/** The mask's name of an image, and which channel of the case it is. A mask of the image's very name comes first. */
function caseOf(
  name: string,
  maskOf: ReadonlyMap<string, ImageFile>,
): { readonly base: string; readonly channel: number } {
  const match = /^(.+)_(\d{4})$/.exec(name);
  if (match === null || maskOf.has(name)) return { base: name, channel: 0 };
  const base = match[1]!;
  // Without a mask it may be no channel number at all: the image is then told to lack its mask.
  return maskOf.has(base) ? { base, channel: Number(match[2]) } : { base: name, channel: 0 };
}
