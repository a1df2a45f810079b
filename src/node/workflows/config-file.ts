/** The training configuration as a user states it: a YAML file, `--set k=v` over it, flags over both. */
import { join } from "node:path";
import { type Document, isMap, isNode, isScalar, LineCounter, parse, parseDocument } from "yaml";
import { HipError, messageOf } from "../../core/errors.ts";
import { readModelCard } from "../../predict/card.ts";
import type { TrainConfig } from "../../train/config.ts";
import { type DeepPartial, mergeConfig, resolveConfig } from "../../train/recipes.ts";
import { readWholeFile } from "../files.ts";
import { RUN_FILES } from "../run-folder.ts";

type Layer = Readonly<Record<string, unknown>>;

export interface ConfigSources {
  /** A YAML (or JSON) file. */
  readonly file?: string | undefined;
  /** `key=value` each: dotted path, YAML value. */
  readonly set?: readonly string[];
  readonly flags?: DeepPartial<TrainConfig>;
  /** A run folder that goes on: what is asked for is laid over its config.json instead of over a preset. */
  readonly resumed?: string | undefined;
}

/** How long to train: whoever states one of these replaces what a lower layer said with another. */
const LENGTHS = ["epochs", "minutes", "steps"] as const;

function overlay(under: Layer, over: Layer): Layer {
  const isLengthStated = LENGTHS.some((key) => over[key] !== undefined && over[key] !== null);
  const unset = isLengthStated ? { epochs: null, minutes: null, steps: null } : {};
  return mergeConfig({ ...under, ...unset }, over) as Layer;
}

/** A value at a dotted path as a nested object. */
function nest(path: readonly string[], value: unknown): Layer {
  const [key = "", ...rest] = path;
  return { [key]: rest.length === 0 ? value : nest(rest, value) };
}

/**
 * One `--set`.
 * @throws HipError "usage" where it is no "key=value"; "config" where the value cannot be read
 */
export function parseSetting(text: string): Layer {
  const at = text.indexOf("=");
  const path = text.slice(0, Math.max(at, 0)).trim().split(".");
  if (at < 0 || path.includes("")) {
    throw new HipError("usage", `--set must be "key=value" with a dotted key, got "${text}"`, {
      hint: "For instance --set optimizer.kind=sgd",
    });
  }
  try {
    return nest(path, parse(text.slice(at + 1)));
  } catch (cause) {
    const [reason = ""] = messageOf(cause).split(/ at line /);
    throw new HipError("config", `Cannot read the value of --set "${text}": ${reason}`, {
      hint: "Put a text with special characters into quotes",
      cause,
    });
  }
}

interface ConfigFile {
  readonly document: Document;
  readonly lineOf: (offset: number) => number;
  readonly layer: Layer;
}

/** @throws HipError "config" with every problem of the syntax and its line; "not-found", "disk" */
async function readYaml(path: string): Promise<ConfigFile> {
  const text = new TextDecoder().decode(await readWholeFile(path));
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    throw new HipError("config", `Cannot read configuration "${path}": it is not valid YAML`, {
      problems: faults.map((fault) => {
        const { line, col } = lines.linePos(fault.pos[0]);
        return `line ${line}, column ${col}: ${fault.message}`;
      }),
      hint: 'Write one "key: value" a line, nested keys indented by spaces',
    });
  }
  if (document.contents !== null && !isMap(document.contents)) {
    throw new HipError(
      "config",
      `Cannot use configuration "${path}": expected keys with values, found none`,
      {
        hint: 'Write one "key: value" a line',
      },
    );
  }
  return {
    document,
    lineOf: (offset) => lines.linePos(offset).line,
    layer: layerOf(document, path),
  };
}

/** Aliases are resolved here, not while the text is read. @throws HipError "config" */
function layerOf(document: Document, path: string): Layer {
  try {
    return (document.toJS() ?? {}) as Layer;
  } catch (cause) {
    throw new HipError("config", `Cannot read configuration "${path}": ${messageOf(cause)}`, {
      hint: 'Write the value itself instead of an alias ("*name"), or put a text that starts with "*" into quotes',
      cause,
    });
  }
}

