/** A run folder: what a training run leaves behind, and where it goes on from. */
import { existsSync } from "node:fs";
import { type FileHandle, open, readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { HipError } from "../core/errors.ts";
import type { Metrics } from "../metrics/types.ts";
import type { TrainingState } from "../train/checkpoint.ts";
import { fileVersionRecord, sessionStartRecord } from "../train/events.ts";
import { makeFolder, writeError, writeFileAtomic } from "./atomic.ts";
import {
  CHECKPOINT_FILES,
  type CheckpointStore,
  openCheckpointStore,
  removeLeftovers,
  systemErrorCode,
} from "./checkpoint-store.ts";
import { readWholeFile } from "./files.ts";
import { LIVE_FILES } from "./live-run.ts";

/** Names within a run folder. */
export const RUN_FILES = {
  config: "config.json",
  log: "log.jsonl",
  model: "model.onnx",
  /** The same in 8-bit integers, where the user asked for it. */
  int8Model: "model-int8.onnx",
  metrics: "metrics.json",
  report: "report.html",
  /** Patients by split. */
  split: "split.json",
  /** Of the test split, where it was judged. */
  testMetrics: "test-metrics.json",
  /** The card of model.onnx for people. */
  card: "model-card.md",
  /** When the test split was judged. */
  testLooks: "test-looks.jsonl",
} as const;
/** Whether a file in a run folder is one of its models. */
export const isRunModel = (path: string): boolean =>
  [RUN_FILES.model, RUN_FILES.int8Model].some((name) => name === basename(path));

const EVENTS_PREFIX = "events.out.tfevents.";

/** RUN/samples/epoch-0001.png: a few validation slices as the network of that epoch sees them. */
export const SAMPLES_FOLDER = "samples";
const sampleName = (epoch: number): string => `epoch-${String(epoch).padStart(4, "0")}.png`;
/** The epoch of a sample's name; undefined of other names. */
export function sampleEpoch(name: string): number | undefined {
  const digits = /^epoch-(\d{4,9})\.png$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** One line of log.jsonl. */
export type LogEntry = Readonly<Record<string, unknown>> & { readonly step: number };

export interface RunFolder {
  readonly path: string;
  /** As of openCheckpointStore(); a save first brings the log to disk, so that it never lags behind. */
  readonly checkpoints: CheckpointStore;
  /** Adds one line to log.jsonl; when it returns, a kill of the process cannot lose it. */
  appendLog(entry: LogEntry): Promise<void>;
  /** Adds records of train/events.ts to this session's TensorBoard file, which it begins when first called. */
  appendEvents(records: Uint8Array): Promise<void>;
  writeConfig(config: unknown): Promise<void>;
  /** Writes model.onnx; where it changes, model-int8.onnx, which was made of the one before, is removed. */
  writeModel(onnx: Uint8Array): Promise<void>;
  writeMetrics(metrics: Metrics): Promise<void>;
  /** Writes figures/NAME. @param name a plain file name ending in .svg or .png */
  writeFigure(name: string, content: Uint8Array | string): Promise<void>;
  /** Writes samples/epoch-0001.png. @param epoch from 1 */
  writeSample(epoch: number, png: Uint8Array): Promise<void>;
  writeReport(html: string): Promise<void>;
  writeCard(markdown: string): Promise<void>;
  /** Brings log and events to disk and closes them. */
  close(): Promise<void>;
}

export interface OpenRunOptions {
  /** Go on from the last checkpoint; starts anew where there is none. */
  readonly resume?: boolean;
  /** Remove what an earlier run left in the folder. */
  readonly overwrite?: boolean;
  readonly warn?: (message: string) => void;
}

export interface OpenedRun {
  readonly run: RunFolder;
  /** Where to go on; undefined for a start from step 0. */
  readonly state: TrainingState | undefined;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT") return [];
    if (code === "ENOTDIR") {
      throw new HipError("usage", `Cannot use "${folder}" as a run folder: expected a folder, found a file`, {
        hint: "Give another --out",
      });
    }
    throw writeError(`open "${folder}"`, error);
  }
}

/** The names of what a run wrote into the folder, its own files only. */
async function findRun(folder: string): Promise<readonly string[]> {
  const own = new Set<string>(Object.values(RUN_FILES));
  const files = (await namesIn(folder)).filter((name) => own.has(name) || name.startsWith(EVENTS_PREFIX));
  const checkpointNames = new Set<string>(Object.values(CHECKPOINT_FILES));
  const checkpoints = (await namesIn(join(folder, "checkpoint"))).filter((name) => checkpointNames.has(name));
  return [...files, ...checkpoints.map((name) => join("checkpoint", name))];
}

/** Removes an earlier run's files and figures, and nothing that a user may have put beside them. */
export async function removeRun(folder: string, files: readonly string[]): Promise<void> {
  const figures = (await namesIn(join(folder, "figures"))).filter((name) => /\.(svg|png)$/.test(name));
  const samples = (await namesIn(join(folder, SAMPLES_FOLDER))).filter(
    (name) => sampleEpoch(name) !== undefined,
  );
  const pictures = [
    ...figures.map((name) => join("figures", name)),
    ...samples.map((name) => join(SAMPLES_FOLDER, name)),
  ];
  // Checkpoints last: until then the run could still be resumed.
  for (const name of [...pictures, ...Object.values(LIVE_FILES), ...files]) {
    const path = join(folder, name);
    await rm(path, { force: true }).catch((error: unknown) => {
      throw writeError(`remove "${path}"`, error);
    });
  }
}

function parseLine(line: string): LogEntry | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    const isEntry =
      typeof entry === "object" && entry !== null && "step" in entry && typeof entry.step === "number";
    return isEntry ? (entry as LogEntry) : undefined;
  } catch {
    return undefined;
  }
}

