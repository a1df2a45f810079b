/** Stopping and resuming trainings: by a file and by a process of their own; no signal is ever sent. */
import { spawn } from "node:child_process";
import { type FileHandle, open, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { askToStop, LIVE_FILES, type RunSession } from "../node/live-run.ts";
import type { ResumedChild, Standing } from "./run-status.ts";

/** `hipmri`, in a clone as in an installed package. */
export const OWN_COMMAND: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL("../../bin/hipmri.js", import.meta.url)),
];

/** The arguments that go on with a run. Where it lies is known, and not taken from a file in it. */
export function resumeArguments(
  run: string,
  { data, layout, device, test, folds }: RunSession,
): readonly string[] {
  const out = folds === null ? run : dirname(run);
  const isTested = folds === null ? test : folds.test;
  return [
    "train",
    ...(layout === null ? [] : ["--layout", layout]),
    ...(device === null ? [] : ["--device", device]),
    ...(folds === null ? [] : ["--folds", `${folds.count}`]),
    ...(isTested ? ["--test"] : []),
    "--out",
    out,
    "--resume",
    "--",
    data,
  ];
}

/** @throws HipError "disk" */
export async function stopRun(run: string, { process }: Standing): Promise<void> {
  if (process !== undefined) await askToStop(run, process);
}

async function lastLineOf(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const line = lines.findLast((each) => each.startsWith("error:")) ?? lines.at(-1) ?? "";
  return line.slice(0, 500);
}

/**
 * Starts `hipmri train --resume` as a process that outlives this one; its stderr goes to RUN/resume.log.
 * @param command the words before the arguments
 * @throws Error where resume.log cannot be written
 */
export async function resumeRun(
  run: string,
  session: RunSession,
  command: readonly string[],
): Promise<{ state(): ResumedChild }> {
  const logPath = join(run, LIVE_FILES.resumeLog);
  const log: FileHandle = await open(logPath, "w");
  let state: ResumedChild = { exitCode: undefined, lastWords: "" };
  try {
    const [program = process.execPath, ...first] = command;
    const cwd = (await stat(session.cwd).catch(() => undefined))?.isDirectory() ? session.cwd : dirname(run);
    const child = spawn(program, [...first, ...resumeArguments(run, session)], {
      cwd,
      detached: true,
      stdio: ["ignore", "ignore", log.fd],
      windowsHide: true,
    });
    child.once("error", (error) => {
      state = { exitCode: null, lastWords: error.message };
    });
    child.once("exit", (exitCode) => {
      void lastLineOf(logPath).then((lastWords) => {
        state = { exitCode, lastWords };
      });
    });
    child.unref();
  } finally {
    await log.close();
  }
  return { state: () => state };
}
