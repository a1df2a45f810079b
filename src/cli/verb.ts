/** What the verbs have in common: how they are added to the command, and their progress on stderr. */
import type { Command } from "commander";
import { tell } from "../node/as-typed.ts";
import type { Outcome } from "./outcome.ts";

/** One call of the command. */
export interface Session {
  /** As typed, without "node" and the program's path. */
  readonly argv: readonly string[];
  /** Takes the verb's result. */
  finish(outcome: Outcome): void;
}

/** Adds one verb to the command. Heavy modules are imported when the verb runs, so that `--help` is quick. */
export type AddVerb = (program: Command, session: Session) => void;

/** The flags that every verb has. */
export interface CommonFlags {
  readonly json?: true;
  readonly quiet?: true;
}

export function addCommonFlags(command: Command): Command {
  return command
    .option("--json", "print the result as one JSON document on stdout")
    .option("--quiet", "no progress on stderr");
}

export function addExamples(command: Command, examples: readonly string[]): Command {
  const title = examples.length === 1 ? "Example" : "Examples";
  return command.addHelpText(
    "after",
    `\n${title}:\n${examples.map((example) => `  $ ${example}`).join("\n")}`,
  );
}

export function warn(message: string): void {
  tell(`warning: ${message}\n`);
}

/** Lends `work` a function that shows progress; the bar is ended whatever happens. */
export async function withProgress<T>(
  options: { readonly label: string; readonly isQuiet: boolean },
  work: (update: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  const { withProgress: follow } = await import("../node/progress.ts");
  return follow(process.stderr, options, work);
}
