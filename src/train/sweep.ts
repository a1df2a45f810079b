/** A sweep: which settings are varied, and the trials that this makes. */
import { z } from "zod";
import { HipError } from "../core/errors.ts";
import { makeRandom } from "../core/random.ts";
import { counted } from "../core/text.ts";
import { configSchema } from "./config.ts";
import { makeSpread } from "./latin.ts";

/** One setting that is varied; values are texts, as `--set` takes them. */
export type SweepAxis = { readonly key: string } & (
  | { readonly kind: "list"; readonly values: readonly string[] }
  | {
      readonly kind: "range";
      readonly low: number;
      readonly high: number;
      readonly scale: "linear" | "log";
      readonly isInteger: boolean;
    }
);

/** The text of each swept setting, in the order of the axes. */
export type TrialSettings = readonly { readonly key: string; readonly text: string }[];

/** More trials than anyone trains: a slip of the pen. */
const MOST_TRIALS = 1000;
/** Digits of a drawn number: enough to vary, short enough to read. */
const DIGITS = 4;
/** From so wide a range on, its values are drawn by their logarithm. */
const DECADE = 10;

const NUMBER = String.raw`[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?`;
const RANGE = new RegExp(`^(?:(log|lin):)?(${NUMBER})\\.\\.(${NUMBER})$`);

/** Trials must be judged on the same patients. */
const FIXED: readonly string[] = [
  "split",
  "split.validateFraction",
  "split.testFraction",
  "split.seed",
  "split.folds",
  "split.fold",
];

/** Whether a setting is a whole number by the schema. */
function isIntegerKey(key: string): boolean {
  let schema: unknown = configSchema;
  const bare = (): void => {
    while (schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) schema = schema.unwrap();
  };
  for (const name of key.split(".")) {
    bare();
    if (!(schema instanceof z.ZodObject)) return false;
    schema = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined;
  }
  bare();
  return schema instanceof z.ZodNumber && schema.isInt;
}

/** Parts between commas that stand in no bracket, brace or quote. */
function splitValues(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = "";
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quote !== "") quote = c === quote ? "" : quote;
    else if (c === '"' || c === "'") quote = c;
    else if ("[{".includes(c)) depth++;
    else if ("]}".includes(c)) depth--;
    else if (c === "," && depth === 0) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  return [...parts, text.slice(start).trim()];
}

/** @returns a problem as text where it is no axis */
function parseAxis(text: string): SweepAxis | string {
  const at = text.indexOf("=");
  const key = text.slice(0, Math.max(at, 0)).trim();
  const spec = text.slice(at + 1).trim();
  if (at < 0 || key.split(".").includes(""))
    return `"${text}": expected key=VALUE,VALUE or key=LOW..HIGH with a dotted key`;
  if (FIXED.includes(key))
    return `${key}: cannot be swept, since all trials must be judged on the same patients`;
  const [, scale, from, to] = RANGE.exec(spec) ?? [];
  if (from !== undefined && to !== undefined) {
    const [low, high] = [Number(from), Number(to)];
    if (!(low < high)) return `${key}: LOW must be below HIGH, got ${spec}`;
    if (scale === "log" && low <= 0) return `${key}: a range by the logarithm must be above 0, got ${spec}`;
    const isWide = low > 0 && high >= DECADE * low;
    const isInteger = isIntegerKey(key) && Number.isSafeInteger(low) && Number.isSafeInteger(high);
    return {
      key,
      kind: "range",
      low,
      high,
      scale: scale === "log" || (scale === undefined && isWide) ? "log" : "linear",
      isInteger,
    };
  }
  if (/^(log|lin):/.test(spec) || spec.includes(".."))
    return `${key}: expected a range such as 1e-4..1e-2, got "${spec}"`;
  const values = splitValues(spec);
  if (values.includes("")) return `${key}: expected values between the commas, got "${spec}"`;
  if (new Set(values).size < values.length) return `${key}: names a value twice, "${spec}"`;
  return { key, kind: "list", values };
}

