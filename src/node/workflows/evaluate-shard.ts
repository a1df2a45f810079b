/** A share of `hipmri evaluate`: its cases judged, and kept for merge. */
import { z } from "zod";
import type { JoinOptions } from "../../report/judge.ts";
import { type JudgedCase, judgeCases } from "../../report/judged-case.ts";
import { openFolder } from "../folder.ts";
import { peakMb } from "../peak-memory.ts";
import { openShard, type ShardDone, type ShardRequest } from "../shard-store.ts";
import { measureCases } from "./case-sizes.ts";
import { type EvaluateOptions, type OpenedEvaluation, withEvaluation } from "./evaluate.ts";
import type { EvaluationContext } from "./evaluate-report.ts";
import { stampCases } from "./file-stamps.ts";

export const evaluateShardSchema = z.object({
  context: z.custom<EvaluationContext>((value) => typeof value === "object" && value !== null),
  joining: z.custom<JoinOptions>((value) => typeof value === "object" && value !== null),
  engine: z.string(),
  seconds: z.number(),
  peakMb: z.number(),
  /** In the order of the share's items. */
  judged: z.array(z.custom<JudgedCase>((value) => typeof value === "object" && value !== null)),
});
export type EvaluateShardResult = z.infer<typeof evaluateShardSchema>;

async function openEvaluateShard({ options, chosen, context }: OpenedEvaluation, request: ShardRequest) {
  const { cases } = chosen;
  const root = options.mask === undefined ? options.data : "";
  const sizes = await measureCases(
    openFolder(root),
    cases.map(({ files }) => files.map(({ image }) => image)),
  );
  const job = {
    verb: "evaluate",
    options: {
      data: options.data,
      "--mask": options.mask,
      "--layout": options.layout,
      "--split": context.split,
      "--convention": options.convention,
      "--tolerance": options.toleranceMm,
    },
    modelSha256: context.modelSha256,
    filesSha256: await stampCases(root, cases),
    items: cases.map(({ id }, i) => ({ id, size: sizes[i]! })),
  };
  return openShard(options.out, request, job);
}

/**
 * Judges a share of the cases that evaluate() would judge, and leaves OUT/shards/I-of-N.json for mergeEvaluation().
 * @throws HipError as evaluate() and openShard(). Then the shard has no result.
 */
export async function evaluateShard(options: EvaluateOptions, request: ShardRequest): Promise<ShardDone> {
  const started = performance.now();
  return withEvaluation(options, async (opened) => {
    const { predictor, chosen, data, engine, context, joining } = opened;
    const task = await openEvaluateShard(opened, request);
    if (task.isDone) return task.done;
    const cases = task.places.map((place) => chosen.cases[place]!);
    options.onProgress?.({ done: 0, total: cases.length, label: "Evaluating" });
    const judged: JudgedCase[] = [];
    await judgeCases(
      predictor,
      cases,
      { labels: data.index.labels, load: data.load },
      {
        distances: true,
        convention: joining.convention,
        toleranceMm: joining.toleranceMm,
        onCase(one, done) {
          judged.push(one);
          options.onProgress?.({ done, total: cases.length, label: one.scored.id });
        },
      },
    );
    opened.tellWarnings();
    const seconds = (performance.now() - started) / 1000;
    const result: EvaluateShardResult = { context, joining, engine, seconds, peakMb: peakMb(), judged };
    await task.write(result);
    return task.done;
  });
}
