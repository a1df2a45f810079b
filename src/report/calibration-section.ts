/** Whether a model's probabilities can be taken at their word: ECE and reliability, in the report. */
import { type Calibration, LEAST_PROBABILITY } from "../metrics/calibration.ts";
import { labelHex } from "../plot/colours.ts";
import { reliabilityFigure } from "../plot/reliability.ts";
import { escapeXml } from "../plot/svg.ts";
import { formatNumber } from "./format.ts";
import type { RunFigure } from "./run-figures.ts";

/** From here on a label's probabilities are off by so much that a user should know before using them. */
const NOTABLE = 0.05;

/** @param who e.g. "Test patients"; @param split for the file's name */
export function calibrationFigure(calibration: Calibration, who: string, split: string): RunFigure {
  const title = `${who}: reliability by label`;
  return {
    name: `${split}-reliability`,
    title,
    caption:
      "Of all voxels that the model gives a label with a certain probability, the share that is that label. On the diagonal " +
      "the probabilities are what they claim; under it the model is too sure.",
    svg: reliabilityFigure(calibration, { title, leastProbability: LEAST_PROBABILITY }),
  };
}

function conclude({ labels }: Calibration): string {
  const known = labels.filter(({ ece }) => ece !== null);
  if (known.length === 0) return "No voxel was given a label, so there is nothing to judge.";
  const worst = known.reduce((most, label) => (label.ece! > most.ece! ? label : most));
  const off = `the probabilities of ${worst.name} are off by ${formatNumber(worst.ece, 3)} on average, the most of all labels`;
  return worst.ece! < NOTABLE
    ? `Nearly calibrated: ${off}.`
    : `Mind: ${off}; do not read them as frequencies, nor set thresholds by them unchecked.`;
}

/** @param figure the figure as HTML */
export function calibrationSection(calibration: Calibration, who: string, figure: string): string {
  const row = (swatch: string, name: string, ece: number | null): string =>
    `<tr><th scope="row">${swatch}${escapeXml(name)}</th><td>${formatNumber(ece, 3)}</td></tr>`;
  const rows = calibration.labels.map(({ id, name, ece }) =>
    row(`<span class="swatch" style="background:${labelHex(id)}"></span>`, name, ece),
  );
  return (
    `<section><h2>${escapeXml(who)}: calibration</h2><p>${escapeXml(conclude(calibration))} ECE 0 is perfect: of the voxels ` +
    "given a label with probability 0.8, eight in ten are that label.</p>" +
    `<div class="figures"><div class="scroll narrow"><table><thead><tr><th scope="col">Label</th><th scope="col">ECE</th></tr></thead>` +
    `<tbody>${rows.join("")}${row("", "most probable label", calibration.ece)}</tbody></table></div>${figure}</div>` +
    `<p class="note">${escapeXml(calibration.convention)}.</p></section>`
  );
}
