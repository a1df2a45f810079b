/**
 * The layout of the Medical Segmentation Decathlon and of nnU-Net: `imagesTr/NAME.nii.gz` (or NAME_0000.nii.gz)
 * with `labelsTr/NAME.nii.gz`, one volume a file, and a dataset.json that may name the labels.
 * http://medicaldecathlon.com ; nnU-Net documentation/dataset_format.md
 */

import type { Inflate } from "../core/bytes.ts";
import { counted } from "../core/text.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import type { Folder, FolderItem } from "./folder.ts";
import { joinPath } from "./folder.ts";
import { type LabelScan, nameLabels, parseDatasetJson, type StatedLabels } from "./labels.ts";
import { datasetError, type ImageFile, quoteSome, sortListing } from "./listing.ts";
import type { CaseEntry, DatasetIndex } from "./types.ts";

export const MSD_IMAGES = "imagesTr";
export const MSD_MASKS = "labelsTr";
const DATASET_JSON = "dataset.json";

/** Whether a listing has a folder of this layout. */
export function isMsd(items: readonly FolderItem[]): boolean {
  return items.some(
    (item) => item.kind === "folder" && (item.name === MSD_IMAGES || item.name === MSD_MASKS),
  );
}

/**
 * Who was scanned: the name without a trailing `_frame01`, `_week_0` or `_Week0_LFOV`, so that two frames or
 * weeks of one person are never split.
 */
export function patientOf(name: string): string {
  return name.replace(/(?<=.)_(?:frame|week)_?\d+(?:_.*)?$/i, "");
}

/**
 * Indexes the volumes in natural order of their names; no case has a split.
 * @throws HipError "bad-dataset" listing every image without mask and every mask without image.
 */
export async function readMsd(
  folder: Folder,
  options: { readonly root: string; readonly inflate: Inflate; readonly scan: LabelScan },
): Promise<DatasetIndex> {
  const items = await folder.list("");
  const present = new Set(items.filter((item) => item.kind === "folder").map((item) => item.name));
  const problems: string[] = [];
  const warnings: string[] = [];
  let cases: CaseEntry[] = [];
  if (present.has(MSD_IMAGES) && present.has(MSD_MASKS)) {
    const images = sortListing(await folder.list(MSD_IMAGES));
    const masks = sortListing(await folder.list(MSD_MASKS));
    warnings.push(
      ...warnOfStrangers(MSD_IMAGES, images.strangers),
      ...warnOfStrangers(MSD_MASKS, masks.strangers),
    );
    cases = pairVolumes(images.files, masks.files, problems, warnings);
  } else {
    const [has, lacks] = present.has(MSD_IMAGES) ? [MSD_IMAGES, MSD_MASKS] : [MSD_MASKS, MSD_IMAGES];
    problems.push(`Folder "${has}" lacks its partner "${lacks}"`);
  }
  if (problems.length > 0) {
    throw datasetError(
      `Cannot pair the volumes of "${options.root}": ${counted(problems.length, "problem")}`,
      `Each "${MSD_IMAGES}/NAME.nii.gz" (or NAME_0000.nii.gz) needs "${MSD_MASKS}/NAME.nii.gz": copy what is missing, or take its partner away`,
      problems,
    );
  }
  const hasJson = items.some((item) => item.kind === "file" && item.name === DATASET_JSON);
  const stated = hasJson ? await readDatasetJson(folder) : undefined;
  warnings.push(...(stated?.warnings ?? []));
  const labels = cases.length === 0 ? [] : (stated?.labels ?? (await findLabels(folder, cases, options)));
  return { layout: "msd", root: options.root, labels, cases, warnings };
}

async function readDatasetJson(folder: Folder): Promise<StatedLabels | undefined> {
  const source = await folder.open(DATASET_JSON);
  return parseDatasetJson(new TextDecoder().decode(await source.read(0, source.size)), DATASET_JSON);
}

async function findLabels(
  folder: Folder,
  cases: readonly CaseEntry[],
  options: { readonly root: string; readonly inflate: Inflate; readonly scan: LabelScan },
): Promise<LabelDefinition[]> {
  const masks = cases.flatMap((entry) => entry.files.map((file) => file.mask));
  const labels = nameLabels(await options.scan({ folder, inflate: options.inflate, masks }));
  if (labels.length === 1) {
    throw datasetError(
      `Cannot use "${options.root}": no mask has a label other than 0 (${counted(masks.length, "mask")} read)`,
      "There is nothing to learn in empty masks: check that the right files were copied",
      [],
    );
  }
  return labels;
}

function pairVolumes(
  images: readonly ImageFile[],
  masks: readonly ImageFile[],
  problems: string[],
  warnings: string[],
): CaseEntry[] {
  const maskOf = findByName(masks, MSD_MASKS, problems);
  const imageOf = findByName(images, MSD_IMAGES, problems);
  const cases: CaseEntry[] = [];
  const used = new Set<string>();
  const laterChannels: string[] = [];
  for (const image of imageOf.values()) {
    const channel = /^(.+)_(\d{4})$/.exec(image.name);
    const exact = maskOf.get(image.name);
    const base = exact === undefined && channel !== null ? channel[1]! : image.name;
    if (exact === undefined && channel !== null && channel[2] !== "0000" && maskOf.has(base)) {
      laterChannels.push(image.fileName);
      continue;
    }
    const path = joinPath(MSD_IMAGES, image.fileName);
    const mask = maskOf.get(base);
    if (mask === undefined) {
      const wanted = image.fileName.replace(/_0000(?=\.nii)/i, "");
      problems.push(`Image "${path}" lacks its mask "${joinPath(MSD_MASKS, wanted)}"`);
    } else if (used.has(base)) {
      problems.push(`Mask "${joinPath(MSD_MASKS, mask.fileName)}" has two images, one of them "${path}"`);
    } else {
      used.add(base);
      const file = { name: image.name, image: path, mask: joinPath(MSD_MASKS, mask.fileName) };
      cases.push({ id: base, patient: patientOf(base), split: undefined, files: [file] });
    }
  }
  for (const [name, mask] of maskOf) {
    if (used.has(name)) continue;
    problems.push(
      `Mask "${joinPath(MSD_MASKS, mask.fileName)}" lacks its image "${joinPath(MSD_IMAGES, mask.fileName)}"`,
    );
  }
  if (laterChannels.length > 0) {
    warnings.push(
      `Only the first channel (_0000) of each image is used; ${counted(laterChannels.length, "file")} left out: ${quoteSome(laterChannels)}`,
    );
  }
  return cases;
}

function findByName(files: readonly ImageFile[], path: string, problems: string[]): Map<string, ImageFile> {
  const byName = new Map<string, ImageFile>();
  for (const file of files) {
    const twin = byName.get(file.name);
    if (twin === undefined) byName.set(file.name, file);
    else
      problems.push(
        `"${joinPath(path, twin.fileName)}" and "${joinPath(path, file.fileName)}" have the same name`,
      );
  }
  return byName;
}

function warnOfStrangers(path: string, strangers: readonly string[]): string[] {
  if (strangers.length === 0) return [];
  return [
    `"${path}" holds ${counted(strangers.length, "item")} that is no NIfTI file, left out: ${quoteSome(strangers)}`,
  ];
}
