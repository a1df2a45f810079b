/** `hipmri evaluate`: a model judged on one split of a data folder. */
import { basename, join, resolve } from "node:path";
import { HipError } from "../../core/errors.ts";
import type { Split } from "../../core/split.ts";
import type { LayoutName } from "../../dataset/types.ts";
import type { ConventionName } from "../../metrics/conventions/types.ts";
import type { Metrics } from "../../metrics/types.ts";
import { makePredictor, type Predictor } from "../../predict/predictor.ts";
import { type Judgement, judge } from "../../report/judge.ts";
import { type RunReport, runReport } from "../../report/run-report.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { makeFolder, writeFileAtomic } from "../atomic.ts";
import { chooseRuntime } from "../device.ts";
import type { DeviceName } from "../device-names.ts";
import { checkOutFolder } from "../out-folder.ts";
import { formatDuration } from "../progress.ts";
import { RUN_FILES } from "../run-folder.ts";
import { commandLine } from "../shell.ts";
import { recordTestLook } from "../test-looks.ts";
import { VERSION } from "../version.ts";
import { checkSameLabels, type JudgedCases } from "./judged-cases.ts";
import { chooseKnownCases } from "./known-cases.ts";
import { readModelFile, sha256Of } from "./model-file.ts";
import { type OpenedData, openData } from "./open-data.ts";
import { type RunSource, readRunOf, threadsOf } from "./run-source.ts";

export interface EvaluateOptions {
  /** A run folder or a model.onnx. */
  readonly model: string;
  /** A data folder, or with `mask` a single image. */
  readonly data: string;
  /** The true labels of a single image. */
  readonly mask?: string | undefined;
  /** How the data folder is laid out; by default that is found. */
  readonly layout?: LayoutName | undefined;
  /** Default: test. */
  readonly split?: Split | "all" | undefined;
  readonly out: string;
  /** Whose rules; ours unless given. */
  readonly convention?: ConventionName | undefined;
  /** Of NSD; 2 unless given. */
  readonly toleranceMm?: number | undefined;
  /** Default: cpu. */
  readonly device?: DeviceName | undefined;
  /** Default: those of the run, else 2. */
  readonly threads?: number | undefined;
  /** Decoded cases kept in memory, in MiB. */
  readonly memoryMb?: number | undefined;
  readonly onProgress?: (progress: {
    readonly done: number;
    readonly total: number;
    /** The case that was done last; before the first, what is under way. */
    readonly label: string;
  }) => void;
  readonly warn?: (text: string) => void;
}

export interface Evaluation {
  readonly metrics: Metrics;
  /** Paths of everything that was written. */
  readonly files: readonly string[];
  readonly reportPath: string;
}

/** Slices in a batch of the figure "Dice over the batches" where no run says otherwise: the seed project's. */
const DEFAULT_BATCH_SIZE = 4;

/** A run's own metrics.json is of its validation split: it must not be replaced. */
function checkOut(out: string, run: RunSource | undefined): void {
  if (run === undefined || resolve(out) !== resolve(run.path)) return;
  throw new HipError("usage", `Cannot write the evaluation into the run folder "${out}" itself`, {
    hint: `Give another --out, for example "${join(out, "test")}"`,
  });
}

interface Work {
  readonly options: EvaluateOptions;
  readonly split: Split | "all";
  readonly run: RunSource | undefined;
  readonly chosen: JudgedCases;
  readonly data: OpenedData;
  readonly predictor: Predictor;
  readonly runtime: Runtime;
  readonly isSyntheticData: boolean;
  readonly modelPath: string;
  readonly modelSha256: string;
}

async function judgeCases({ options, chosen, data, predictor, run }: Work): Promise<Judgement> {
  const { cases, split } = chosen;
  options.onProgress?.({ done: 0, total: cases.length, label: "Evaluating" });
  const source = { labels: data.index.labels, load: data.load };
  return judge(predictor, cases, source, {
    split,
    seed: predictor.card.seed,
    batchSize: run?.config.batchSize ?? DEFAULT_BATCH_SIZE,
    distances: true,
    convention: options.convention,
    toleranceMm: options.toleranceMm,
    onCase: ({ done, total, id }) => options.onProgress?.({ done, total, label: id }),
  });
}

