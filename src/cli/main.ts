/** The entry of the command line: arguments in, exit code out. */
import { type Command, CommanderError } from "commander";
import { errorJson, HipError } from "../core/errors.ts";
import { joinParent } from "../node/job-channel.ts";
import { VERSION } from "../node/version.ts";
import { OtherRankFailed } from "../train/agreement.ts";
import { INTERRUPTED, isAbort } from "./interrupt.ts";
import { type Outcome, printError, printJson, printOutcome } from "./outcome.ts";
import { buildProgram, checkVerb, usageError } from "./program.ts";

const USAGE = 2;
const OUR_BUG = 70;

/** A reader that has seen enough (`hipmri info x | head -1`) is no error. */
function endOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
}

/** Tells of anything that went wrong. @returns the exit code */
function report(error: unknown, isJson: boolean): number {
  if (error instanceof HipError) {
    if (isJson) printJson({ error: errorJson(error) });
    printError(error);
    return error.code === "usage" ? USAGE : 1;
  }
  // The rank that failed tells why.
  if (error instanceof OtherRankFailed) return 1;
  if (isAbort(error)) {
    process.stderr.write("Stopped\n");
    return INTERRUPTED;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (isJson) printJson({ error: { code: "internal", message: String(error), problems: [] } });
  process.stderr.write(
    `internal error: ${stack}\n` +
      `hint: this is a bug of hipmri-unet ${VERSION} (Node ${process.versions.node}, ${process.platform}); ` +
      "please report it with the command and the lines above\n",
  );
  return OUR_BUG;
}

async function run(program: Command, argv: readonly string[]): Promise<void> {
  const unknown = checkVerb(argv, program);
  if (unknown !== undefined) throw unknown;
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version have been printed.
    if (error.exitCode !== 0) throw usageError(error, argv, program);
  }
}

/**
 * Runs one command.
 * @param argv the arguments after the program's name
 * @returns the exit code: 0 done, 1 bad data, 2 wrong usage, 70 our bug, 130 stopped by Ctrl-C
 */
export async function main(argv: readonly string[]): Promise<number> {
  if (process.stdout.listenerCount("error", endOnClosedPipe) === 0)
    process.stdout.on("error", endOnClosedPipe);
  joinParent();
  const isJson = argv.includes("--json");
  let outcome: Outcome | undefined;
  const session = {
    argv,
    finish(result: Outcome): void {
      outcome = result;
    },
  };
  try {
    await run(buildProgram(session), argv);
    return outcome === undefined ? 0 : printOutcome(outcome, isJson);
  } catch (error) {
    return report(error, isJson);
  }
}
