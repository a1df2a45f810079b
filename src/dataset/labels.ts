/** Which labels a data set has: from dataset.json (MSD or nnU-Net), or from the masks themselves. */
import type { Inflate } from "../core/bytes.ts";
import { HipError } from "../core/errors.ts";
import { IGNORE_LABEL } from "../core/labels.ts";
import { mapParallel } from "../core/parallel.ts";
import { counted } from "../core/text.ts";
import { readNifti } from "../nifti/read.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import type { Folder } from "./folder.ts";
import { datasetError } from "./listing.ts";
import { LARGEST_LABEL, toLabelIds } from "./mask-values.ts";

/** Masks read at once. */
const AT_ONCE = 16;

/** The distinct label ids of some masks, upwards. A cache may lend one that remembers. */
export type LabelScan = (request: {
  readonly folder: Folder;
  readonly inflate: Inflate;
  /** Paths of masks. */
  readonly masks: readonly string[];
}) => Promise<readonly number[]>;

/**
 * Reads every mask and gathers its label ids (0 to 254).
 * @throws HipError "bad-mask" or "unreadable-image"; "bad-dataset" listing all of them where several masks are bad.
 */
export const scanLabels: LabelScan = ({ folder, inflate, masks }) =>
  gatherLabels(masks, (path) => scanMask(folder, path, inflate));

/** The union of the ids that `scan` finds in each mask. For caches; others call scanLabels(). */
export async function gatherLabels(
  masks: readonly string[],
  scan: (path: string) => Promise<readonly number[]>,
): Promise<readonly number[]> {
  const results = await mapParallel(masks, AT_ONCE, (path) =>
    scan(path).catch((error: unknown) => {
      if (error instanceof HipError) return error;
      throw error;
    }),
  );
  const errors = results.filter((result) => result instanceof HipError);
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) {
    throw datasetError(
      `Cannot find the labels: ${counted(errors.length, "mask")} of ${masks.length} cannot be used`,
      errors[0]!.hint ?? "Repair these masks or take them and their images away",
      errors.map((error) => error.message),
    );
  }
  const ids = results.flatMap((result) => (result instanceof HipError ? [] : result));
  return [...new Set(ids)].sort((a, b) => a - b);
}

/** The distinct label ids of one mask file, upwards. */
export async function scanMask(folder: Folder, path: string, inflate: Inflate): Promise<readonly number[]> {
  const image = await readNifti(await folder.open(path), { name: path, inflate });
  const ids = toLabelIds(image.values, { name: path, shape: image.header.shape });
  const seen = new Uint8Array(256);
  for (let i = 0; i < ids.length; i++) seen[ids[i]!] = 1;
  return [...seen.keys()].filter((id) => seen[id] === 1);
}

/** Names for ids that no dataset.json names: "label_1", …; 0 is added where no mask has it. */
export function nameLabels(ids: readonly number[]): LabelDefinition[] {
  const named = ids.filter((id) => id !== 0).map((id) => ({ id, name: `label_${id}` }));
  return [{ id: 0, name: "background" }, ...named];
}

export interface StatedLabels {
  readonly labels: readonly LabelDefinition[];
  readonly warnings: readonly string[];
}

/**
 * The labels of a dataset.json: `{"0": "background", "1": "Prostate"}` (Medical Segmentation Decathlon) or
 * `{"background": 0, "Prostate": 1}` (nnU-Net). Names become lower-case.
 * @returns undefined where the file names no labels
 * @throws HipError "bad-dataset"
 */
export function parseDatasetJson(text: string, path: string): StatedLabels | undefined {
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw new HipError("bad-dataset", `Cannot read "${path}": it is not JSON`, {
      hint: "Correct the file, or take it away: the labels are then found in the masks",
      cause,
    });
  }
  const stated =
    typeof content === "object" && content !== null && "labels" in content ? content.labels : null;
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
  if (problems.length > 0) {
    throw datasetError(
      `Cannot use the labels of "${path}": ${counted(problems.length, "problem")}`,
      'Write them as {"background": 0, "prostate": 1} or {"0": "background", "1": "prostate"}',
      problems,
    );
  }
  return { warnings: warnOfLabels(names, path), labels: sortLabels(names) };
}

/** One pair in either order, or what is wrong with it. */
function parseLabel(key: string, value: unknown): LabelDefinition | string {
  const byId = typeof value === "string" && /^\d+$/.test(key);
  const id = byId ? Number(key) : value;
  const name = (byId ? value : key).trim().toLowerCase();
  if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id > LARGEST_LABEL) {
    const why = id === IGNORE_LABEL ? `: ${IGNORE_LABEL} means "ignore" here, renumber the labels` : "";
    return `Label ${JSON.stringify(key)}: ${JSON.stringify(value)} must have one whole number from 0 to ${LARGEST_LABEL}${why}`;
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
