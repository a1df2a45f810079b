/** The networks of all folds as one model.onnx: the mean of their probabilities, taken inside the graph. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HipError } from "../../core/errors.ts";
import type { Metrics } from "../../metrics/types.ts";
import { readModelMetadata } from "../../onnx/model.ts";
import { PASSPORT_KEY } from "../../passport/read.ts";
import { type ModelCard, readModelCard } from "../../predict/card.ts";
import { cardMarkdown } from "../../predict/card-markdown.ts";
import { exportModel, specifyNetworkOf, type Weights } from "../../predict/export.ts";
import { withKnownAnswer } from "../../predict/known-answer.ts";
import { cardMetrics } from "../../report/card-metrics.ts";
import { storedWeights } from "../../train/finetune.ts";
import { makeFolder, writeFileAtomic } from "../atomic.ts";
import { readWholeFile } from "../files.ts";
import { RUN_FILES } from "../run-folder.ts";
import { makeNodeRuntime } from "../runtime.ts";
import { sha256Of } from "../sha256.ts";

/** Who was learnt from and who judged: all patients were both, but no patient judged a network that knew him or her. */
function ensembleCard(cards: readonly ModelCard[], metrics: Metrics, tested: Metrics | undefined): ModelCard {
  const [first] = cards;
  const all = (of: (card: ModelCard) => readonly string[]): readonly string[] =>
    [...new Set(cards.flatMap(of))].sort();
  const data =
    first!.data === null
      ? null
      : {
          ...first!.data,
          cases: {
            train: all(({ data }) => data?.cases.train ?? []),
            validate: [],
            test: all(({ data }) => data?.cases.test ?? []),
          },
        };
  const { train, validate, test } = first!.patients;
  return {
    ...first!,
    data,
    patients: { train: train + validate, validate: 0, test },
    inference: {
      ...first!.inference,
      networks: cards.length,
      // Only what every fold found better.
      keepLargest: first!.inference.keepLargest.filter((id) =>
        cards.every(({ inference }) => inference.keepLargest.includes(id)),
      ),
    },
    trainedOn: `${first!.trainedOn} in each of ${cards.length} folds`,
    validation: {
      foregroundMeanDice: metrics.foregroundMean,
      convention: `${metrics.convention}. Out of fold: each patient by the one network that did not learn from him or her${tested === undefined ? "; the ensemble of all was judged on nobody" : ""}`,
    },
    metrics: [
      cardMetrics(metrics, "validate"),
      ...(tested === undefined ? [] : [cardMetrics(tested, "test")]),
    ],
    limits: [
      ...first!.limits,
      tested === undefined
        ? `The figures are of single networks, ${cards.length} in all; their ensemble is expected to do as well or better, which nobody has measured here`
        : `The validation figures are of single networks, ${cards.length} in all; those of the test patients are of their ensemble`,
    ],
  };
}

/** @throws HipError "bad-model" where the networks of the folds differ, so that one graph cannot hold them */
function checkAlike(cards: readonly ModelCard[], runs: readonly string[]): void {
  const kind = ({ unet, input, labels }: ModelCard): string => JSON.stringify([unet, input, labels]);
  const other = cards.findIndex((card) => kind(card) !== kind(cards[0]!));
  if (other < 0) return;
  throw new HipError(
    "bad-model",
    `Cannot join the folds: the networks of "${runs[0]}" and "${runs[other]}" must be alike`,
    { hint: "Start anew with --overwrite" },
  );
}

/** Writes OUT/model.onnx, its card, and the config.json and split.json that tell what it learnt from. @returns the model's path */
export async function writeEnsemble({
  out,
  runs,
  metrics,
  test,
}: {
  readonly out: string;
  readonly runs: readonly string[];
  readonly metrics: Metrics;
  /** Of the ensemble itself, where it was judged. */
  readonly test: Metrics | undefined;
}): Promise<string> {
  const cards: ModelCard[] = [];
  const weights: Weights[] = [];
  let passport: Readonly<Record<string, string>> = {};
  for (const run of runs) {
    const path = join(run, RUN_FILES.model);
    const bytes = await readWholeFile(path);
    const card = readModelCard(bytes, path);
    cards.push(card);
    // Their scores are calibrated there, each by its own temperature.
    weights.push(storedWeights({ bytes, name: path }, specifyNetworkOf(card)));
    const known = readModelMetadata(bytes)?.[PASSPORT_KEY];
    if (known !== undefined && cards.length === 1) passport = { [PASSPORT_KEY]: known };
  }
  checkAlike(cards, runs);
  const card = ensembleCard(cards, metrics, test);
  const bytes = await withKnownAnswer(
    makeNodeRuntime({ threads: 1 }),
    exportModel(card, specifyNetworkOf(card), weights, passport),
    RUN_FILES.model,
  );
  await makeFolder(out);
  const path = join(out, RUN_FILES.model);
  await writeFileAtomic(path, bytes);
  const modelSha256 = sha256Of(bytes);
  await writeFileAtomic(join(out, RUN_FILES.card), cardMarkdown(card, { modelSha256 }));
  const config = JSON.parse(await readFile(join(runs[0]!, RUN_FILES.config), "utf8")) as {
    readonly split: object;
  };
  const split = JSON.parse(await readFile(join(runs[0]!, RUN_FILES.split), "utf8")) as Record<
    "train" | "validate" | "test",
    readonly string[]
  >;
  const learnt = [...split.train, ...split.validate].sort();
  const own = { ...config, split: { ...config.split, folds: null, fold: null } };
  await writeFileAtomic(join(out, RUN_FILES.config), `${JSON.stringify(own, null, 2)}\n`);
  const patients = { train: learnt, validate: [], test: split.test };
  await writeFileAtomic(join(out, RUN_FILES.split), `${JSON.stringify(patients, null, 2)}\n`);
  return path;
}
