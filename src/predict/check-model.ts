/** Whether a file of unknown origin is a model of ours: asked before it is given to a runtime. */
import { HipError } from "../core/errors.ts";
import { counted } from "../core/text.ts";
import { inspectModel, type ModelInspection } from "../onnx/inspect-model.ts";
import { type ModelCard, notAModel, parseModelCard } from "./card.ts";

export interface CheckModelOptions {
  /** Of the file; 512 MiB unless given. */
  readonly mostBytes?: number;
}

/** Where card and graph speak of other numbers, the results would be read wrongly. */
function contradictions(card: ModelCard, { channels, classes }: ModelInspection): string[] {
  const { unet, labels } = card;
  return [
    ...(channels === undefined || channels === unet.inChannels
      ? []
      : [`the image has ${counted(channels, "channel")}, the card says ${unet.inChannels}`]),
    ...(classes === undefined || classes === unet.classes
      ? []
      : [`the scores are of ${counted(classes, "label")}, the card says ${unet.classes}`]),
    ...(labels.length === unet.classes ? [] : [`the card names ${labels.length} labels of ${unet.classes}`]),
  ];
}

/**
 * Checks a model that somebody hands over, whatever its name says; nothing of it is run.
 * @returns its card
 * @throws HipError "bad-model" that lists everything that is not as in models of hipmri
 */
export function checkModel(bytes: Uint8Array, name: string, options: CheckModelOptions = {}): ModelCard {
  const found = inspectModel(bytes, options);
  if (found === undefined) throw notAModel(name);
  const problems = [...found.problems];
  let card: ModelCard | undefined;
  if (found.metadata !== undefined) {
    try {
      card = parseModelCard(found.metadata, name);
      problems.push(...contradictions(card, found));
    } catch (error) {
      // Where the card is all that is wrong, it says it best itself.
      if (problems.length === 0 || !(error instanceof HipError)) throw error;
      problems.push("it carries no card that this version reads");
    }
  }
  if (card !== undefined && problems.length === 0) return card;
  throw new HipError(
    "bad-model",
    `Cannot use "${name}": it is not as hipmri writes models, and was not run`,
    {
      hint: "Give a model.onnx that hipmri trained or rounded, and a newer version of hipmri where a newer one wrote it",
      problems,
    },
  );
}
