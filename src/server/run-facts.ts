/** What the files of a run folder say of it: configuration, labels, which results are there. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type RunSession, readSession } from "../node/live-run.ts";
import { RUN_FILES, SAMPLES_FOLDER, sampleEpoch } from "../node/run-folder.ts";
import { sha256Of } from "../node/sha256.ts";
import { labelHex } from "../plot/colours.ts";
import { readModelCard } from "../predict/card.ts";
import type { RunLabel, RunPlan, RunState, SampleList } from "./api.ts";
import { versionOf } from "./static-files.ts";

export interface ConfigFacts {
  readonly digest: string;
  readonly preset: string | null;
  readonly seed: number | null;
  readonly plan: RunPlan | null;
}

interface CardFacts {
  readonly labels: readonly { readonly id: number; readonly name: string }[];
  readonly synthetic: boolean;
}

/** A value that is made of a file, made anew only where the file has changed; undefined where there is none. */
function makeKept<T>(path: string, make: (bytes: Buffer) => T): () => Promise<T | undefined> {
  let known: { readonly version: string; readonly value: T | undefined } | undefined;
  return async () => {
    const version = await versionOf(path);
    if (version === undefined) return undefined;
    if (known?.version === version) return known.value;
    let value: T | undefined;
    try {
      value = make(await readFile(path));
    } catch {
      // Damaged, or of something else: then nothing is known of it.
    }
    known = { version, value };
    return value;
  };
}

const countOf = (value: unknown): number | null =>
  typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : null;

/** Only what the page shows: a configuration of another version is read too. */
function configFacts(bytes: Buffer): ConfigFacts {
  const digest = sha256Of(bytes).slice(0, 12);
  const parsed: unknown = JSON.parse(bytes.toString("utf8"));
  const config = (typeof parsed === "object" && parsed !== null ? parsed : {}) as Readonly<
    Record<string, unknown>
  >;
  const steps = countOf(config.steps);
  const stepsPerEpoch = countOf(config.stepsPerEpoch);
  return {
    digest,
    preset: typeof config.preset === "string" ? config.preset : null,
    seed: typeof config.seed === "number" ? config.seed : null,
    plan:
      steps === null || stepsPerEpoch === null
        ? null
        : { steps, stepsPerEpoch, epochs: Math.ceil(steps / stepsPerEpoch) },
  };
}

export interface RunFacts {
  readonly config: ConfigFacts | undefined;
  readonly session: RunSession | undefined;
  readonly labels: readonly RunLabel[];
  readonly synthetic: boolean | null;
  readonly has: RunState["has"];
}

/** @param folder of the run; need not be there */
export function makeFactsReader(folder: string): () => Promise<RunFacts> {
  const readConfig = makeKept(join(folder, RUN_FILES.config), configFacts);
  const readCard = makeKept(join(folder, RUN_FILES.model), (bytes): CardFacts => {
    const { labels, synthetic } = readModelCard(bytes, RUN_FILES.model);
    return { labels, synthetic };
  });
  const isThere = async (name: string): Promise<boolean> =>
    (await versionOf(join(folder, name))) !== undefined;
  return async () => {
    const [config, card, session, log, model, metrics, testMetrics, report, samples] = await Promise.all([
      readConfig(),
      readCard(),
      readSession(folder),
      isThere(RUN_FILES.log),
      isThere(RUN_FILES.model),
      isThere(RUN_FILES.metrics),
      isThere(RUN_FILES.testMetrics),
      isThere(RUN_FILES.report),
      sampleNames(folder),
    ]);
    const source: CardFacts | undefined = card ?? session;
    const foreground = (source?.labels ?? []).filter(({ id }) => id > 0);
    return {
      config,
      session,
      labels: foreground.map(({ id, name }) => ({ id, name, colour: labelHex(id) })),
      synthetic: source?.synthetic ?? null,
      has: { log, model, metrics, testMetrics, report, samples: samples.length > 0 },
    };
  };
}

async function sampleNames(folder: string): Promise<readonly string[]> {
  const names = await readdir(join(folder, SAMPLES_FOLDER)).catch(() => []);
  return names
    .filter((name) => sampleEpoch(name) !== undefined)
    .sort((a, b) => sampleEpoch(a)! - sampleEpoch(b)!);
}

export async function listSamples(folder: string): Promise<SampleList> {
  const samples = await Promise.all(
    (await sampleNames(folder)).map(async (name) => ({
      name,
      epoch: sampleEpoch(name)!,
      version: (await versionOf(join(folder, SAMPLES_FOLDER, name))) ?? "",
    })),
  );
  return { samples };
}
