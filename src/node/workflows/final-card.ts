/** The card of a finished model: what training found out, written into model.onnx and beside it for people. */
import { join } from "node:path";
import type { Metrics } from "../../metrics/types.ts";
import { replaceMetadata } from "../../onnx/model.ts";
import { cardMetadata, type ModelCard } from "../../predict/card.ts";
import { cardMarkdown } from "../../predict/card-markdown.ts";
import { withKnownAnswer } from "../../predict/known-answer.ts";
import { cardMetrics } from "../../report/card-metrics.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { writeFileAtomic } from "../atomic.ts";
import { RUN_FILES, type RunFolder } from "../run-folder.ts";
import { sha256Of } from "../sha256.ts";
import { recordTestLook, testSeenOfRun } from "../test-looks.ts";
import type { Prepared } from "./prepare.ts";

export interface FinalCardOptions {
  readonly run: RunFolder;
  /** model.onnx as it is in the folder. */
  readonly model: { readonly bytes: Uint8Array; readonly card: ModelCard };
  readonly prepared: Pick<Prepared, "card" | "metadata">;
  /** Finds the known answer, on the CPU. */
  readonly runtime: Runtime;
  readonly validate: Metrics;
  /** Where the test split was judged. */
  readonly test: Metrics | undefined;
  readonly warn: (text: string) => void;
}

/**
 * Writes model.onnx with its whole card, test-metrics.json where there is a test, and model-card.md. A look at the
 * test patients is on record before its figures are anywhere. Equal runs give equal bytes, however often it is called.
 * @throws HipError "disk"
 */
export async function writeFinalCard(options: FinalCardOptions): Promise<ModelCard> {
  const { run, model, prepared, runtime, validate, test, warn } = options;
  const { data, licence, limits, patients } = prepared.card;
  const { steps } = model.card;
  const measured = [
    cardMetrics(validate, "validate"),
    ...(test === undefined
      ? model.card.metrics.filter(({ split }) => split === "test")
      : [cardMetrics(test, "test")]),
  ];
  const testSeen = await testSeenOfRun(run.path, { steps, testPatients: patients.test });
  const card: ModelCard = { ...model.card, data, licence, limits, metrics: measured, testSeen };
  const bytes = await withKnownAnswer(
    runtime,
    replaceMetadata(model.bytes, { ...prepared.metadata, ...cardMetadata(card) }),
    RUN_FILES.model,
  );
  if (test !== undefined) {
    const why = "hipmri train --test, once at the end of training";
    await recordTestLook(run.path, { by: "train", why, model: bytes, warn });
  }
  await run.writeModel(bytes);
  if (test !== undefined) {
    const path = join(run.path, RUN_FILES.testMetrics);
    await writeFileAtomic(path, `${JSON.stringify(test, null, 2)}\n`);
  }
  const modelSha256 = sha256Of(bytes);
  await run.writeCard(cardMarkdown(card, { modelSha256 }));
  return card;
}
