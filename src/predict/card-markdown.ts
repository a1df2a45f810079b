/** A model's card as a page for people who were not there when it was trained. */
import { counted } from "../core/text.ts";
import type { ModelCard } from "./card.ts";
import { describeSizes } from "./card-limits.ts";
import type { CardMetrics } from "./card-parts.ts";
import {
  describeCounts,
  describeInference,
  describeIntensities,
  describeSlices,
  describeTrainedOn,
  foregroundNames,
  formatInterval,
  formatScore,
  NO_FIGURE,
  VALIDATION_CAVEAT,
} from "./card-text.ts";

/** Names and licences come from files of unknown origin. */
const plain = (text: string): string => text.replace(/\s+/g, " ").replace(/[\\`*<|[\]]/g, "\\$&");

const bullets = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join("\n");

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, column) => (column === 0 ? "---" : "--:"));
  return [head, rule, ...rows].map(line).join("\n");
}

function purpose(card: ModelCard): string {
  const { unet, preset } = card;
  const names = foregroundNames(card).map(plain).join(", ");
  return [
    "## What it does",
    `Marks ${names} in medical images, slice by slice, and gives each voxel one label. It is a 2D U-Net (preset \`${preset}\`: ${counted(unet.levels, "level")}, ${unet.baseWidth} channels in the first, ${unet.normalisation} normalisation).`,
    table(
      ["Label", "Value in the mask", "Channel of the network"],
      card.labels.map(({ id, name }, channel) => [plain(name), `${id}`, `${channel}`]),
    ),
  ].join("\n\n");
}

function preparation(card: ModelCard): string {
  const { input, unet } = card;
  const { canvas, mode } = input;
  const fit =
    mode === "pad"
      ? `centred on a canvas, in training ${canvas.width} x ${canvas.height} pixels; larger images are cut into tiles of that size`
      : `stretched to ${canvas.width} x ${canvas.height} pixels`;
  return [
    "## How images must come",
    "`hipmri predict` does all of this by itself; any other tool has to do the same:",
    bullets([
      `Slices: ${describeSlices(input)}.`,
      `Grey values: ${describeIntensities(input)}.`,
      `Size: ${fit}.`,
      `Network: input \`image\`, float32 [batch, ${unet.inChannels}, height, width]; output \`logits\`, float32 [batch, ${unet.classes}, height, width]${unet.padding === "same" ? "" : " (smaller than the input: convolutions are unpadded)"}. The channel with the largest value is the label.`,
      `Within the model and after it: ${plain(describeInference(card))}.`,
    ]),
  ].join("\n\n");
}

function provenance(card: ModelCard): string {
  const { patients, data, licence, seed, steps } = card;
  return [
    "## What it was trained on",
    bullets([
      `Data: ${plain(describeTrainedOn(card))}.`,
      `Patients: ${patients.train} to learn from, ${patients.validate} to choose the best epoch by, ${patients.test} kept for a test. No patient is in two of these.`,
      ...(data === null
        ? []
        : [
            `Images learnt from: ${counted(data.cases.train.length, "volume")}, ${counted(data.trainingSlices, "slice")}.`,
          ]),
      ...(data?.spacingMm == null ? [] : [`Pixels of these: ${describeSizes(data.spacingMm)}.`]),
      `Licence of the training data: ${licence === null ? "not stated" : plain(licence)}.`,
      `Training: ${steps} steps, seed ${seed}.`,
    ]),
  ].join("\n\n");
}

function describeInterval({ ci95 }: CardMetrics): string {
  return ci95 === null ? "an interval needs two patients or more" : `95 % interval ${formatInterval(ci95)}`;
}

function judged(metrics: CardMetrics): string {
  const isTest = metrics.split === "test";
  const mean = `Mean Dice over the labels: **${formatScore(metrics.foregroundMeanDice)}** (${describeInterval(metrics)}).`;
  return [
    `### ${isTest ? "Test" : "Validation"}: ${describeCounts(metrics)}`,
    ...(isTest ? [] : [`${VALIDATION_CAVEAT}.`]),
    mean,
    table(
      ["Label", "Dice per volume", "95 % interval", "HD95 mm", "Missed", "False alarms"],
      metrics.labels.map((label) => [
        plain(label.name),
        formatScore(label.dicePerVolume),
        formatInterval(label.ci95DicePerVolume),
        label.hd95Mm === null ? NO_FIGURE : label.hd95Mm.toFixed(1),
        `${label.missed}`,
        `${label.falseAlarms}`,
      ]),
    ),
  ].join("\n\n");
}

function performance({ metrics, testSeen, validation }: ModelCard): string {
  const isTested = metrics.some(({ split }) => split === "test");
  const seen = `${testSeen.note}.`;
  const early = `Validation while training: mean Dice ${formatScore(validation.foregroundMeanDice)}. ${plain(validation.convention)}.`;
  return [
    "## How good it is",
    ...(metrics.length === 0 ? [early] : metrics.map(judged)),
    ...[...new Set(metrics.map(({ convention }) => convention))].map(
      (text) =>
        `How it was measured: ${plain(text)}. A dash stands for what is not defined: no volume with that label, or fewer than two patients.`,
    ),
    ...(isTested ? [] : ["### Test", "Not measured when this card was written: `hipmri evaluate` does it."]),
    ...(isTested ? ["### Were the test patients kept apart?"] : []),
    testSeen.during === "training" || testSeen.during === "selection" ? `**Mind: ${seen}**` : seen,
  ].join("\n\n");
}

function use({ intendedUse, limits }: ModelCard): string {
  return [
    "## Limits",
    limits.length === 0 ? "The model does not state any." : bullets(limits.map((text) => `${plain(text)}.`)),
    "## What it is for, and what not",
    `${plain(intendedUse)}. Nobody has tested or approved it for use on patients: its masks must not decide, nor help to decide, how anybody is treated.`,
    "## How to run it",
    "```sh\nhipmri predict model.onnx IMAGE.nii.gz --out masks\nhipmri evaluate model.onnx DATA --out judged\n```",
  ].join("\n\n");
}

function identity({ version, data }: ModelCard, modelSha256: string | undefined): string {
  return [
    "## To tell it again",
    bullets([
      ...(modelSha256 === undefined ? [] : [`SHA-256 of model.onnx: \`${modelSha256}\``]),
      ...(data === null
        ? ["The model does not say by content which images it learnt from."]
        : [
            `Digest of the images and masks: \`${data.digest}\``,
            "The model holds a short hash of every image, by which `hipmri evaluate` finds those that it learnt from. Names of patients are not in it.",
          ]),
      `Written by hipmri-unet ${version}.`,
    ]),
  ].join("\n\n");
}

/** @param options.modelSha256 of the file that holds the card, in hexadecimal */
export function cardMarkdown(card: ModelCard, options: { readonly modelSha256?: string } = {}): string {
  const notice = card.synthetic
    ? "> **Trained on SYNTHETIC images. Not a medical device.** A demonstration: its masks of real scans mean nothing."
    : "> **Not a medical device.** For research only, not for diagnosis or treatment.";
  return `${[
    `# Model card: ${foregroundNames(card).map(plain).join(", ")}`,
    notice,
    purpose(card),
    preparation(card),
    provenance(card),
    performance(card),
    use(card),
    identity(card, options.modelSha256),
  ].join("\n\n")}\n`;
}
