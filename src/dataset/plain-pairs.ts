/**
 * The plain layout that most people make by themselves: a folder of images beside a folder of masks.
 *
 *     images/NAME.nii.gz          labels/NAME.nii.gz        also image/label, imgs/masks, images/segmentations …
 *     images/NAME.png             masks/NAME_mask.png       one prefix or suffix that all masks share
 *     images/train/NAME.nii.gz    labels/train/NAME.nii.gz  the split by sub-folder; so is train/images, train/labels
 *
 * Files named NAME_slice_12 are slices of the case NAME; every other file is a case of its own.
 */
import { counted } from "../core/text.ts";
import { type Affix, describeAffixes, findAffixes, strip } from "./affixes.ts";
import { readDatasetJson } from "./dataset-json.ts";
import { describeData, FOUND_IN_MASKS } from "./describe.ts";
import { type Folder, joinPath } from "./folder.ts";
import {
  endingOf,
  hintOfPairing,
  imagesByName,
  listImages,
  warnOfNested,
  warnOfStrangers,
} from "./image-listing.ts";
import { findLabels } from "./labels.ts";
import type { LayoutOptions } from "./layout-options.ts";
import { warnOfLeaks } from "./leaks.ts";
import { type ImageFile, sortNaturally } from "./listing.ts";
import { keepFaults } from "./pairing.ts";
import { patientsByName } from "./patient.ts";
import { findPlaces, type Place } from "./plain-places.ts";
import type { CaseEntry, DatasetIndex, FilePair, Split } from "./types.ts";
import { unitOf } from "./unit.ts";

/** What one pass over the folders gathers. */
interface Findings {
  readonly problems: string[];
  readonly warnings: string[];
  readonly nested: string[];
}

interface ListedPlace extends Place {
  readonly imageFiles: readonly ImageFile[];
  readonly maskFiles: readonly ImageFile[];
}

/** A pair with the part of its name that tells the case, and the number of a slice in it. */
interface Pair {
  readonly file: FilePair;
  readonly split: Split | undefined;
  readonly id: string;
  readonly slice: number | undefined;
}

interface Affixes {
  readonly image: Affix;
  readonly mask: Affix;
}

/** Whether a folder is laid out so. */
export async function isPlainPairs(folder: Folder, at: string): Promise<boolean> {
  return (await findPlaces(folder, at)) !== undefined;
}

/**
 * Indexes the pairs in natural order of their names.
 * @throws HipError "bad-dataset" listing every image without mask, every mask without image, twins and cases that
 *   are in two splits; a partial index leaves out files without a partner and twins, and has a case of two splits in each
 */
export async function readPlainPairs(folder: Folder, options: LayoutOptions): Promise<DatasetIndex> {
  const { root, at } = options;
  const found = await findPlaces(folder, at);
  const findings: Findings = {
    problems: [...(found?.problems ?? [])],
    warnings: [...(found?.warnings ?? [])],
    nested: [],
  };
  const listed: ListedPlace[] = [];
  for (const place of found?.places ?? []) listed.push(await listPlace(folder, place, findings));
  const affixes = affixesOf(listed);
  const pairs = listed.flatMap((place) => pairPlace(place, affixes, findings.problems));
  const cases = groupCases(pairs, findings);
  const { problems } = findings;
  const kept = keepFaults(
    {
      message: `Cannot pair the images of "${root}": ${counted(problems.length, "problem")}`,
      hint: hintOfPairing(problems, pairingHint(describeAffixes(affixes))),
      problems,
    },
    options.isPartial,
  );
  const json = await readDatasetJson(folder, at);
  const labels = cases.length === 0 ? [] : (json?.labels ?? (await findLabels(folder, cases, options)));
  const isSlices = pairs.some((pair) => pair.slice !== undefined);
  const unit = isSlices ? "slice" : await unitOf(folder, cases, options.inflate);
  const note = json?.labels === undefined ? FOUND_IN_MASKS : "";
  return {
    layout: "images_labels",
    unit,
    description: describeData("Folders of images and masks", { cases, labels, unit }, note),
    root,
    labels,
    cases,
    warnings: [
      ...findings.warnings,
      ...(json?.warnings ?? []),
      ...warnOfNested(findings.nested),
      ...warnOfLeaks(cases),
    ],
    ...kept,
  };
}

async function listPlace(folder: Folder, place: Place, findings: Findings): Promise<ListedPlace> {
  const images = await listImages(folder, place.images);
  const masks = await listImages(folder, place.masks);
  for (const [path, listing] of [
    [place.images, images],
    [place.masks, masks],
  ] as const) {
    findings.problems.push(...listing.problems);
    findings.nested.push(...listing.nested);
    findings.warnings.push(...warnOfStrangers(path, listing.strangers, "that is no image"));
  }
  return {
    ...place,
    imageFiles: [...imagesByName(images.files, place.images, findings.problems).values()],
    maskFiles: [...imagesByName(masks.files, place.masks, findings.problems).values()],
  };
}

