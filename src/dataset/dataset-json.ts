/**
 * dataset.json: what the Medical Segmentation Decathlon and nnU-Net say of a data set.
 * http://medicaldecathlon.com ; nnU-Net documentation/dataset_format.md
 */
import { HipError } from "../core/errors.ts";
import { IGNORE_LABEL } from "../core/labels.ts";
import { counted } from "../core/text.ts";
import { imageStem } from "../formats/image-file.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { type Folder, joinPath } from "./folder.ts";
import { datasetError } from "./listing.ts";
import { LARGEST_LABEL } from "./mask-values.ts";

export const DATASET_JSON = "dataset.json";

export interface DatasetJson {
  /** Undefined where the file names none. Names are lower-case; 0 is always there. */
  readonly labels: readonly LabelDefinition[] | undefined;
  /** Whether it has what nnU-Net (version 2) alone writes: channel_names, file_ending. */
  readonly isNnunet: boolean;
  /** nnU-Net: the ending of all images and masks, e.g. ".nii.gz". */
  readonly fileEnding: string | undefined;
  /** How many cases it says there are. */
  readonly numTraining: number | undefined;
  readonly warnings: readonly string[];
  /** The labels' names by id as they are written, in their own letter case. */
  readonly writtenNames: ReadonlyMap<number, string>;
  /** What channel "0" shows: nnU-Net's channel_names, or the Decathlon's modality. */
  readonly channelName: string | undefined;
}

/** The dataset.json in a folder; undefined where there is none. @throws HipError "bad-dataset" */
export async function readDatasetJson(folder: Folder, at: string): Promise<DatasetJson | undefined> {
  const items = await folder.list(at);
  if (!items.some((item) => item.kind === "file" && item.name === DATASET_JSON)) return undefined;
  const path = joinPath(at, DATASET_JSON);
  const source = await folder.open(path);
  return parseDatasetJson(new TextDecoder().decode(await source.read(0, source.size)), path);
}

/**
 * Reads `labels` as `{"0": "background", "1": "Prostate"}` (Medical Segmentation Decathlon) or
 * `{"background": 0, "Prostate": 1}` (nnU-Net), and what else tells how the files are named.
 * @throws HipError "bad-dataset"
 */
export function parseDatasetJson(text: string, path: string): DatasetJson {
  const content = parseObject(text, path);
  const names = readLabels(content.labels, path);
  const fileEnding = readFileEnding(content.file_ending, path);
  const { numTraining } = content;
  return {
    labels: names === undefined ? undefined : sortLabels(names),
    isNnunet: "channel_names" in content || fileEnding !== undefined,
    fileEnding,
    numTraining: typeof numTraining === "number" ? numTraining : undefined,
    warnings: names === undefined ? [] : warnOfLabels(names, path),
    writtenNames: writtenNames(content.labels),
    channelName: readChannelName(content.channel_names) ?? readChannelName(content.modality),
  };
}

/** Of labels that readLabels() has found good. */
function writtenNames(stated: unknown): ReadonlyMap<number, string> {
  return new Map(
    Object.entries(asObject(stated)).map(([key, value]) =>
      typeof value === "string" && /^\d+$/.test(key)
        ? [Number(key), value.trim()]
        : [Number(value), key.trim()],
    ),
  );
}

function readChannelName(stated: unknown): string | undefined {
  const name = asObject(stated)["0"];
  return typeof name === "string" && name.trim() !== "" ? name : undefined;
}

function asObject(content: unknown): Readonly<Record<string, unknown>> {
  return typeof content === "object" && content !== null ? { ...content } : {};
}

function parseObject(text: string, path: string): Readonly<Record<string, unknown>> {
  try {
    const content: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    return asObject(content);
  } catch (cause) {
    throw new HipError("bad-dataset", `Cannot read "${path}": it is not JSON`, {
      hint: "Correct the file, or take it away: the labels are then found in the masks",
      cause,
    });
  }
}

function readFileEnding(stated: unknown, path: string): string | undefined {
  if (stated === undefined || stated === null) return undefined;
  if (typeof stated === "string" && imageStem(`x${stated}`) === "x") return stated;
  throw new HipError(
    "bad-dataset",
    `Cannot use "${path}": "file_ending" must be the ending of an image format that can be read, such as ".nii.gz", got ${JSON.stringify(stated)}`,
    { hint: "Convert the images, or correct the file_ending" },
  );
}

function readLabels(stated: unknown, path: string): ReadonlyMap<number, string> | undefined {
  if (stated === null || stated === undefined) return undefined;
  const problems: string[] = typeof stated === "object" ? [] : ['"labels" is no object'];
  const names = new Map<number, string>();
  for (const [key, value] of Object.entries(typeof stated === "object" ? stated : {})) {
    const label = parseLabel(key, value);
    if (typeof label === "string") problems.push(label);
    else if (names.has(label.id)) problems.push(`Label ${label.id} is named twice`);
    else if ([...names.values()].includes(label.name)) problems.push(`Name "${label.name}" is given twice`);
    else names.set(label.id, label.name);
  }
  if (problems.length === 0 && ![...names.keys()].some((id) => id > 0)) {
    problems.push("It names no label other than background");
  }
  if (problems.length === 0) return names;
  throw datasetError(
    `Cannot use the labels of "${path}": ${counted(problems.length, "problem")}`,
    'Write them as {"background": 0, "prostate": 1} or {"0": "background", "1": "prostate"}',
    problems,
  );
}

/** One pair in either order, or what is wrong with it. */
function parseLabel(key: string, value: unknown): LabelDefinition | string {
  const byId = typeof value === "string" && /^\d+$/.test(key);
  const id = byId ? Number(key) : value;
  const name = (byId ? value : key).trim().toLowerCase();
  const text = `Label ${JSON.stringify(key)}: ${JSON.stringify(value)}`;
  if (Array.isArray(id)) {
    return `${text} is a region of several labels (nnU-Net's region-based training), which is not supported: each label must have one number of its own`;
  }
  if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id > LARGEST_LABEL) {
    const why = id === IGNORE_LABEL ? `: ${IGNORE_LABEL} means "ignore" here, renumber the labels` : "";
    return `${text} must have one whole number from 0 to ${LARGEST_LABEL}${why}`;
  }
  return name === "" ? `Label ${id} has an empty name` : { id, name };
}

function warnOfLabels(names: ReadonlyMap<number, string>, path: string): string[] {
  const warnings: string[] = [];
  const zero = names.get(0);
  if (zero !== undefined && zero !== "background") {
    warnings.push(`"${path}" calls label 0 "${zero}"; it is treated as background`);
  }
  for (const [id, name] of names) {
    if (name === "ignore") {
      warnings.push(`"${path}" calls label ${id} "ignore"; it is learnt and scored as any other label`);
    }
  }
  return warnings;
}

function sortLabels(names: ReadonlyMap<number, string>): LabelDefinition[] {
  const foreground = [...names].filter(([id]) => id !== 0).sort(([a], [b]) => a - b);
  return [{ id: 0, name: "background" }, ...foreground.map(([id, name]) => ({ id, name }))];
}
