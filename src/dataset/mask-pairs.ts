/**
 * Masks that any tool made, paired by name with the true ones:
 *
 *     predicted/case_001.nii.gz                   truth/case_001.nii.gz                     nnU-Net, ours
 *     predicted/case_001_pred.nii.gz              truth/case_001_seg.nii.gz                 one prefix or suffix on all
 *     predicted/case_004_week_0_slice_10.nii.gz   truth/seg_004_week_0_slice_10.nii.gz      slices of a volume
 *     predicted/s0001/prostate.nii.gz             truth/s0001.nii.gz                        organ-files.ts, either side
 */
import { counted } from "../core/text.ts";
import { findMaskAffixes, strip } from "./affixes.ts";
import { type Folder, joinPath } from "./folder.ts";
import { hintOfPairing, imagesByName, listImages } from "./image-listing.ts";
import { datasetError, type ImageFile, quoteSome, sortNaturally } from "./listing.ts";
import { listOrganCases, type OrganCase, readOneOrganCase } from "./organ-files.ts";
import { patientsByName } from "./patient.ts";

/** A file of label numbers, its path within its folder; or a file for each organ. */
export type MaskRef = string | OrganCase;

export interface MaskFiles {
  readonly truth: MaskRef;
  /** undefined: nothing was predicted, so that every label of the truth is a miss. */
  readonly prediction: MaskRef | undefined;
}

/** One volume: a file of its own, or slice files in slice order. */
export interface MaskCase {
  readonly id: string;
  readonly patient: string;
  readonly files: readonly MaskFiles[];
  /** Of slices: their numbers, in the order of `files`. */
  readonly sliceNumbers: readonly number[] | undefined;
}

export interface PairedMasks {
  readonly cases: readonly MaskCase[];
  readonly warnings: readonly string[];
}

/** A folder of masks, with its name for messages. */
export interface MaskFolder {
  readonly folder: Folder;
  readonly path: string;
}

const SLICE = /^(.*)_slice_(\d+)$/;

interface NamedMask {
  readonly name: string;
  readonly ref: MaskRef;
}

/** For messages, within its folder. */
const pathOf = (ref: MaskRef): string => (typeof ref === "string" ? ref : `${ref.path}/`);

async function listMasks({ folder, path }: MaskFolder, problems: string[]): Promise<readonly NamedMask[]> {
  const organs = await listOrganCases(folder, problems);
  if (organs.length > 0) return organs.map((each) => ({ name: each.name, ref: each }));
  const listing = await listImages(folder, "");
  problems.push(...listing.problems);
  const files: readonly ImageFile[] = [...imagesByName(listing.files, path, problems).values()];
  if (files.length > 0) return files.map(({ name, fileName }) => ({ name, ref: fileName }));
  const found = listing.strangers.length === 0 ? "it is empty" : `found ${quoteSome(listing.strangers)}`;
  throw datasetError(
    `Cannot find masks in "${path}": expected image files such as case_001.nii.gz, ${found}`,
    "Give the folder that holds the masks themselves, or a folder for each case with a mask for each organ",
    [],
  );
}

/**
 * A folder of masks, one for each organ, as a single case beside the other side's.
 * @throws HipError "bad-dataset" where it holds no masks, or two of one organ
 */
export async function readOrganFolder({ folder, path }: MaskFolder, name: string): Promise<OrganCase> {
  const problems: string[] = [];
  const found = await readOneOrganCase(folder, name, problems);
  if (found !== undefined && problems.length === 0) return found;
  throw datasetError(
    `Cannot read "${path}" as the masks of one case: expected image files named by their organs, such as prostate.nii.gz${problems.length === 0 ? ", found none" : ""}`,
    "Keep one mask of each organ in the folder",
    problems,
  );
}

/** What stands in both names, affixes taken off. */
interface Keyed {
  readonly key: string;
  readonly files: MaskFiles;
}

function groupCases(pairs: readonly Keyed[]): readonly Omit<MaskCase, "patient">[] {
  const groups = new Map<string, { slices: number[]; files: MaskFiles[] }>();
  for (const { key, files } of pairs) {
    const [, id = key, slice] = SLICE.exec(key) ?? [];
    const group = groups.get(id) ?? { slices: [], files: [] };
    groups.set(id, group);
    group.files.push(files);
    if (slice !== undefined) group.slices.push(Number(slice));
  }
  return [...groups].map(([id, { slices, files }]) => ({
    id,
    files,
    // A file "x" beside "x_slice_1" would be neither: then all are files of their own order.
    sliceNumbers: slices.length === files.length ? slices : undefined,
  }));
}

/**
 * Pairs by name; a truth without prediction stays, a prediction without truth is left out with a warning.
 * @throws HipError "not-found"; "bad-dataset" where a folder has no masks, two files have one name, or no two names fit
 */
export async function pairMasks(prediction: MaskFolder, truth: MaskFolder): Promise<PairedMasks> {
  const problems: string[] = [];
  const predicted = await listMasks(prediction, problems);
  const truths = await listMasks(truth, problems);
  if (problems.length > 0) {
    const hint = hintOfPairing(problems, "Keep one image in each such folder");
    throw datasetError(`Cannot pair masks: ${counted(problems.length, "problem")}`, hint, problems);
  }
  const names = (masks: readonly NamedMask[]): string[] => masks.map(({ name }) => name);
  const affix = findMaskAffixes(names(predicted), names(truths));
  // HipMRI's images are case_004…, its masks seg_004…: the case is called as everywhere else.
  const before = affix.prediction.prefix.toLowerCase() === "case_" ? affix.prediction.prefix : "";
  const byKey = new Map(predicted.map(({ name, ref }) => [strip(name, affix.prediction), ref]));
  const pairs = sortNaturally(
    truths.map(({ name, ref }): Keyed => {
      const key = strip(name, affix.truth);
      return { key: `${before}${key}`, files: { truth: ref, prediction: byKey.get(key) } };
    }),
    ({ key }) => key,
  );
  if (pairs.every(({ files }) => files.prediction === undefined)) {
    throw datasetError(
      `Cannot pair masks: no file of "${prediction.path}" is named as one of "${truth.path}"`,
      "Give both masks of a case the same name, or names that differ by one prefix or suffix (_pred, _seg, seg_ …)",
      [`Predictions: ${quoteSome(names(predicted))}`, `Truth: ${quoteSome(names(truths))}`],
    );
  }
  const groups = groupCases(pairs);
  const { patients, warnings } = patientsByName(groups.map(({ id }) => id));
  const cases = groups.map((group) => ({ ...group, patient: patients.get(group.id)! }));
  const used = new Set(pairs.map(({ files }) => files.prediction));
  const strangers = predicted.filter(({ ref }) => !used.has(ref));
  return { cases, warnings: [...warnings, ...warnOfPairs(pairs, strangers, prediction.path)] };
}

function warnOfPairs(pairs: readonly Keyed[], strangers: readonly NamedMask[], path: string): string[] {
  const missing = pairs.filter(({ files }) => files.prediction === undefined);
  const found: string[] = [];
  if (missing.length > 0) {
    const which = quoteSome(missing.map(({ files }) => pathOf(files.truth)));
    found.push(
      `${counted(missing.length, "true mask")} without a prediction in "${path}", scored as nothing found: ${which}`,
    );
  }
  if (strangers.length > 0) {
    const which = quoteSome(strangers.map(({ ref }) => joinPath(path, pathOf(ref))));
    found.push(`${counted(strangers.length, "prediction")} without a true mask, not scored: ${which}`);
  }
  return found;
}
