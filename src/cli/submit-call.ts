/** The command that `hipmri submit` is given, read as the verb itself would read it, without running it. */
import { type Command, CommanderError } from "commander";
import { HipError } from "../core/errors.ts";
import { closestWord } from "../train/suggest.ts";

/** Verbs whose work can be done by a cluster's tasks. */
export const SUBMITTED_VERBS = ["predict", "evaluate", "score", "check", "train"] as const;
export type SubmittedVerb = (typeof SUBMITTED_VERBS)[number];

/** Flags that are the tasks' own, or that would undo what an earlier start of a task has done. */
const FORBIDDEN: Readonly<Record<string, string>> = {
  shard: "--shard is each task's own: submit shares the work out (--tasks N)",
  jobs: "--jobs is for one machine: submit shares the work out (--tasks N)",
  overwrite:
    "--overwrite would remove the work of a task that starts again: remove the folder yourself, or give another --out",
};

export interface SubmittedCall {
  readonly verb: SubmittedVerb;
  readonly operands: readonly string[];
  /** By the names that commander gives them. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** The verb and all that stands behind it, as typed. */
  readonly words: readonly string[];
  readonly out: string;
}

function verbProblem(word: string | undefined): string {
  const list = `expected one of ${SUBMITTED_VERBS.join(", ")}`;
  if (word === undefined) return `No command to submit: ${list}, behind "--"`;
  const near = closestWord(word, SUBMITTED_VERBS);
  return `Cannot submit "${word}": ${list}${near === undefined ? "" : `; did you mean "${near}"?`}`;
}

const isVerb = (word: string | undefined): word is SubmittedVerb =>
  SUBMITTED_VERBS.some((verb) => verb === word);

/** Commander's own check of arguments and flags, with an action that does nothing. */
async function parseWords(command: Command, words: readonly string[]): Promise<readonly string[]> {
  let operands: readonly string[] = [];
  command.exitOverride().action((...parts: readonly unknown[]) => {
    // Arguments, then flags, then the command itself.
    operands = parts
      .slice(0, -2)
      .flatMap((part) => (Array.isArray(part) ? part.map(String) : [String(part)]));
  });
  await command.parseAsync([...words], { from: "user" });
  return operands;
}

/**
 * Reads "predict runs/pelvis scans/ --out masks".
 * @param problems takes everything that is wrong
 * @returns undefined where something is
 */
export async function readCall(
  program: Command,
  words: readonly string[],
  problems: string[],
): Promise<SubmittedCall | undefined> {
  const [verb, ...rest] = words;
  const command = program.commands.find((each) => each.name() === verb);
  if (!isVerb(verb) || command === undefined) {
    problems.push(verbProblem(verb));
    return undefined;
  }
  let operands: readonly string[];
  try {
    operands = await parseWords(command, rest);
  } catch (error) {
    if (error instanceof HipError) problems.push(`${verb}: ${error.message}`);
    else if (error instanceof CommanderError) {
      // Its help was asked for, and has been printed.
      if (error.exitCode === 0) throw error;
      const [first = ""] = error.message.replace(/^error: /, "").split("\n");
      problems.push(`${verb}: ${first.replace(/'([^']*)'/g, '"$1"').replace(/\.$/, "")}`);
    } else throw error;
    return undefined;
  }
  const flags: Readonly<Record<string, unknown>> = command.opts();
  const before = problems.length;
  for (const [name, problem] of Object.entries(FORBIDDEN))
    if (flags[name] !== undefined) problems.push(problem);
  const { out } = flags;
  if (typeof out !== "string") {
    problems.push(`${verb}: --out is needed: the folder, seen by all nodes, where the tasks' results meet`);
    return undefined;
  }
  return problems.length > before ? undefined : { verb, operands, flags, words, out };
}
