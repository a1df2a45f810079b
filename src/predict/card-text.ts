/** Phrases of a model's card that the terminal and the Markdown share. */
import { counted } from "../core/text.ts";
import { planeOf } from "../volume/orient.ts";
import type { ModelCard } from "./card.ts";
import type { CardMetrics } from "./card-parts.ts";

const number = (value: number): string => String(Number(value.toPrecision(7)));

/** How well is found what has no figure. */
export const NO_FIGURE = "-";

/** "0.831"; a dash where there is none. */
export function formatScore(value: number | null): string {
  return value === null ? NO_FIGURE : value.toFixed(3);
}

/** "0.790-0.871"; a dash of fewer than two patients. */
export function formatInterval(interval: CardMetrics["ci95"]): string {
  return interval === null ? NO_FIGURE : `${interval[0].toFixed(3)}-${interval[1].toFixed(3)}`;
}

/** "4 patients, 11 volumes" */
export function describeCounts({ patients, volumes }: CardMetrics): string {
  return `${counted(patients, "patient")}, ${counted(volumes, "volume")}`;
}

/** In which plane and at which pixel size images are brought to the network. */
export function describeSlices({ orientation, spacingMm, neighbours }: ModelCard["input"]): string {
  const plane =
    orientation === null ? "plane not known: 2D images only" : `${planeOf(orientation)} (${orientation})`;
  const size =
    spacingMm === null
      ? "pixels as they come"
      : `pixels of ${number(spacingMm.width)} x ${number(spacingMm.height)} mm`;
  const more = neighbours === 0 ? "" : `, with ${counted(neighbours, "neighbouring slice")} on either side`;
  return `${plane}, ${size}${more}`;
}

/** What model.onnx does beyond one pass of one network, and what follows it. */
export function describeInference({ inference, labels }: Pick<ModelCard, "inference" | "labels">): string {
  const { mirrored, networks, temperature, precision, keepLargest } = inference;
  const nameOf = (id: number): string => labels.find((label) => label.id === id)?.name ?? `${id}`;
  return [
    networks === 1 ? "one network" : `mean probability of ${networks} networks`,
    ...(precision === "int8" ? ["in 8-bit integers"] : []),
    ...(mirrored.length === 0 ? [] : [`mirrored copies along ${mirrored.join(" and ")} averaged`]),
    ...(temperature === null
      ? []
      : [
          networks === 1
            ? `scores divided by ${number(temperature)} (calibrated on validation patients)`
            : "scores of each calibrated on validation patients",
        ]),
    ...(keepLargest.length === 0
      ? []
      : [`then only the largest component in a volume of ${keepLargest.map(nameOf).join(", ")}`]),
  ].join("; ");
}

/** What is done to grey values. */
export function describeIntensities({ normalise, over }: ModelCard["input"]): string {
  return normalise === "none"
    ? "taken as they are"
    : `brought to mean 0 and standard deviation 1 over each ${over}`;
}

export function describeTrainedOn({ synthetic, trainedOn }: ModelCard): string {
  return `${synthetic ? "SYNTHETIC data: " : ""}${trainedOn}`;
}

/** As the model's labels but for the background. */
export function foregroundNames({ labels }: ModelCard): readonly string[] {
  return labels.filter(({ id }) => id !== 0).map(({ name }) => name);
}

/** Of figures on the patients that the best epoch was chosen by. */
export const VALIDATION_CAVEAT =
  "The best epoch was chosen by the validation patients: on new patients expect somewhat less";
