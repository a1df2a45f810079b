/** The report of a run or of an evaluation, with the files of its figures: text and bytes only, no folder. */
import type { Split } from "../core/split.ts";
import { contactSheet } from "../plot/contact-sheet.ts";
import { rasterToPng, toBase64 } from "../plot/png.ts";
import type { ModelCard } from "../predict/card.ts";
import { makeCanvas } from "../predict/fit.ts";
import { calibrationFigure, calibrationSection } from "./calibration-section.ts";
import { GALLERY_SCRIPT, gallerySection } from "./gallery.ts";
import type { Judgement } from "./judge.ts";
import { networkDiagram } from "./network-diagram.ts";
import { figureHtml, type ReportFigure, type ReportInput, reportHtml } from "./report.ts";
import {
  curveFigures,
  type FigureContext,
  markFigure,
  type Provenance,
  type RunFigure,
  SPLIT_NAMES,
  splitFigures,
  withNotice,
} from "./run-figures.ts";
import type { LogLine } from "./run-log.ts";
import { SEED_HEADING, seedFigure, seedSection } from "./seed-section.ts";
import { summarySentences } from "./summary.ts";

/** One split that the model was judged on. */
export interface JudgedSplit {
  readonly split: Split | "all";
  readonly judgement: Judgement;
}

export interface RunReportInput {
  /** What was done, e.g. "Training run"; the preset, and that data are synthetic, are added. */
  readonly heading: string;
  readonly card: ModelCard;
  /** Whether the judged images come from a phantom. */
  readonly isSyntheticData: boolean;
  readonly config: ReportInput["config"];
  /** In the order of the report. */
  readonly judged: readonly JudgedSplit[];
  /** Of training; empty where there is none. */
  readonly log: readonly LogLine[];
  /** Time, memory, engine: what the card does not know. */
  readonly facts: ReportInput["facts"];
  /** Command lines. */
  readonly reproduce: readonly string[];
}

export interface ReportFile {
  /** Plain file name, ending in .svg or .png. */
  readonly name: string;
  readonly content: string | Uint8Array;
}

export interface RunReport {
  readonly html: string;
  readonly figures: readonly ReportFile[];
}

/** A figure of the page and the file beside it. */
interface FiledFigure extends ReportFigure {
  readonly file: ReportFile;
}

function provenanceOf({ card, isSyntheticData }: RunReportInput): Provenance {
  if (isSyntheticData) return { stamp: "SYNTHETIC data", notice: "SYNTHETIC images (digital phantom)." };
  if (!card.synthetic) return { stamp: "", notice: "" };
  return {
    stamp: "SYNTHETIC training",
    notice: "The model learnt from SYNTHETIC images (digital phantom).",
  };
}

function sheetFigure(
  { split, judgement }: JudgedSplit,
  { labels, provenance }: FigureContext,
): FiledFigure[] {
  if (judgement.rows.length === 0) return [];
  const { stamp } = provenance;
  const rows = judgement.rows.map((row) => ({
    ...row,
    title: stamp === "" ? row.title : `${row.title} (${stamp})`,
  }));
  const png = rasterToPng(contactSheet(rows, { labels: labels.filter(({ id }) => id !== 0) }));
  return [
    {
      title: `${SPLIT_NAMES[split]} patients: images, truth and prediction`,
      caption: withNotice(
        provenance,
        "The first volume in file order, then the best, median and worst by mean foreground Dice; of each the slice " +
          "whose truth has the most labels and, among these, the largest smallest label.",
      ),
      pngBase64: toBase64(png),
      file: { name: `${split}-contact-sheet.png`, content: png },
    },
  ];
}

function diagramFigure({ unet, input, preset }: ModelCard): FiledFigure {
  const size = makeCanvas(unet, input.canvas).input;
  const title = `Network: U-Net "${preset}"`;
  const svg = networkDiagram(unet, size, title);
  return {
    title,
    caption: `Drawn from the training graph, for an input of ${size.height} x ${size.width} pixels (height x width).`,
    svg,
    file: { name: "network.svg", content: svg },
  };
}

function allFigures(input: RunReportInput): FiledFigure[] {
  const context: FigureContext = { labels: input.card.labels, provenance: provenanceOf(input) };
  const charts = [
    ...curveFigures(input.log, context),
    ...input.judged.flatMap(({ split, judgement }) => splitFigures(split, judgement, context)),
  ];
  return [
    ...charts.map(asFiled),
    ...input.judged.flatMap((judged) => sheetFigure(judged, context)),
    diagramFigure(input.card),
  ];
}