function isStated(layer: Layer, path: readonly string[]): boolean {
  let value: unknown = layer;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return false;
    value = (value as Layer)[key];
  }
  return true;
}

/** The line of the key at a path, or of the item of a list. */
function lineAt(path: readonly string[], { document, lineOf }: ConfigFile): number | undefined {
  const last = path.at(-1);
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const key = isMap(parent)
    ? parent.items.map((pair) => pair.key).find((each) => isScalar(each) && String(each.value) === last)
    : document.getIn(path, true);
  const start = isNode(key) ? key.range?.[0] : undefined;
  return start === undefined ? undefined : lineOf(start);
}

/** Adds their lines to the problems "a.b: …" that stand in the file, and tells these first, in their order there. */
function locate(problems: readonly string[], file: ConfigFile, over: Layer): readonly string[] {
  const found = problems.map((problem) => {
    const path = (problem.split(":")[0] ?? "").split(".");
    const line = isStated(over, path) ? undefined : lineAt(path, file);
    return {
      line: line ?? Number.POSITIVE_INFINITY,
      text: line === undefined ? problem : `${problem} (line ${line})`,
    };
  });
  return found.sort((a, b) => (a.line === b.line ? 0 : a.line - b.line)).map(({ text }) => text);
}

/**
 * What follows from the model that a training starts from: its network, and how images were brought to it.
 * @throws HipError "not-found", "bad-model"
 */
async function modelLayer(user: Layer): Promise<Layer> {
  const { finetune } = user;
  const from = typeof finetune === "object" && finetune !== null && "from" in finetune ? finetune.from : null;
  if (typeof from !== "string") return {};
  const { preset, unet, input } = readModelCard(await readWholeFile(from), from);
  const { classes: _, inChannels: __, ...network } = unet;
  const { mode, normalise, canvas, orientation, spacingMm, neighbours } = input;
  return {
    preset,
    unet: network,
    input: {
      mode,
      normalise,
      orientation,
      neighbours,
      spacingMm: spacingMm ?? "file",
      ...(mode === "resize" ? { size: canvas } : {}),
    },
    // Another one than the preset states for weights drawn at random.
    schedule: { learningRate: null },
  };
}

/** The configuration that a resumed run was started with; what is wrong with it, training itself will say. */
async function readResumed(run: string): Promise<Layer> {
  try {
    const text = new TextDecoder().decode(await readWholeFile(join(run, RUN_FILES.config)));
    return JSON.parse(text) as Layer;
  } catch {
    return {};
  }
}

function nameSources({ file, set = [] }: ConfigSources): string {
  const names = [
    ...(file === undefined ? [] : [`configuration "${file}"`]),
    ...(set.length === 0 ? [] : [set.map((text) => `--set ${text}`).join(" ")]),
  ];
  return names.length === 0 ? "the flags" : names.join(" with ");
}

/**
 * The whole configuration, checked.
 * @throws HipError "config" listing every problem, with its line where it stands in the file; "usage" for a
 *   `--set` that is no "key=value"; "not-found", "disk".
 */
export async function readTrainConfig(sources: ConfigSources): Promise<TrainConfig> {
  const file = sources.file === undefined ? undefined : await readYaml(sources.file);
  const settings = (sources.set ?? []).map(parseSetting).reduce(overlay, {});
  const over = overlay(settings, (sources.flags ?? {}) as Layer);
  const user = overlay(file?.layer ?? {}, over);
  const model = await modelLayer(user);
  const base = sources.resumed === undefined ? {} : await readResumed(sources.resumed);
  try {
    return resolveConfig(overlay(mergeConfig(model, base) as Layer, user), nameSources(sources));
  } catch (error) {
    if (!(error instanceof HipError) || file === undefined) throw error;
    const problems = locate(error.problems, file, over);
    throw new HipError(error.code, error.message, {
      problems,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}
