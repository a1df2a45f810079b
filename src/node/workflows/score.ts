/** `hipmri score`: masks that any tool made, held against the true ones. */
import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { HipError } from "../../core/errors.ts";
import { type DatasetJson, readDatasetJson } from "../../dataset/dataset-json.ts";
import {
  type LabelMap,
  mapByName,
  parseLabelList,
  parseLabelMap,
  parseOrganMap,
} from "../../dataset/label-map.ts";
import { type DecodedMasks, decodeMasks, type MaskCaseContext } from "../../dataset/mask-case.ts";
import { readMaskIds } from "../../dataset/mask-file.ts";
import {
  type MaskCase,
  type MaskFolder,
  type PairedMasks,
  pairMasks,
  readOrganFolder,
} from "../../dataset/mask-pairs.ts";
import {
  checkSummary,
  describeDifferences,
  readNnunetSummary,
  SUMMARY_FILE,
  type SummaryCheck,
} from "../../dataset/nnunet-summary.ts";
import { type OrganMap, organsByName } from "../../dataset/organ-masks.ts";
import { noteOrgans, organNames } from "../../dataset/organ-notes.ts";
import { patientOf } from "../../dataset/patient.ts";
import { imageStem } from "../../formats/image-file.ts";
import { aggregate } from "../../metrics/aggregate.ts";
import type { ConventionName } from "../../metrics/conventions/types.ts";
import { scoreCase } from "../../metrics/score-case.ts";
import type { CaseMetrics, Metrics } from "../../metrics/types.ts";
import { masksReport } from "../../report/masks-report.ts";
import type { LabelDefinition } from "../../volume/volume.ts";
import { makeFolder, writeFileAtomic } from "../atomic.ts";
import { openFolder } from "../folder.ts";
import { inflateGzip } from "../inflate.ts";
import { checkOutFolder } from "../out-folder.ts";
import { RUN_FILES } from "../run-folder.ts";
import { commandLine } from "../shell.ts";
import { VERSION } from "../version.ts";
import { gatherCaseNotes } from "./case-notes.ts";

export interface ScoreOptions {
  /** Folders of masks, or two mask files. */
  readonly prediction: string;
  readonly truth: string;
  /** `1=bladder,2=prostate`; by default those of a dataset.json, else the numbers found in the truth. */
  readonly labels?: string | undefined;
  /** `21=bladder,22=prostate`: the prediction's numbers, or the names of its files for each organ, where they are not the truth's. */
  readonly map?: string | undefined;
  /** Both folders hold one case, with a file for each organ. */
  readonly perOrgan?: boolean | undefined;
  readonly convention?: ConventionName | undefined;
  readonly toleranceMm?: number | undefined;
  /** Writes OUT/report.html, OUT/figures and OUT/metrics.json. */
  readonly out?: string | undefined;
  readonly onProgress?: (done: number, total: number) => void;
  readonly warn?: (text: string) => void;
}

export interface ScoredMasks {
  /** What nnU-Net's own summary.json says beside the predictions; undefined where there is none. */
  readonly summary: SummaryCheck | undefined;
  readonly metrics: Metrics;
  /** In words: where the labels come from, and which of the prediction's numbers or organs was taken for which. */
  readonly labelsFrom: string;
  readonly mapping: readonly { readonly from: number | string; readonly to: LabelDefinition }[];
  readonly files: readonly string[];
}

interface Masks extends PairedMasks {
  readonly prediction: MaskFolder;
  readonly truth: MaskFolder;
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined) return found.isDirectory();
  throw new HipError("not-found", `Cannot find masks "${path}"`, { hint: "Check the path" });
}

const asFolder = (path: string): MaskFolder => ({ folder: openFolder(path), path });

/** One case of whose masks at least one side is a folder with a file for each organ. */
async function openOrgans({ prediction, truth }: ScoreOptions, isTruthFolder: boolean): Promise<Masks> {
  const id = isTruthFolder ? basename(resolve(truth)) : (imageStem(basename(truth)) ?? basename(truth));
  const sides = {
    prediction: asFolder(prediction),
    truth: asFolder(isTruthFolder ? truth : dirname(truth)),
  };
  const files = {
    truth: isTruthFolder ? await readOrganFolder(sides.truth, id) : basename(truth),
    prediction: await readOrganFolder(sides.prediction, id),
  };
  const cases = [{ id, patient: patientOf(id), files: [files], sliceNumbers: undefined }];
  return { ...sides, cases, warnings: [] };
}