/** The entries of a run's log, in order; a line that a kill left half-written is passed over. */
export async function readLog(runFolder: string): Promise<readonly LogEntry[]> {
  const path = join(runFolder, RUN_FILES.log);
  const bytes = await readWholeFile(path).catch((error: unknown) => {
    if (systemErrorCode(error) === "ENOENT") return new Uint8Array();
    throw error;
  });
  const lines = new TextDecoder().decode(bytes).split("\n");
  return lines.flatMap((line) => parseLine(line) ?? []);
}

const toLines = (entries: readonly LogEntry[]): string =>
  entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
const toJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const nowSeconds = (): number => Date.now() / 1000;

/** A file that only grows. Every write is one call, in order of the calls, so that lines never mix. */
interface Appender {
  append(content: Uint8Array | string): Promise<void>;
  flush(): Promise<void>;
  close(): Promise<void>;
}

function makeAppender(path: string, makeStart: () => Uint8Array | string): Appender {
  let file: FileHandle | undefined;
  let queue: Promise<void> = Promise.resolve();
  function enqueue(work: () => Promise<void>): Promise<void> {
    const done = queue.then(work).catch((error: unknown) => {
      throw writeError(`write "${path}"`, error);
    });
    queue = done.catch(() => undefined);
    return done;
  }
  return {
    append: (content) =>
      enqueue(async () => {
        if (file === undefined) {
          file = await open(path, "a");
          await file.appendFile(makeStart());
        }
        await file.appendFile(content);
      }),
    flush: () => enqueue(async () => file?.datasync()),
    close: () =>
      enqueue(async () => {
        await file?.datasync();
        await file?.close();
        file = undefined;
      }),
  };
}

/** A name that no earlier session of this run used, so that TensorBoard reads the sessions in order. */
async function nextEventsName(folder: string): Promise<string> {
  const used = (await namesIn(folder)).flatMap((name) => {
    const seconds = name.startsWith(EVENTS_PREFIX)
      ? Number.parseInt(name.slice(EVENTS_PREFIX.length), 10)
      : NaN;
    return Number.isNaN(seconds) ? [] : [seconds];
  });
  return `${EVENTS_PREFIX}${Math.max(Math.floor(nowSeconds()), ...used.map((seconds) => seconds + 1))}.hipmri`;
}

