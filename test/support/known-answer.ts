/** Whether a model that was kept carries a known answer of its own. */
import { readModelMetadata } from "../../src/onnx/model.ts";
import { readModelCard } from "../../src/predict/card.ts";
import { type AnswerCheck, checkKnownAnswer, readKnownAnswer } from "../../src/predict/known-answer.ts";
import { runtime } from "./check.ts";

/** undefined where it carries none. */
export async function checkOwnAnswer(bytes: Uint8Array): Promise<AnswerCheck | undefined> {
  const card = readModelCard(bytes, "model.onnx");
  const answer = readKnownAnswer(readModelMetadata(bytes)!, card, "model.onnx");
  if (answer === undefined) return undefined;
  const program = await runtime.load(bytes);
  try {
    return await checkKnownAnswer(program, card, answer);
  } finally {
    await program.dispose();
  }
}
