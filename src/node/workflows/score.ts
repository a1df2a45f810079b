/** `hipmri score`: masks that any tool made, held against the true ones. */
import { join } from "node:path";
import { HipError } from "../../core/errors.ts";
import { firstProblems, hintOfAll } from "../../core/joined-errors.ts";
import { type DecodedMasks, decodeMasks, type MaskCaseContext } from "../../dataset/mask-case.ts";
import type { MaskCase } from "../../dataset/mask-pairs.ts";
import {
  checkSummary,
  describeDifferences,
  readNnunetSummary,
  SUMMARY_FILE,
  type SummaryCheck,
} from "../../dataset/nnunet-summary.ts";
import { noteOrgans } from "../../dataset/organ-notes.ts";
import { aggregate } from "../../metrics/aggregate.ts";
import type { ConventionName } from "../../metrics/conventions/types.ts";
import { scoreCase } from "../../metrics/score-case.ts";
import type { CaseMetrics, Metrics } from "../../metrics/types.ts";
import type { LabelDefinition } from "../../volume/volume.ts";
import { openFolder } from "../folder.ts";
import { inflateGzip } from "../inflate.ts";
import { checkOutFolder } from "../out-folder.ts";
import { gatherCaseNotes } from "./case-notes.ts";
import { writeScores } from "./score-files.ts";
import {
  findLabelling,
  isPerOrgan,
  type Labelling,
  type Masks,
  openMasks,
  type ScoreInputs,
} from "./score-inputs.ts";

export interface ScoreOptions extends ScoreInputs {
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

/** One error for all bad cases; a single one keeps its own. */
function errorOf(errors: readonly HipError[], total: number): HipError {
  const [first] = errors;
  if (errors.length === 1) return first!;
  const hint = hintOfAll(errors);
  return new HipError(first!.code, `Cannot score: ${errors.length} of ${total} cases have problems`, {
    problems: firstProblems(errors.map(({ message }) => message)),
    ...(hint === undefined ? {} : { hint }),
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

/** What is known before a case is scored: plain data, the same for all shards. */
export interface ScoringContext {
  readonly inputs: ScoreInputs;
  readonly convention: ConventionName | undefined;
  readonly toleranceMm: number | undefined;
  /** Of the truth. */
  readonly labels: readonly LabelDefinition[];
  readonly labelsFrom: string;
  readonly mapping: ScoredMasks["mapping"];
  /** The folder of the predictions, where nnU-Net's own figures can be compared: not of other numbers or organs. */
  readonly comparable: string | undefined;
}

/** A case that was scored, and its mask's file where it is a single one. */
export interface ScoredCase {
  readonly scored: CaseMetrics;
  /** null of slices, which were counted together here and one by one by nnU-Net; and of organs. */
  readonly file: string | null;
}

/** A scoring that is ready to read its cases. */
export interface OpenedScoring {
  readonly masks: Masks;
  readonly context: ScoringContext;
  /** Scores some of the cases, one in memory at a time. @throws HipError naming all that are bad */
  score(cases: readonly MaskCase[]): Promise<readonly ScoredCase[]>;
}

function contextOf(options: ScoreOptions, masks: Masks, labelling: Labelling): ScoringContext {
  const { prediction, truth, labels, map, perOrgan, convention, toleranceMm } = options;
  const ofOrgans = isPerOrgan(masks);
  const mapping = [...(ofOrgans ? labelling.organMap : labelling.map)]
    .filter(([from]) => from !== 0)
    .map(([from, to]) => ({ from, to: labelling.labels.find(({ id }) => id === to)! }));
  const isRenumbered = [...labelling.map].some(([from, to]) => from !== to);
  return {
    inputs: { prediction, truth, labels, map, perOrgan },
    convention,
    toleranceMm,
    labels: labelling.labels,
    labelsFrom: labelling.labelsFrom,
    mapping,
    // nnU-Net numbers the truth as the prediction: with other numbers the counts cannot be compared.
    comparable: ofOrgans || isRenumbered ? undefined : masks.prediction.path,
  };
}

/** Finds the masks and what their numbers mean. @throws HipError as scoreMasks() */
export async function openScoring(options: ScoreOptions): Promise<OpenedScoring> {
  if (options.out !== undefined) await checkOutFolder(options.out);
  const masks = await openMasks(options);
  for (const warning of masks.warnings) options.warn?.(warning);
  const labelling = await findLabelling(options, masks);
  const { labels, map, organMap } = labelling;
  const { prediction, truth, cases } = masks;
  if (cases.length > 1 && labels.length === 2 && cases.every(({ id }) => !/\d/.test(id)))
    options.warn?.(
      `the files are taken for ${cases.length} cases of one label; if they are the organs of one case ("${cases[0]!.id}" …), give --per-organ`,
    );
  for (const note of noteOrgans(cases, organMap, labels)) options.warn?.(note);
  const context = { prediction, truth, inflate: inflateGzip, labels, map, organMap };
  return {
    masks,
    context: contextOf(options, masks, labelling),
    async score(some) {
      const scored = await scoreAll(some, context, options);
      return scored.map((each, i) => {
        const { files } = some[i]!;
        const file = files[0]?.prediction;
        return { scored: each, file: typeof file !== "string" || files.length > 1 ? null : file };
      });
    },
  };
}

async function checkNnunet(
  { comparable, labels }: ScoringContext,
  cases: readonly ScoredCase[],
  warn: ((text: string) => void) | undefined,
): Promise<SummaryCheck | undefined> {
  if (comparable === undefined) return undefined;
  const summary = await readNnunetSummary(openFolder(comparable));
  if (summary === undefined) return undefined;
  const path = join(comparable, SUMMARY_FILE);
  if (summary === "other") {
    warn?.(`"${path}" is no evaluation by nnU-Net: not compared`);
    return undefined;
  }
  const names = new Map(labels.map(({ id, name }) => [id, name]));
  const counted = cases.flatMap(({ scored, file }) => {
    if (file === null) return [];
    const ofLabels = scored.labels.map(({ id, counts }) => ({ id, name: names.get(id)!, counts }));
    return [{ prediction: file, labels: ofLabels }];
  });
  const check = checkSummary(summary, counted);
  if (check.differences.length > 0)
    warn?.(`"${path}" was made of other masks than these: ${describeDifferences(check)}`);
  return check;
}

/** Figures and files of cases that were scored. @throws HipError "disk" */
export async function finishScoring(
  context: ScoringContext,
  cases: readonly ScoredCase[],
  options: { readonly out?: string | undefined; readonly warn?: ((text: string) => void) | undefined },
): Promise<ScoredMasks> {
  const { labels, labelsFrom, mapping, convention, toleranceMm, inputs } = context;
  const { out, warn } = options;
  const summary = await checkNnunet(context, cases, warn);
  const metrics = aggregate(
    cases.map(({ scored }) => scored),
    { split: "unstated", labels, convention, toleranceMm },
  );
  const files =
    out === undefined
      ? []
      : await writeScores(out, { ...inputs, convention, toleranceMm }, metrics, labelsFrom);
  return { metrics, summary, labelsFrom, mapping, files };
}

/**
 * Scores predicted masks against true ones, case by case, on the grid that both must share.
 * @throws HipError "not-found", "usage" (labels or mapping), "bad-dataset" (nothing to pair), "bad-mask" (other grid,
 *   unknown label; several as one error with all of them), "unreadable-image", "disk"
 */
export async function scoreMasks(options: ScoreOptions): Promise<ScoredMasks> {
  const { masks, context, score } = await openScoring(options);
  return finishScoring(context, await score(masks.cases), options);
}