/**
 * Reads `--sweep key=VALUE,VALUE` (tried in turn) and `--sweep key=LOW..HIGH` (drawn from; by the logarithm where both
 * are positive and a decade or more apart, or as `log:` and `lin:` before it say).
 * @throws HipError "usage" with all problems at once
 */
export function parseSweep(texts: readonly string[]): readonly SweepAxis[] {
  const parsed = texts.map(parseAxis);
  const axes = parsed.filter((axis) => typeof axis !== "string");
  const keys = axes.map(({ key }) => key);
  const problems = [
    ...parsed.filter((axis) => typeof axis === "string"),
    ...new Set(keys.filter((key, i) => keys.indexOf(key) !== i).map((key) => `${key}: is swept twice`)),
  ];
  if (problems.length === 0) return axes;
  throw new HipError("usage", `Cannot sweep: ${counted(problems.length, "problem")}`, {
    problems,
    hint: "For instance --sweep optimizer.kind=sgd,adamw --sweep schedule.learningRate=1e-4..1e-2 --trials 20",
  });
}

/** All combinations of lists; the last setting changes fastest. */
function gridOf(axes: readonly SweepAxis[]): readonly TrialSettings[] {
  return axes.reduce<readonly TrialSettings[]>(
    (grid, axis) =>
      axis.kind === "list"
        ? grid.flatMap((settings) => axis.values.map((text) => [...settings, { key: axis.key, text }]))
        : grid,
    [[]],
  );
}

/** @param at where in the axis, from 0 to below 1 */
function textAt(axis: SweepAxis, at: number): string {
  if (axis.kind === "list") return axis.values[Math.floor(at * axis.values.length)]!;
  const { low, high, scale, isInteger } = axis;
  if (isInteger && scale === "linear") return `${low + Math.floor(at * (high - low + 1))}`;
  const value =
    scale === "log"
      ? Math.exp(Math.log(low) + at * (Math.log(high) - Math.log(low)))
      : low + at * (high - low);
  const short = isInteger ? Math.round(value) : Number(value.toPrecision(DIGITS));
  return `${Math.min(Math.max(short, low), high)}`;
}

/**
 * The trials of a sweep: every combination where all settings are lists and `trials` is left out or no smaller; else so
 * many draws, none twice, spread evenly over each range and over the values of each list (latin.ts). The first of them
 * are the same however many are asked for.
 * @param options.seed of the draws
 * @throws HipError "usage" where a range is given without `trials`, or where there are too many
 */
export function trialsOf(
  axes: readonly SweepAxis[],
  { trials, seed }: { readonly trials: number | undefined; readonly seed: number },
): readonly TrialSettings[] {
  const range = axes.find(({ kind }) => kind === "range");
  if (range !== undefined && trials === undefined) {
    throw new HipError("usage", `--trials is needed: ${range.key} is a range, of which values are drawn`, {
      hint: "Add --trials N, or give values: --sweep key=VALUE,VALUE",
    });
  }
  const size = axes.reduce((product, axis) => product * (axis.kind === "list" ? axis.values.length : 1), 1);
  const wanted = range === undefined ? Math.min(size, trials ?? size) : trials!;
  if (wanted > MOST_TRIALS) {
    throw new HipError("usage", `Cannot sweep over ${wanted} trials: the most is ${MOST_TRIALS}`, {
      hint: "Give fewer values, or draw some of the combinations with --trials N",
    });
  }
  if (range === undefined && wanted === size) return gridOf(axes);
  const spread = axes.map((_, i) => makeSpread(makeRandom(seed, "sweep", i)));
  return drawDistinct(wanted, () =>
    axes.map((axis, i) => ({ key: axis.key, text: textAt(axis, spread[i]!()) })),
  );
}

/** Draws until there are so many that differ; fewer where for long none is new, as there are no more. */
function drawDistinct(wanted: number, draw: () => TrialSettings): readonly TrialSettings[] {
  const found = new Map<string, TrialSettings>();
  for (let idle = 0; found.size < wanted && idle < 100 * wanted + 1000; idle++) {
    const trial = draw();
    const name = JSON.stringify(trial);
    if (found.has(name)) continue;
    found.set(name, trial);
    idle = 0;
  }
  return [...found.values()];
}
