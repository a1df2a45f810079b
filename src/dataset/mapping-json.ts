/** mapping.json: what a conversion of ours wrote, which case is which, and the split of the source. */
import { counted } from "../core/text.ts";
import { type Folder, joinPath } from "./folder.ts";
import { quoteSome } from "./listing.ts";
import type { CaseEntry, Split } from "./types.ts";

export const MAPPING_JSON = "mapping.json";
/** What every mapping.json of ours begins to say. */
export const MAPPING_FORMAT = "hipmri-unet conversion 1";

export interface MappedCase {
  /** The case's name in the converted data. */
  readonly written: string;
  /** In the source, or as it was drawn. */
  readonly split: Split | undefined;
  /** Of keras_slices: the numbers of its slices, both ends included. */
  readonly slices: readonly [first: number, last: number] | undefined;
}

export interface Mapping {
  /** What was written: keras_slices, volumes, nnunet. */
  readonly to: string;
  readonly cases: readonly MappedCase[];
}

/** @returns undefined of what is no mapping.json of ours */
export function parseMapping(text: string): Mapping | undefined {
  const content = parseObject(text);
  if (content.format !== MAPPING_FORMAT || typeof content.to !== "string") return undefined;
  if (!Array.isArray(content.cases)) return undefined;
  const cases = content.cases.map(parseCase);
  if (!cases.every((each) => each !== undefined)) return undefined;
  return { to: content.to, cases };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return {};
  }
}

function asObject(content: unknown): Readonly<Record<string, unknown>> {
  return typeof content === "object" && content !== null ? { ...content } : {};
}

function parseCase(content: unknown): MappedCase | undefined {
  const { written, split, slices } = asObject(content);
  if (typeof written !== "string") return undefined;
  const isSplit = split === "train" || split === "validate" || split === "test";
  const [first, last]: unknown[] = Array.isArray(slices) ? slices : [];
  return {
    written,
    split: isSplit ? split : undefined,
    slices: typeof first === "number" && typeof last === "number" ? [first, last] : undefined,
  };
}

/**
 * The cases with the split that a mapping.json of ours beside them states, so that a conversion does not lose it.
 * Where it does not know all of them, none gets a split, with a warning.
 */
export async function withMappedSplit(
  folder: Folder,
  at: string,
  cases: readonly CaseEntry[],
): Promise<{ readonly cases: readonly CaseEntry[]; readonly warnings: readonly string[] }> {
  const none = { cases, warnings: [] };
  const items = await folder.list(at);
  if (!items.some((item) => item.kind === "file" && item.name === MAPPING_JSON)) return none;
  const path = joinPath(at, MAPPING_JSON);
  const source = await folder.open(path);
  const text = new TextDecoder().decode(await source.read(0, source.size));
  const mapping = parseMapping(text);
  if (mapping === undefined) {
    const isOurs = text.includes(MAPPING_FORMAT);
    return isOurs ? { cases, warnings: [`"${path}" is damaged: the split that it may state is lost`] } : none;
  }
  const splits = new Map(mapping.cases.map(({ written, split }) => [written, split]));
  if (![...splits.values()].some((split) => split !== undefined)) return none;
  const unknown = cases.filter(({ id }) => splits.get(id) === undefined).map(({ id }) => id);
  if (unknown.length === 0) {
    return { cases: cases.map((entry) => ({ ...entry, split: splits.get(entry.id) })), warnings: [] };
  }
  const warning = `"${path}" states no split for ${counted(unknown.length, "case")} (${quoteSome(unknown)}): its split is not used`;
  return { cases, warnings: [warning] };
}
