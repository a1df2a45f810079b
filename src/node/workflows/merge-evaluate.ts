/** The shards of `hipmri evaluate` made into one evaluation. */
import { formatDuration } from "../../core/duration.ts";
import { makeJudgement } from "../../report/judge.ts";
import { sha256Of } from "../sha256.ts";
import { inItemOrder, type ShardSet } from "../shard-store.ts";
import { type Evaluation, makeEvaluationReport, noteTestLook, writeEvaluation } from "./evaluate-report.ts";
import { type EvaluateShardResult, evaluateShardSchema } from "./evaluate-shard.ts";
import { readModelFile } from "./model-file.ts";

/** Notes that the test patients' figures are seen now, which needs the model as it was judged. */
async function noteLook({ context }: EvaluateShardResult, warn: ShardSet["warn"]): Promise<void> {
  if (context.testRun === undefined) return;
  const found = await readModelFile(context.modelPath).catch(() => undefined);
  if (found === undefined || sha256Of(found.bytes) !== context.modelSha256)
    warn?.(
      `this look at the test patients is not on record: "${context.modelPath}" is no longer the model that was judged`,
    );
  else await noteTestLook(context, found.bytes, warn);
}

/**
 * Writes OUT/metrics.json, OUT/figures and OUT/report.html as evaluate() of all cases does; the metrics are equal.
 * @throws HipError "disk"
 */
export async function mergeEvaluation({ out, files, warn }: ShardSet): Promise<Evaluation> {
  const results = files.map(({ result }) => evaluateShardSchema.parse(result));
  const [first] = results as [EvaluateShardResult, ...EvaluateShardResult[]];
  const { context, joining } = first;
  const judging = makeJudgement(joining);
  for (const judged of inItemOrder(
    files,
    results.map((result) => result.judged),
  ))
    judging.add(judged);
  const judgement = judging.result();
  await noteLook(first, warn);
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  const report = makeEvaluationReport(context, out, judgement, {
    engine: [...new Set(results.map(({ engine }) => engine))].join(", "),
    seconds,
    time: formatDuration(seconds),
    peakMb: Math.max(...results.map(({ peakMb }) => peakMb)),
    inShards: files.length === 1 ? "" : ` in ${files.length} shards together`,
  });
  return writeEvaluation(out, judgement.metrics, report);
}
