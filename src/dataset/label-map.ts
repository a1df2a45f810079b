/** Which number means which label: as a user writes it, and from another tool's numbers to ours. */
import { HipError } from "../core/errors.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { LARGEST_LABEL } from "./mask-values.ts";
import { organKey } from "./organ-files.ts";
import { type OrganMap, organsByName } from "./organ-masks.ts";

/** From the prediction's ids to those of the truth; an id that stands in neither is unknown. */
export type LabelMap = ReadonlyMap<number, number>;

const BACKGROUND: LabelDefinition = { id: 0, name: "background" };

function parseId(text: string, flag: string): number {
  const id = Number(text);
  if (/^\d+$/.test(text) && id <= LARGEST_LABEL) return id;
  throw new HipError("usage", `${flag} must have label numbers from 0 to ${LARGEST_LABEL}, got "${text}"`, {
    hint: flag === "--labels" ? "Write --labels 1=bladder,2=prostate" : "Write --map 21=bladder,22=prostate",
  });
}

/** "a=b" pairs between commas. */
function parsePairs(text: string, flag: string): readonly (readonly [left: string, right: string])[] {
  return text.split(",").map((pair) => {
    const [left = "", right = "", ...more] = pair.split("=").map((part) => part.trim());
    if (left !== "" && right !== "" && more.length === 0) return [left, right];
    throw new HipError("usage", `${flag} must be pairs such as 1=bladder between commas, got "${pair}"`, {
      hint: `Write ${flag} 1=bladder,2=prostate`,
    });
  });
}

/**
 * `1=bladder,2=prostate` as labels; background is always 0.
 * @throws HipError "usage" where a pair is none, or an id or name stands twice
 */
export function parseLabelList(text: string): readonly LabelDefinition[] {
  const labels = parsePairs(text, "--labels").map(([left, right]) => ({
    id: parseId(left, "--labels"),
    name: right.toLowerCase(),
  }));
  const foreground = labels.filter(({ id }) => id !== 0).sort((a, b) => a.id - b.id);
  for (const key of ["id", "name"] as const) {
    const twin = labels.find((label, i) => labels.findIndex((other) => other[key] === label[key]) !== i);
    if (twin === undefined) continue;
    throw new HipError("usage", `--labels must name each label once, got ${key} "${twin[key]}" twice`, {
      hint: "Leave one of the two out",
    });
  }
  return [BACKGROUND, ...foreground];
}

/** The label that a user means by its name or number. @throws HipError "usage" */
function requireLabel(text: string, labels: readonly LabelDefinition[]): LabelDefinition {
  const found = labels.find(({ id, name }) => name === text.toLowerCase() || `${id}` === text);
  if (found !== undefined) return found;
  throw new HipError("usage", `--map must name labels of the truth, got "${text}"`, {
    hint: `Its labels are ${labels.map(({ id, name }) => `${id} ${name}`).join(", ")}`,
  });
}

/**
 * `21=bladder,22=prostate`: a number of the prediction, then a label of the truth by name or number. All other
 * numbers of the prediction mean what they mean in the truth, unless a pair has taken that label.
 * @throws HipError "usage" where a label is not one of the truth's
 */
export function parseLabelMap(text: string | undefined, labels: readonly LabelDefinition[]): LabelMap {
  const stated = new Map<number, number>();
  for (const [left, right] of text === undefined ? [] : parsePairs(text, "--map")) {
    stated.set(parseId(left, "--map"), requireLabel(right, labels).id);
  }
  return withOwnIds(stated, labels);
}

/**
 * `urinary_bladder=bladder`: of predictions in a file for each organ, the file's name, then a label of the truth.
 * Files named as a label mean it, unless a pair has taken that label.
 * @throws HipError "usage" where a label is not one of the truth's
 */
export function parseOrganMap(text: string | undefined, labels: readonly LabelDefinition[]): OrganMap {
  const stated = new Map<string, number>();
  for (const [left, right] of text === undefined ? [] : parsePairs(text, "--map")) {
    stated.set(organKey(left), requireLabel(right, labels).id);
  }
  const taken = new Set(stated.values());
  return new Map([...[...organsByName(labels)].filter(([, id]) => !taken.has(id)), ...stated]);
}

/** By names that both sides state, e.g. in a dataset.json each; undefined where no name but background is shared. */
export function mapByName(
  predicted: readonly LabelDefinition[],
  labels: readonly LabelDefinition[],
): LabelMap | undefined {
  const ids = new Map(labels.map(({ id, name }) => [name, id]));
  const shared = predicted.filter(({ id, name }) => id !== 0 && ids.has(name));
  if (shared.length === 0) return undefined;
  return new Map([[0, 0], ...shared.map(({ id, name }) => [id, ids.get(name)!] as const)]);
}

function withOwnIds(stated: LabelMap, labels: readonly LabelDefinition[]): LabelMap {
  const taken = new Set(stated.values());
  const own = labels.filter(({ id }) => id === 0 || (!stated.has(id) && !taken.has(id)));
  return new Map([...own.map(({ id }) => [id, id] as const), ...stated]);
}
