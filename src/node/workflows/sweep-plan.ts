/** The trials of a sweep with their whole configurations, checked before anything is trained. */
import { HipError } from "../../core/errors.ts";
import { firstProblems } from "../../core/joined-errors.ts";
import { counted } from "../../core/text.ts";
import type { SweptKey } from "../../report/sweep.ts";
import type { TrainConfig } from "../../train/config.ts";
import { parseSweep, type SweepAxis, type TrialSettings, trialsOf } from "../../train/sweep.ts";
import { sha256Of } from "../sha256.ts";
import { type ConfigSources, parseSetting, readTrainConfig } from "./config-file.ts";

export interface Trial {
  /** As its folder. */
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly config: TrainConfig;
  /** Sha256 of the configuration as it was asked for, before anything is planned. */
  readonly asked: string;
}

export interface SweepPlan {
  readonly keys: readonly SweptKey[];
  /** `--sweep` as it was typed, by key. */
  readonly axes: Readonly<Record<string, string>>;
  /** Without the swept settings. */
  readonly base: TrainConfig;
  /** As asked for. */
  readonly wanted: number | undefined;
  readonly trials: readonly Trial[];
}

export const trialName = (trial: number): string => `trial_${String(trial).padStart(3, "0")}`;

/** The value at a dotted path. */
function at(value: unknown, key: string): unknown {
  let found = value;
  for (const name of key.split(".")) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[name];
  }
  return found;
}

const settingOf = ({ key, text }: TrialSettings[number]): string => `${key}=${text}`;

function trialOf(name: string, settings: TrialSettings, config: TrainConfig): Trial {
  const values = Object.fromEntries(
    settings.map((setting) => [setting.key, at(parseSetting(settingOf(setting)), setting.key)]),
  );
  return { name, values, config, asked: sha256Of(JSON.stringify(config)) };
}

/** Flags are laid over settings: what both state would not be swept at all. */
function overruled({ config, values }: Trial): readonly string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject || JSON.stringify(at(config, key)) === JSON.stringify(value)
      ? []
      : [`${key}: is swept, and stated by another flag too`];
  });
}

const keyOf = (axis: SweepAxis): SweptKey => ({
  key: axis.key,
  kind: axis.kind,
  scale: axis.kind === "range" ? axis.scale : "linear",
});

/**
 * @param texts of `--sweep`
 * @param options.trials of `--trials`
 * @throws HipError "usage" of the sweep itself; "config" with every key that is not known and every value that does not fit
 */
export async function planSweep(
  texts: readonly string[],
  { trials: wanted, sources }: { readonly trials: number | undefined; readonly sources: ConfigSources },
): Promise<SweepPlan> {
  const axes = parseSweep(texts);
  const base = await readTrainConfig(sources);
  // Trials are judged on the same patients, also where their seeds differ.
  const shared = `split.seed=${base.split.seed ?? base.seed}`;
  const trials: Trial[] = [];
  const problems = new Set<string>();
  for (const [i, settings] of trialsOf(axes, { trials: wanted, seed: base.seed }).entries()) {
    try {
      const set = [...(sources.set ?? []), ...settings.map(settingOf), shared];
      const trial = trialOf(trialName(i), settings, await readTrainConfig({ ...sources, set }));
      for (const problem of overruled(trial)) problems.add(problem);
      trials.push(trial);
    } catch (error) {
      if (!(error instanceof HipError)) throw error;
      for (const problem of error.problems.length > 0 ? error.problems : [error.message])
        problems.add(problem);
    }
  }
  if (problems.size > 0) {
    throw new HipError("config", `Cannot use --sweep: ${counted(problems.size, "problem")}`, {
      problems: firstProblems([...problems]),
      hint: "Mend all of them and run again; config.json of any run shows every key with a working value",
    });
  }
  return {
    keys: axes.map(keyOf),
    axes: Object.fromEntries(
      texts.map((text) => [
        text.slice(0, text.indexOf("=")).trim(),
        text.slice(text.indexOf("=") + 1).trim(),
      ]),
    ),
    base,
    wanted,
    trials,
  };
}
