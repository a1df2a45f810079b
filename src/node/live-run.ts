/**
 * What a training says of itself in its run folder, so that others can watch, stop and resume it without any signal to
 * a process: process.json while it runs, session.json for good, and the request that it obeys.
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { isAbsolute, join } from "node:path";
import { z } from "zod";
import { messageOf } from "../core/errors.ts";
import { LAYOUT_NAMES } from "../dataset/layouts.ts";
import { writeFileAtomic } from "./atomic.ts";
import { DEVICE_NAMES } from "./device-names.ts";
import { VERSION } from "./version.ts";

/** Names within a run folder. */
export const LIVE_FILES = {
  /** Of the process that trains now; it stays where that was killed, or ended by an error. */
  process: "process.json",
  /** How the last session was started: what --resume needs besides config.json. */
  session: "session.json",
  /** Holds the instance that is asked to stop. */
  stop: "stop-request",
  /** What a training that `hipmri serve` resumed says on stderr. */
  resumeLog: "resume.log",
} as const;

const processSchema = z.object({
  format: z.literal(1),
  version: z.string(),
  pid: z.number().int().positive(),
  host: z.string(),
  /** Random: a request to stop names it, so that no later process obeys it. */
  instance: z.string().min(16),
  /** Tells this process from a later one of the same number; null where the system does not say. */
  birth: z.string().nullable(),
  /** ISO 8601, UTC. */
  startedAt: z.string(),
  /** What ended it; null while it runs. */
  error: z.string().nullable(),
});
export type RunProcess = Readonly<z.infer<typeof processSchema>>;

const sessionSchema = z.object({
  format: z.literal(1),
  /** Where relative paths of config.json begin. */
  cwd: z.string().refine(isAbsolute),
  data: z.string().refine(isAbsolute),
  layout: z.enum(LAYOUT_NAMES).nullable(),
  device: z.enum(DEVICE_NAMES).nullable(),
  test: z.boolean(),
  /** Where the run is fold_N of a folder of folds: how many, and whether the ensemble will be tested. */
  folds: z.object({ count: z.number().int().min(2), test: z.boolean() }).nullable(),
  synthetic: z.boolean(),
  labels: z.array(z.object({ id: z.number().int(), name: z.string() })).readonly(),
});
export type RunSession = Readonly<z.infer<typeof sessionSchema>>;

/** How often a training looks for a request; one look takes microseconds. */
const LOOK_EVERY_MS = 1000;

export interface LiveRun {
  /** Whether somebody asked this process to stop; looks at the disk once a second at most. */
  isStopAsked(): boolean;
  /** Takes process.json away, or writes the error into it. */
  end(error?: unknown): Promise<void>;
}

/** A process's start as the kernel counts it, with the boot that it counts from; null but on Linux. */
export function birthOf(pid: number): string | null {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command in parentheses may hold blanks; the start is the 20th field after it.
    const ticks = text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
    return ticks === undefined ? null : `${boot}:${ticks}`;
  } catch {
    return null;
  }
}

const toJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Says in a run folder that this process trains there. @throws HipError "disk" */
export async function announceRun(
  run: string,
  session: Omit<RunSession, "format" | "cwd">,
): Promise<LiveRun> {
  const self: RunProcess = {
    format: 1,
    version: VERSION,
    pid: process.pid,
    host: hostname(),
    instance: randomUUID(),
    birth: birthOf(process.pid),
    startedAt: new Date().toISOString(),
    error: null,
  };
  const processPath = join(run, LIVE_FILES.process);
  const stopPath = join(run, LIVE_FILES.stop);
  const stored: RunSession = { format: 1, cwd: process.cwd(), ...session };
  await rm(stopPath, { force: true });
  await writeFileAtomic(join(run, LIVE_FILES.session), toJson(stored));
  await writeFileAtomic(processPath, toJson(self));
  let isAsked = false;
  let lookedAt = performance.now();
  return {
    isStopAsked() {
      const now = performance.now();
      if (isAsked || now - lookedAt < LOOK_EVERY_MS) return isAsked;
      lookedAt = now;
      isAsked = readRequest(stopPath) === self.instance;
      return isAsked;
    },
    async end(error) {
      // Another process may have begun here meanwhile.
      if ((await readProcess(run))?.instance !== self.instance) return;
      await rm(stopPath, { force: true });
      if (error === undefined) await rm(processPath, { force: true });
      else await writeFileAtomic(processPath, toJson({ ...self, error: messageOf(error) }));
    },
  };
}

function readRequest(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

async function readChecked<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.safeParse(JSON.parse(await readFile(path, "utf8"))).data;
  } catch {
    return undefined;
  }
}

/** undefined where there is none, or none that can be read. */
export const readProcess = (run: string): Promise<RunProcess | undefined> =>
  readChecked(join(run, LIVE_FILES.process), processSchema);

/** undefined where there is none, or none that can be read: the run is of an earlier version. */
export const readSession = (run: string): Promise<RunSession | undefined> =>
  readChecked(join(run, LIVE_FILES.session), sessionSchema);

/** The instance that a request to stop names; undefined where there is none. */
export const readStopRequest = (run: string): string | undefined => readRequest(join(run, LIVE_FILES.stop));

/**
 * Asks the process that process.json tells of to stop, as Ctrl-C does: the step under way is finished and saved.
 * @throws HipError "disk"
 */
export const askToStop = (run: string, { instance }: RunProcess): Promise<void> =>
  writeFileAtomic(join(run, LIVE_FILES.stop), `${instance}\n`);

/** "elsewhere": on another machine, of which this one cannot tell. */
export function lifeOf({ pid, host, birth }: RunProcess): "alive" | "dead" | "elsewhere" {
  if (host !== hostname()) return "elsewhere";
  try {
    // Sends nothing: only asks whether there is such a process.
    process.kill(pid, 0);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "EPERM") return "dead";
  }
  const now = birthOf(pid);
  // The number may have gone to another process since.
  return birth !== null && now !== null && birth !== now ? "dead" : "alive";
}
