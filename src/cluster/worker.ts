/** One share of the work in a process of its own, on this machine. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { isJobNews, JOB_VARIABLE, type JobNews } from "../node/job-channel.ts";

/** `hipmri`, in a clone as in an installed package. */
export const OWN_COMMAND: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL("../../bin/hipmri.js", import.meta.url)),
];

/** Of each stream, its end: enough for an error as JSON, and for the last lines. */
const KEPT_CHARACTERS = 1_000_000;

export interface WorkerEnd {
  /** null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it wrote. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface Worker {
  readonly ended: Promise<WorkerEnd>;
  /** As the first Ctrl-C: it saves, then it ends; asked again it goes on saving. */
  stop(): void;
  /** It ends at once, by SIGKILL, saved or not. */
  kill(): void;
}

/**
 * Starts `hipmri ARGV` as a job of this process.
 * @param on.line of its stderr, as it is written
 */
export function startWorker(
  argv: readonly string[],
  on: { readonly news: (news: JobNews) => void; readonly line: (text: string) => void },
  command: readonly string[] = OWN_COMMAND,
): Worker {
  const [program = process.execPath, ...first] = command;
  const child: ChildProcess = spawn(program, [...first, ...argv], {
    // A group of its own: the terminal's Ctrl-C comes to this process alone, which hands on the first and kills at the second.
    detached: process.platform !== "win32",
    env: { ...process.env, [JOB_VARIABLE]: "1" },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    windowsHide: true,
  });
  let stdout = "";
  let stderr = "";
  let begun = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout = `${stdout}${text}`.slice(-KEPT_CHARACTERS);
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr = `${stderr}${text}`.slice(-KEPT_CHARACTERS);
    const lines = `${begun}${text}`.split("\n");
    begun = lines.pop() ?? "";
    for (const line of lines) on.line(line);
  });
  child.on("message", (message) => {
    if (isJobNews(message)) on.news(message);
  });
  const ended = new Promise<WorkerEnd>((resolve) => {
    child.once("error", (error) =>
      resolve({ code: null, signal: null, stdout, stderr: `${stderr}${error.message}\n` }),
    );
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    ended,
    stop: () => {
      child.kill("SIGTERM");
    },
    kill: () => {
      child.kill("SIGKILL");
    },
  };
}