function makeRun(
  path: string,
  store: CheckpointStore,
  eventsName: string,
  resumedStep: number | undefined,
): RunFolder {
  const log = makeAppender(join(path, RUN_FILES.log), () => "");
  const events = makeAppender(join(path, eventsName), () => {
    const wallTimeSeconds = nowSeconds();
    const version = fileVersionRecord(wallTimeSeconds);
    if (resumedStep === undefined) return version;
    return Buffer.concat([version, sessionStartRecord({ step: resumedStep + 1, wallTimeSeconds })]);
  });
  return {
    path,
    checkpoints: {
      async save(kind, state) {
        await log.flush();
        await store.save(kind, state);
      },
      load: (kind) => store.load(kind),
    },
    appendLog: (entry) => log.append(toLines([entry])),
    appendEvents: (records) => events.append(records),
    writeConfig: (config) => writeFileAtomic(join(path, RUN_FILES.config), toJson(config)),
    async writeModel(onnx) {
      const modelPath = join(path, RUN_FILES.model);
      const rounded = join(path, RUN_FILES.int8Model);
      // Rarely there: only then the model before is read.
      const before = existsSync(rounded) ? await readFile(modelPath).catch(() => undefined) : undefined;
      await writeFileAtomic(modelPath, onnx);
      // It was made of other weights.
      if (before !== undefined && Buffer.compare(before, onnx) !== 0) await rm(rounded, { force: true });
    },
    writeMetrics: (metrics) => writeFileAtomic(join(path, RUN_FILES.metrics), toJson(metrics)),
    async writeFigure(name, content) {
      if (!/^[\w-][\w.-]*\.(svg|png)$/.test(name)) {
        throw new RangeError(`A figure needs a plain file name ending in .svg or .png, got "${name}"`);
      }
      await writeFileAtomic(join(path, "figures", name), content);
    },
    writeSample: (epoch, png) => writeFileAtomic(join(path, SAMPLES_FOLDER, sampleName(epoch)), png),
    writeReport: (html) => writeFileAtomic(join(path, RUN_FILES.report), html),
    writeCard: (markdown) => writeFileAtomic(join(path, RUN_FILES.card), markdown),
    async close() {
      try {
        await log.close();
      } finally {
        await events.close();
      }
    },
  };
}

/**
 * Whether a run may be written to a folder; changes nothing, so it can be asked before any work.
 * @returns the files of the run that is there.
 * @throws HipError "usage" where there is one and neither `resume` nor `overwrite` is set.
 */
export async function checkRunFolder(
  path: string,
  options: Pick<OpenRunOptions, "resume" | "overwrite">,
): Promise<readonly string[]> {
  if (options.resume && options.overwrite) {
    throw new HipError("usage", "Cannot both resume and overwrite a run", {
      hint: "Give either --resume or --overwrite",
    });
  }
  const files = await findRun(path);
  if (files.length > 0 && !options.resume && !options.overwrite) {
    throw new HipError("usage", `Folder "${path}" has a run already: found "${files[0]}"`, {
      hint: "Go on with --resume, replace it with --overwrite, or give another --out",
    });
  }
  return files;
}

/**
 * Opens a run folder and makes it where missing. A resumed run's log is cut back to its checkpoint, so that in the
 * end it equals the log of a run that was never stopped.
 * @throws HipError "usage" where the folder has a run and neither `resume` nor `overwrite` is set, "bad-checkpoint"
 * where no checkpoint of the run to resume is valid, "disk".
 */
export async function openRun(path: string, options: OpenRunOptions = {}): Promise<OpenedRun> {
  const files = await checkRunFolder(path, options);
  if (options.overwrite) await removeRun(path, files);
  await makeFolder(join(path, "figures"));
  await makeFolder(join(path, SAMPLES_FOLDER));
  await removeLeftovers(path, [...Object.values(RUN_FILES), ...Object.values(LIVE_FILES)]);
  const store = await openCheckpointStore(path, options.warn === undefined ? {} : { warn: options.warn });
  const state = options.resume ? await store.load("last") : undefined;
  // A run killed before its first checkpoint starts anew: of its log and its curves nothing stays.
  const resumedStep = options.resume && files.length > 0 ? (state?.step ?? -1) : undefined;
  if (resumedStep !== undefined) {
    // An epoch's line may have been written after the checkpoint of its last step.
    const epochs = state?.epoch ?? 0;
    const entries = (await readLog(path)).filter(
      (entry) => entry.step <= resumedStep && !(entry.kind === "epoch" && Number(entry.epoch) > epochs),
    );
    await writeFileAtomic(join(path, RUN_FILES.log), toLines(entries));
  }
  return { run: makeRun(path, store, await nextEventsName(path), resumedStep), state };
}