async function openMasks(options: ScoreOptions): Promise<Masks> {
  const { prediction, truth, perOrgan = false } = options;
  const [ofPrediction, ofTruth] = [await isFolder(prediction), await isFolder(truth)];
  if (ofPrediction && (perOrgan || !ofTruth)) return openOrgans(options, ofTruth);
  if (ofPrediction !== ofTruth || perOrgan) {
    const [one, other] = [ofPrediction, ofTruth].map((isOne) => (isOne ? "a folder" : "a file"));
    throw new HipError(
      "usage",
      `Cannot score ${one} against ${other}${perOrgan ? " organ by organ" : ""}: "${prediction}", "${truth}"`,
      {
        hint: "Give two folders of masks, two mask files, or a folder with a file for each organ and the true mask",
      },
    );
  }
  if (ofTruth) {
    const sides = { prediction: asFolder(prediction), truth: asFolder(truth) };
    return { ...sides, ...(await pairMasks(sides.prediction, sides.truth)) };
  }
  const id = imageStem(basename(truth)) ?? basename(truth);
  const files = [{ truth: basename(truth), prediction: basename(prediction) }];
  return {
    prediction: asFolder(dirname(prediction)),
    truth: asFolder(dirname(truth)),
    cases: [{ id, patient: patientOf(id), files, sliceNumbers: undefined }],
    warnings: [],
  };
}

/** The dataset.json beside masks, or in the folder above them, as MSD and nnU-Net have it. */
async function findJson({ folder, path }: MaskFolder): Promise<DatasetJson | undefined> {
  return (await readDatasetJson(folder, "")) ?? (await readDatasetJson(openFolder(join(path, "..")), ""));
}

/** The numbers in the true masks, which have no other name; or the names of their files for each organ. */
async function findNumbers({ cases, truth }: Masks): Promise<readonly LabelDefinition[]> {
  const names = organNames(cases);
  if (names.length > 0) return parseLabelList(names.map((name, i) => `${i + 1}=${name}`).join(","));
  const seen = new Uint8Array(256);
  for (const file of cases.flatMap(({ files }) => files)) {
    if (typeof file.truth !== "string") continue;
    const { ids } = await readMaskIds(truth, file.truth, inflateGzip);
    for (let i = 0; i < ids.length; i++) seen[ids[i]!] = 1;
  }
  const ids = [...seen.keys()].filter((id) => id > 0 && seen[id] === 1);
  if (ids.length > 0)
    return [{ id: 0, name: "background" }, ...ids.map((id) => ({ id, name: `label ${id}` }))];
  throw new HipError("bad-dataset", `Cannot score against "${truth.path}": its masks are all background`, {
    hint: "Give the true masks; or name the labels with --labels, to count false alarms",
  });
}

interface Labelling {
  readonly labels: readonly LabelDefinition[];
  readonly map: LabelMap;
  readonly organMap: OrganMap;
  readonly labelsFrom: string;
}

/** Whether predictions are a file for each organ: then names, and no numbers, say what is what. */
const isPerOrgan = ({ cases }: Masks): boolean =>
  cases.some(({ files }) => files.some(({ prediction }) => typeof prediction === "object"));

async function findLabelling(options: ScoreOptions, masks: Masks): Promise<Labelling> {
  const ofTruth = await findJson(masks.truth);
  const ofPrediction = await findJson(masks.prediction);
  const json = ofTruth?.labels ?? ofPrediction?.labels;
  const isFromJson = options.labels === undefined && json !== undefined;
  const labels = isFromJson
    ? json
    : options.labels === undefined
      ? await findNumbers(masks)
      : parseLabelList(options.labels);
  const found =
    organNames(masks.cases).length > 0 ? "the names of the true masks" : "the numbers in the true masks";
  const labelsFrom = options.labels !== undefined ? "--labels" : isFromJson ? "dataset.json" : found;
  if (isPerOrgan(masks)) {
    return { labels, map: new Map(), organMap: parseOrganMap(options.map, labels), labelsFrom };
  }
  const byName =
    options.map === undefined && ofPrediction?.labels !== undefined
      ? mapByName(ofPrediction.labels, labels)
      : undefined;
  const map = byName ?? parseLabelMap(options.map, labels);
  return { labels, map, organMap: organsByName(labels), labelsFrom };
}

const SHOWN_PROBLEMS = 20;

/** One error for all bad cases; a single one keeps its own. */
function errorOf(errors: readonly HipError[], total: number): HipError {
  const [first] = errors;
  if (errors.length === 1) return first!;
  const problems = errors.slice(0, SHOWN_PROBLEMS).map(({ message }) => message);
  const more = errors.length - problems.length;
  return new HipError(first!.code, `Cannot score: ${errors.length} of ${total} cases have problems`, {
    problems: more > 0 ? [...problems, `… and ${more} more`] : problems,
    ...(first!.hint === undefined ? {} : { hint: first!.hint }),
  });
}

