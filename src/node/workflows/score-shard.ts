/** A share of `hipmri score`, and its shards merged. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { DATASET_JSON } from "../../dataset/dataset-json.ts";
import type { MaskRef } from "../../dataset/mask-pairs.ts";
import { inItemOrder, openShard, type ShardDone, type ShardRequest, type ShardSet } from "../shard-store.ts";
import { measureCases } from "./case-sizes.ts";
import { filesOfMask, stampFiles } from "./file-stamps.ts";
import {
  finishScoring,
  openScoring,
  type ScoredCase,
  type ScoredMasks,
  type ScoreOptions,
  type ScoringContext,
} from "./score.ts";

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;
const schema = z.object({
  context: z.custom<ScoringContext>(isObject),
  /** In the order of the share's items. */
  cases: z.array(z.custom<ScoredCase>(isObject)),
});

/** Of a mask in a file for each organ any of them is as large. */
const filesOf = (ref: MaskRef): readonly string[] =>
  typeof ref === "string" ? [ref] : ref.organs.slice(0, 1).map(({ file }) => file);

/**
 * Scores a share of the cases that scoreMasks() would score, and leaves OUT/shards/I-of-N.json for mergeScores().
 * @throws HipError as scoreMasks() and openShard(). Then the shard has no result.
 */
export async function scoreShard(
  options: ScoreOptions & { readonly out: string },
  request: ShardRequest,
): Promise<ShardDone> {
  const { masks, context, score } = await openScoring(options);
  const { truth, prediction } = masks;
  const sizes = await measureCases(
    truth.folder,
    masks.cases.map(({ files }) => files.flatMap(({ truth }) => filesOf(truth))),
  );
  const job = {
    verb: "score",
    options: {
      predictions: options.prediction,
      truth: options.truth,
      "--labels": options.labels,
      "--map": options.map,
      "--per-organ": options.perOrgan || undefined,
      "--convention": options.convention,
      "--tolerance": options.toleranceMm,
    },
    filesSha256: await stampFiles([
      ...[truth, prediction].map(({ path }) => join(path, DATASET_JSON)),
      ...masks.cases.flatMap(({ files }) =>
        files.flatMap((each) => [
          ...filesOfMask(truth.path, each.truth),
          ...filesOfMask(prediction.path, each.prediction),
        ]),
      ),
    ]),
    items: masks.cases.map(({ id }, i) => ({ id, size: sizes[i]! })),
  };
  const task = await openShard(options.out, request, job);
  if (task.isDone) return task.done;
  const cases = await score(task.places.map((place) => masks.cases[place]!));
  const { comparable } = context;
  // A whole path: shards may be merged from another folder.
  const kept = { ...context, comparable: comparable === undefined ? undefined : resolve(comparable) };
  const result: z.infer<typeof schema> = { context: kept, cases: [...cases] };
  await task.write(result);
  return task.done;
}

/** Writes OUT/metrics.json, OUT/figures and OUT/report.html as scoreMasks() of all cases does. @throws HipError "disk" */
export async function mergeScores({ out, files, warn }: ShardSet): Promise<ScoredMasks> {
  const results = files.map(({ result }) => schema.parse(result));
  const cases = inItemOrder(
    files,
    results.map((result) => result.cases),
  );
  const { context } = results[0]!;
  const { comparable } = context;
  if (comparable === undefined || existsSync(comparable)) return finishScoring(context, cases, { out, warn });
  warn?.(`"${comparable}" is gone: nnU-Net's own figures beside the predictions, if any, are not compared`);
  return finishScoring({ ...context, comparable: undefined }, cases, { out, warn });
}