function makeReport(work: Work, judgement: Judgement, seconds: number): RunReport {
  const { options, split, run, predictor, runtime } = work;
  const volumes = judgement.metrics.cases.length;
  const which = options.mask === undefined ? ["--split", split] : ["--mask", options.mask];
  const rules = [
    ...(options.convention === undefined ? [] : ["--convention", options.convention]),
    ...(options.toleranceMm === undefined ? [] : ["--tolerance", `${options.toleranceMm}`]),
  ];
  const command = [
    "hipmri",
    "evaluate",
    options.model,
    options.data,
    ...which,
    ...rules,
    "--out",
    options.out,
  ];
  const { preset, unet, input } = predictor.card;
  return runReport({
    heading: "Evaluation",
    card: predictor.card,
    isSyntheticData: work.isSyntheticData,
    config: run?.config ?? { preset, unet, input },
    judged: [{ split, judgement }],
    log: [],
    facts: [
      { name: "Judged on", value: `${options.data}, split ${split}` },
      { name: "Engine", value: runtime.name },
      { name: "Time", value: `${formatDuration(seconds)}, ${(seconds / volumes).toFixed(2)} s a volume` },
      { name: "Peak memory", value: `${Math.round(process.resourceUsage().maxRSS / 1024)} MB` },
    ],
    reproduce: [
      commandLine(command),
      `${basename(work.modelPath)} sha256:${work.modelSha256}`,
      `hipmri-unet ${VERSION}, Node ${process.version}, ${runtime.name}`,
    ],
  });
}

/** Who has seen the test patients' figures may choose by them: the run keeps count. */
async function noteTestLook({ options, run, chosen, split }: Work, model: Uint8Array): Promise<void> {
  if (run === undefined || !chosen.cases.some(({ patient }) => run.patients.test.includes(patient))) return;
  const why = commandLine(["hipmri", "evaluate", options.model, options.data, "--split", split]);
  await recordTestLook(run.path, { by: "evaluate", why, model, warn: options.warn });
}

/** metrics.json comes last: where it is, all else is there too. */
async function writeEvaluation(out: string, metrics: Metrics, report: RunReport): Promise<Evaluation> {
  const files: string[] = [];
  const write = async (path: string, content: Uint8Array | string): Promise<void> => {
    await writeFileAtomic(path, content);
    files.push(path);
  };
  await makeFolder(join(out, "figures"));
  for (const { name, content } of report.figures) await write(join(out, "figures", name), content);
  const reportPath = join(out, RUN_FILES.report);
  await write(reportPath, report.html);
  await write(join(out, RUN_FILES.metrics), `${JSON.stringify(metrics, null, 2)}\n`);
  return { metrics, files, reportPath };
}

/**
 * Scores a model, with distances, on the patients of a split: those of RUN/split.json where the model lies in a run
 * folder, else those that the layout states or the card's seed draws. Writes OUT/metrics.json, OUT/figures and
 * OUT/report.html.
 * @throws HipError "not-found", "bad-model", "config"; "bad-dataset" where labels differ, the split is empty or the
 *   run does not know a patient; "usage" where OUT is the run folder; "disk". Then no metrics.json has been written.
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const started = performance.now();
  // A pair of files has no splits to choose from.
  const split = options.mask === undefined ? (options.split ?? "test") : "all";
  const model = await readModelFile(options.model);
  const run = await readRunOf(model.path);
  checkOut(options.out, run);
  await checkOutFolder(options.out);
  const threads = options.threads ?? threadsOf(run);
  const runtime = await chooseRuntime({ device: options.device, threads, warn: options.warn });
  const predictor = await makePredictor(runtime, model.bytes, model.path);
  try {
    const { labels, input } = predictor.card;
    const { mask } = options;
    const data = await openData(options.data, {
      memoryMb: options.memoryMb,
      layout: options.layout,
      orientation: input.orientation,
      pair: mask === undefined ? undefined : { mask, labels },
    });
    const request = { index: data.index, split, run, card: predictor.card, modelPath: model.path };
    checkSameLabels(request);
    const chosen = await chooseKnownCases({ ...request, load: data.load });
    const warnings = new Set([...data.index.warnings, ...chosen.warnings]);
    for (const warning of warnings) options.warn?.(warning);
    const isSyntheticData = data.isSynthetic;
    const modelSha256 = sha256Of(model.bytes);
    const work: Work = {
      options,
      split,
      run,
      chosen,
      data,
      predictor,
      runtime,
      isSyntheticData,
      modelPath: model.path,
      modelSha256,
    };
    const judgement = await judgeCases(work);
    await noteTestLook(work, model.bytes);
    for (const warning of data.caseWarnings()) options.warn?.(warning);
    // What the cache met while it read.
    for (const warning of data.warnings()) if (!warnings.has(warning)) options.warn?.(warning);
    const report = makeReport(work, judgement, (performance.now() - started) / 1000);
    return await writeEvaluation(options.out, judgement.metrics, report);
  } finally {
    await predictor.dispose();
  }
}