function affixesOf(listed: readonly ListedPlace[]): Affixes {
  const namesOf = (files: readonly ImageFile[]): string[] => files.map((file) => file.name);
  return findAffixes(
    listed.flatMap((place) => namesOf(place.imageFiles)),
    listed.flatMap((place) => namesOf(place.maskFiles)),
  );
}

function pairingHint(taken: string | undefined): string {
  const how = taken === undefined ? "" : `; names were compared without ${taken}`;
  return `Each image needs one mask of the same name, or with one prefix or suffix that all masks share (_seg, _mask, seg_ …)${how}: copy what is missing, or take its partner away`;
}

function pairPlace(
  { split, images, masks, imageFiles, maskFiles }: ListedPlace,
  affix: Affixes,
  problems: string[],
): Pair[] {
  const maskOf = new Map(maskFiles.map((file) => [strip(file.name, affix.mask), file]));
  const pairs: Pair[] = [];
  const used = new Set<string>();
  for (const image of imageFiles) {
    const key = strip(image.name, affix.image);
    const mask = maskOf.get(key);
    const path = joinPath(images, image.fileName);
    if (mask === undefined) {
      const wanted = `${affix.mask.prefix}${key}${affix.mask.suffix}${endingOf(image)}`;
      problems.push(`Image "${path}" lacks its mask "${joinPath(masks, wanted)}"`);
      continue;
    }
    used.add(key);
    const name = strip(image.name, { prefix: "", suffix: affix.image.suffix });
    const slice = /^(.+)_slice_(\d+)$/.exec(name);
    pairs.push({
      file: { name, image: path, mask: joinPath(masks, mask.fileName) },
      split,
      id: slice?.[1] ?? name,
      slice: slice === null ? undefined : Number(slice[2]),
    });
  }
  for (const [key, mask] of maskOf) {
    if (used.has(key)) continue;
    const wanted = `${affix.image.prefix}${key}${affix.image.suffix}${endingOf(mask)}`;
    problems.push(`Mask "${joinPath(masks, mask.fileName)}" lacks its image "${joinPath(images, wanted)}"`);
  }
  return pairs;
}

/** One case for each name, of one file or of slices upwards by number. */
function groupCases(pairs: readonly Pair[], { problems, warnings }: Findings): CaseEntry[] {
  const slices = pairs.filter((pair) => pair.slice !== undefined).length;
  if (slices > 0 && slices < pairs.length) {
    const other = pairs.find((pair) => pair.slice === undefined)?.file.image;
    problems.push(
      `${slices} of ${counted(pairs.length, "image")} are named as slices (NAME_slice_12) and others are not, one of them "${other}"`,
    );
  }
  const groups = new Map<string, Pair[]>();
  for (const pair of pairs) groups.set(pair.id, [...(groups.get(pair.id) ?? []), pair]);
  const byName = patientsByName([...groups.keys()]);
  warnings.push(...byName.warnings);
  const cases: CaseEntry[] = [];
  for (const [id, group] of groups) {
    group.sort((a, b) => (a.slice ?? 0) - (b.slice ?? 0));
    const splits = new Set(group.map((pair) => pair.split));
    if (splits.size > 1) {
      problems.push(
        `"${id}" is in ${[...splits].join(" and ")}: all images of one patient belong into one split, and two patients need two names`,
      );
    }
    const twin = group.find((pair, i) => i > 0 && pair.slice === group[i - 1]?.slice);
    if (twin !== undefined && splits.size === 1) {
      const first = group.find((pair) => pair.slice === twin.slice && pair !== twin);
      problems.push(`"${first?.file.image}" and "${twin.file.image}" are the same slice`);
    }
    const gap = (group.at(-1)?.slice ?? 0) - (group[0]?.slice ?? 0) + 1 - group.length;
    if (gap > 0) {
      warnings.push(`"${id}" lacks ${counted(gap, "slice")} between its first and its last`);
    }
    // A partial index has these too: of each split what it holds, of equal slices the first.
    for (const split of splits) {
      const own = group.filter((pair) => pair.split === split);
      const single = own.filter((pair, i) => i === 0 || pair.slice !== own[i - 1]?.slice);
      const files = single.map((pair) => pair.file);
      cases.push({ id, patient: byName.patients.get(id) ?? id, split, files });
    }
  }
  return sortNaturally(cases, (entry) => entry.id);
}
