/** The card of a model in the terminal: what it is, how good it was found, what to mind. */
import { wrapText } from "../core/text.ts";
import type { ModelInfo } from "../node/workflows/info.ts";
import { describeSizes } from "../predict/card-limits.ts";
import type { CardMetrics } from "../predict/card-parts.ts";
import {
  describeCounts,
  describeInference,
  describeIntensities,
  describeSlices,
  describeTrainedOn,
  formatInterval,
  formatScore,
  NO_FIGURE,
  VALIDATION_CAVEAT,
} from "../predict/card-text.ts";
import { alignColumns, alignRows } from "./layout.ts";

type Row = readonly [name: string, value: string | readonly string[]];

/** Beside the names, within a terminal of 100 columns. */
const WIDTH = 86;
const wrapped = (text: string): readonly string[] => wrapText(text, WIDTH);

function whatItIs({ path, bytes, version, format, preset, unet, labels }: ModelInfo): readonly Row[] {
  return [
    ["Model", `${path} (${Math.ceil(bytes / 1000).toLocaleString("en")} kB)`],
    ["Version", `hipmri-unet ${version}, card format ${format}`],
    ["Network", `${preset}: ${unet.levels} levels, base ${unet.baseWidth}, ${unet.normalisation} norm`],
    ["Labels", wrapped(labels.map(({ id, name }) => `${id} ${name}`).join(", "))],
  ];
}

function howImagesCome(info: ModelInfo): readonly Row[] {
  const { input } = info;
  const { canvas, mode } = input;
  return [
    ["Slices", wrapped(describeSlices(input))],
    ["Values", describeIntensities(input)],
    ["Canvas", `${canvas.width} x ${canvas.height} (${mode})`],
    ["Applied as", wrapped(describeInference(info))],
  ];
}

function whatItLearntFrom(info: ModelInfo): readonly Row[] {
  const { patients, data, steps, seed, licence } = info;
  return [
    ["Trained on", wrapped(describeTrainedOn(info))],
    ["Patients", `${patients.train} train, ${patients.validate} validate, ${patients.test} test`],
    ...(data?.spacingMm == null ? [] : ([["Pixels", describeSizes(data.spacingMm)]] as const)),
    ["Training", `${steps} steps, seed ${seed}`],
    ["Licence", licence === null ? "of the training data: not stated" : `of the training data: ${licence}`],
  ];
}

function howGood({ split, ...metrics }: CardMetrics): readonly Row[] {
  const rows = metrics.labels.map((label) => [
    label.name,
    formatScore(label.dicePerVolume),
    formatInterval(label.ci95DicePerVolume),
    label.hd95Mm === null ? NO_FIGURE : label.hd95Mm.toFixed(1),
    `${label.missed}`,
    `${label.falseAlarms}`,
  ]);
  const all = [
    "all labels",
    formatScore(metrics.foregroundMeanDice),
    formatInterval(metrics.ci95),
    "",
    "",
    "",
  ];
  const head = [describeCounts({ split, ...metrics }), "Dice", "95 %", "HD95 mm", "missed", "false alarms"];
  return [
    [split === "test" ? "Test" : "Validation", alignColumns([head, ...rows, all])],
    ...(split === "test" ? [] : ([["", wrapped(VALIDATION_CAVEAT)]] as const)),
  ];
}

function figures({ metrics, validation, testSeen }: ModelInfo): readonly Row[] {
  const dice = validation.foregroundMeanDice;
  const early: readonly Row[] = [
    ["Validation", dice === null ? "no figure" : `foreground mean Dice ${dice.toFixed(4)}, while training`],
    ["", wrapped(validation.convention)],
  ];
  const isMarked = testSeen.during === "training" || testSeen.during === "selection";
  return [
    ...(metrics.length === 0 ? early : metrics.flatMap(howGood)),
    ...[...new Set(metrics.map(({ convention }) => convention))].map(
      (text) => ["Measured", wrapped(text)] as const,
    ),
    [isMarked ? "MIND" : "Test data", wrapped(testSeen.note)],
  ];
}

function whatToMind({ limits, intendedUse, sha256, data, hasKnownAnswer }: ModelInfo): readonly Row[] {
  return [
    ...(limits.length === 0
      ? []
      : ([["Limits", limits.flatMap((text) => wrapText(`- ${text}`, WIDTH))]] as const)),
    ["Use", wrapped(intendedUse)],
    ["SHA-256", sha256],
    ["Self-test", hasKnownAnswer ? "yes, with a known answer" : "none: it carries no known answer"],
    ...(data === null ? [] : ([["Data", data.digest]] as const)),
  ];
}

/** Groups with an empty line between them, aligned as one. */
export function modelText(info: ModelInfo): string {
  const groups = [whatItIs, howImagesCome, whatItLearntFrom, figures, whatToMind];
  const rows = groups.flatMap((group, i): readonly Row[] => [
    ...(i === 0 ? [] : [["", ""] as const]),
    ...group(info),
  ]);
  return alignRows(rows);
}