/** One case in memory at a time. */
async function scoreAll(
  cases: readonly MaskCase[],
  context: MaskCaseContext,
  options: ScoreOptions,
): Promise<readonly CaseMetrics[]> {
  const errors: HipError[] = [];
  const scored: CaseMetrics[] = [];
  const notes = gatherCaseNotes();
  for (const [done, entry] of cases.entries()) {
    options.onProgress?.(done, cases.length);
    let masks: DecodedMasks;
    try {
      masks = await decodeMasks(entry, context);
    } catch (error) {
      if (!(error instanceof HipError)) throw error;
      errors.push(error);
      continue;
    }
    notes.add(masks.warnings);
    // All are read, so that all problems are told at once; but where one is bad no more are scored.
    if (errors.length > 0) continue;
    const { convention, toleranceMm } = options;
    const { id, patient } = entry;
    scored.push(scoreCase({ id, patient, ...masks, labels: context.labels, convention, toleranceMm }));
  }
  for (const line of notes.lines()) options.warn?.(line);
  if (errors.length > 0) throw errorOf(errors, cases.length);
  options.onProgress?.(cases.length, cases.length);
  return scored;
}

/** nnU-Net numbers the truth as the prediction: with other numbers the counts cannot be compared. */
async function checkNnunet(
  { prediction, cases }: Masks,
  scored: readonly CaseMetrics[],
  { labels, map }: Labelling,
  warn: (text: string) => void,
): Promise<SummaryCheck | undefined> {
  const summary = await readNnunetSummary(prediction.folder);
  if (summary === undefined) return undefined;
  const path = join(prediction.path, SUMMARY_FILE);
  if (summary === "other") {
    warn(`"${path}" is no evaluation by nnU-Net: not compared`);
    return undefined;
  }
  if ([...map].some(([from, to]) => from !== to)) return undefined;
  const names = new Map(labels.map(({ id, name }) => [id, name]));
  const counted = scored.flatMap((each, i) => {
    const file = cases[i]!.files[0]?.prediction;
    if (typeof file !== "string") return [];
    return [
      {
        prediction: file,
        labels: each.labels.map(({ id, counts }) => ({ id, name: names.get(id)!, counts })),
      },
    ];
  });
  const check = checkSummary(summary, counted);
  if (check.differences.length > 0)
    warn(`"${path}" was made of other masks than these: ${describeDifferences(check)}`);
  return check;
}

/** metrics.json comes last: where it is, all else is there too. */
async function writeScores(
  out: string,
  { prediction, truth, labels, map, perOrgan, convention, toleranceMm }: ScoreOptions,
  metrics: Metrics,
  labelsFrom: string,
): Promise<readonly string[]> {
  const flag = (name: string, value: string | number | undefined): readonly string[] =>
    value === undefined ? [] : [name, `${value}`];
  const command = commandLine([
    "hipmri",
    "score",
    prediction,
    truth,
    ...flag("--labels", labels),
    ...flag("--map", map),
    ...(perOrgan ? ["--per-organ"] : []),
    ...flag("--convention", convention),
    ...flag("--tolerance", toleranceMm),
    "--out",
    out,
  ]);
  const report = masksReport({
    metrics,
    prediction,
    truth,
    facts: [{ name: "Labels from", value: labelsFrom }],
    reproduce: [command, `hipmri-unet ${VERSION}`],
  });
  const files: string[] = [];
  const write = async (path: string, content: string | Uint8Array): Promise<void> => {
    await writeFileAtomic(path, content);
    files.push(path);
  };
  await makeFolder(join(out, "figures"));
  for (const { name, content } of report.figures) await write(join(out, "figures", name), content);
  await write(join(out, RUN_FILES.report), report.html);
  await write(join(out, RUN_FILES.metrics), `${JSON.stringify(metrics, null, 2)}\n`);
  return files;
}

/**
 * Scores predicted masks against true ones, case by case, on the grid that both must share.
 * @throws HipError "not-found", "usage" (labels or mapping), "bad-dataset" (nothing to pair), "bad-mask" (other grid,
 *   unknown label; several as one error with all of them), "unreadable-image", "disk"
 */
export async function scoreMasks(options: ScoreOptions): Promise<ScoredMasks> {
  if (options.out !== undefined) await checkOutFolder(options.out);
  const masks = await openMasks(options);
  for (const warning of masks.warnings) options.warn?.(warning);
  const labelling = await findLabelling(options, masks);
  const { labels, map, organMap, labelsFrom } = labelling;
  const { prediction, truth, cases } = masks;
  for (const note of noteOrgans(cases, organMap, labels)) options.warn?.(note);
  const context = { prediction, truth, inflate: inflateGzip, labels, map, organMap };
  const scored = await scoreAll(cases, context, options);
  const { convention, toleranceMm, out } = options;
  const summary = isPerOrgan(masks)
    ? undefined
    : await checkNnunet(masks, scored, labelling, (text) => options.warn?.(text));
  const metrics = aggregate(scored, { split: "unstated", labels, convention, toleranceMm });
  const files: string[] = [];
  if (out !== undefined) files.push(...(await writeScores(out, options, metrics, labelsFrom)));
  const mapping = [...(isPerOrgan(masks) ? organMap : map)]
    .filter(([from]) => from !== 0)
    .map(([from, to]) => ({ from, to: labels.find(({ id }) => id === to)! }));
  return { metrics, summary, labelsFrom, mapping, files };
}