const whoOf = (split: JudgedSplit["split"]): string => `${SPLIT_NAMES[split]} patients`;

const asFiled = ({ name, title, caption, svg }: RunFigure): FiledFigure => ({
  title,
  caption,
  svg,
  file: { name: `${name}.svg`, content: svg },
});

/** A section of the page, and the figures that stand in it. */
interface Section {
  readonly html: string;
  readonly figures: readonly FiledFigure[];
}

function calibrationOf({ split, judgement }: JudgedSplit, provenance: Provenance): Section[] {
  const { calibration } = judgement.metrics;
  if (calibration === null || calibration.ece === null) return [];
  const figure = asFiled(markFigure(calibrationFigure(calibration, whoOf(split), split), provenance));
  return [{ html: calibrationSection(calibration, whoOf(split), figureHtml(figure)), figures: [figure] }];
}

/** Folded, since it is not what the run is judged by. */
function seedOf(judged: readonly JudgedSplit[], provenance: Provenance): Section[] {
  const known = judged.filter(({ judgement }) => judgement.seed.mean !== null);
  if (known.length === 0) return [];
  const splits = known.map(({ split, judgement }) => ({
    who: whoOf(split),
    seed: judgement.seed,
    foregroundMean: judgement.metrics.foregroundMean,
  }));
  const figures = known.map(({ split }, i) =>
    asFiled(markFigure({ name: `${split}-student-rule`, ...seedFigure(splits[i]!) }, provenance)),
  );
  const section = seedSection(splits, figures.map(figureHtml));
  return [{ html: `<details><summary>${SEED_HEADING}</summary>${section}</details>`, figures }];
}

function galleryOf({ split, judgement }: JudgedSplit, { labels, provenance }: FigureContext): Section {
  const { gallery, metrics } = judgement;
  const foreground = labels.filter(({ id }) => id !== 0);
  return {
    html: gallerySection({
      who: whoOf(split),
      cases: gallery,
      total: metrics.cases.length,
      labels: foreground,
      stamp: provenance.stamp,
    }),
    figures: [],
  };
}

function sectionsOf(input: RunReportInput): readonly Section[] {
  const context: FigureContext = { labels: input.card.labels, provenance: provenanceOf(input) };
  const { provenance } = context;
  return [
    ...input.judged.flatMap((judged) => calibrationOf(judged, provenance)),
    // Of the split that counts: all of them would double the page.
    ...input.judged.slice(-1).map((judged) => galleryOf(judged, context)),
    ...seedOf(input.judged, provenance),
  ];
}

function cardFacts({ preset, patients, seed, steps, version }: ModelCard): ReportInput["facts"] {
  return [
    { name: "Preset", value: preset },
    {
      name: "Patients: train / validate / test",
      value: `${patients.train} / ${patients.validate} / ${patients.test}`,
    },
    { name: "Seed", value: `${seed}` },
    { name: "Optimiser steps", value: `${steps}` },
    { name: "hipmri-unet", value: version },
  ];
}

/** report.html, self-contained, and its figures as files. The same input gives the same bytes. */
export function runReport(input: RunReportInput): RunReport {
  const { card, isSyntheticData } = input;
  const { stamp } = provenanceOf(input);
  const figures = allFigures(input);
  const sections = sectionsOf(input);
  const last = input.judged.at(-1);
  const hasGallery = (last?.judgement.gallery.length ?? 0) > 0;
  const html = reportHtml({
    title: `${input.heading}: ${card.preset}${stamp === "" ? "" : ` (${stamp})`}`,
    subtitle: `Trained on: ${card.synthetic ? "SYNTHETIC " : ""}${card.trainedOn}. ${card.intendedUse}.`,
    synthetic: isSyntheticData,
    config: input.config,
    facts: [...cardFacts(card), ...input.facts],
    metrics: input.judged.map(({ split, judgement }) => ({
      title: `${SPLIT_NAMES[split]} patients`,
      metrics: judgement.metrics,
    })),
    figures: figures.map(({ file: _, ...figure }) => figure),
    reproduce: input.reproduce,
    summary: summarySentences(
      card,
      last === undefined ? undefined : { split: last.split, metrics: last.judgement.metrics },
    ),
    sections: sections.map(({ html }) => html).filter((html) => html !== ""),
    ...(hasGallery ? { script: GALLERY_SCRIPT } : {}),
  });
  const all = [...figures, ...sections.flatMap((section) => section.figures)];
  return { html, figures: all.map(({ file }) => file) };
}
