/** What a verb hands back, and how it is shown: results on stdout, all else on stderr. */
import { styleText } from "node:util";
import { errorJson, type HipError } from "../core/errors.ts";
import { asTyped, tell } from "../node/as-typed.ts";

export interface Outcome {
  /** The result as `--json` prints it. */
  readonly json: Readonly<Record<string, unknown>>;
  /** The result for people. */
  readonly text: string;
  /** What went wrong beside a result that stands, e.g. one unreadable image of many. */
  readonly error?: HipError;
  /** Default 0, or 1 with an error. */
  readonly exitCode?: number;
}

/** `error: MESSAGE`, the problems as an indented list, `hint: …`. Ends with a newline. */
function errorText({ message, problems, hint }: HipError, isColoured = false): string {
  const head = isColoured ? styleText("red", "error:") : "error:";
  const lines = [`${head} ${message}`, ...problems.map((problem) => `  - ${problem}`)];
  if (hint !== undefined) lines.push(`hint: ${hint}`);
  return `${lines.join("\n")}\n`;
}

function isColoured(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && !process.env.NO_COLOR;
}

export function printError(error: HipError): void {
  tell(errorText(error, isColoured(process.stderr)));
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Prints a verb's result. @returns the exit code */
export function printOutcome(outcome: Outcome, isJson: boolean): number {
  const { json, text, error, exitCode } = outcome;
  if (isJson) printJson(error === undefined ? json : { ...json, error: errorJson(error) });
  else if (text !== "") process.stdout.write(`${asTyped(text)}\n`);
  if (error !== undefined) printError(error);
  return exitCode ?? (error === undefined ? 0 : 1);
}
