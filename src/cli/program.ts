/** The command `hipmri`: its verbs, its help, and what a mistyped one is answered. */
import { Command, type CommanderError } from "commander";
import { HipError } from "../core/errors.ts";
import { asTyped } from "../node/as-typed.ts";
import { VERSION } from "../node/version.ts";
import { closestWord } from "../train/suggest.ts";
import { addCheck } from "./check.ts";
import { addCompare } from "./compare.ts";
import { addConvert } from "./convert.ts";
import { addDemo } from "./demo.ts";
import { addDevices } from "./devices.ts";
import { addEvaluate } from "./evaluate.ts";
import { addInfo } from "./info.ts";
import { addMerge } from "./merge.ts";
import { addPhantom } from "./phantom.ts";
import { addPredict } from "./predict.ts";
import { addQuantise } from "./quantise.ts";
import { addScore } from "./score.ts";
import { addServe } from "./serve.ts";
import { addSubmit } from "./submit.ts";
import { addTrain } from "./train.ts";
import type { AddVerb, Session } from "./verb.ts";

const VERBS: readonly AddVerb[] = [
  addDemo,
  addPhantom,
  addCheck,
  addConvert,
  addTrain,
  addEvaluate,
  addScore,
  addCompare,
  addPredict,
  addMerge,
  addQuantise,
  addInfo,
  addServe,
  addSubmit,
  addDevices,
];

const AFTER_HELP = `
Examples:
  $ hipmri demo                                               see it work, no data needed
  $ hipmri phantom phantom-data                               make synthetic data
  $ hipmri check phantom-data                                 find what is wrong with a data set
  $ hipmri convert phantom-data --out volumes                 slices to volumes and back
  $ hipmri train phantom-data --out runs/first --minutes 2    train on it
  $ hipmri evaluate runs/first phantom-data --out judged      judge the model on its test patients
  $ hipmri score masks/ truth/                                score masks that any tool made
  $ hipmri compare runs/first runs/second --out compared      hold runs against each other
  $ hipmri predict runs/first slices/ --out masks             segment images
  $ hipmri merge masks                                        join what several machines did with --shard
  $ hipmri quantise runs/first phantom-data                   the same model in 8-bit integers, faster
  $ hipmri info scan.nii.gz                                   describe an image or a model
  $ hipmri serve runs/first                                   watch it train; segment in the browser
  $ hipmri submit -- predict runs/first scans/ --out masks    the same on a SLURM or Kubernetes cluster
  $ hipmri devices                                            what can do the work here

"hipmri VERB --help" tells the flags of a verb. Results go to stdout, progress to stderr.
Exit codes: 0 done, 1 bad data, 2 wrong usage, 70 a bug of ours, 130 stopped by Ctrl-C.
Research only: not a medical device.`;

/** Commander's own errors come as exceptions; nothing is printed but help and version. */
export function buildProgram(session: Session): Command {
  const program = new Command("hipmri")
    .description("Train, judge and apply a U-Net that segments male-pelvis MRI.")
    .usage("VERB [ARGUMENTS] [FLAGS]")
    .version(VERSION, "--version", "print the version")
    .helpOption("-h, --help", "show this help")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        process.stdout.write(asTyped(text));
      },
      writeErr: () => undefined,
    })
    .configureHelp({ subcommandTerm: (command) => command.name(), showGlobalOptions: false })
    .addHelpText("after", AFTER_HELP);
  for (const add of VERBS) add(program, session);
  return program;
}

/** What is wrong with a verb that does not exist; undefined where the first word is a verb or a flag. */
export function checkVerb(argv: readonly string[], program: Command): HipError | undefined {
  const word = argv.find((each) => each !== "--json" && each !== "--quiet");
  const verbs = program.commands.map((command) => command.name());
  const list = `Verbs: ${verbs.join(", ")}`;
  if (word === undefined) {
    return new HipError("usage", "No verb was given", { hint: `${list}; "hipmri --help" tells more` });
  }
  if (word.startsWith("-") || word === "help" || verbs.includes(word)) return undefined;
  const near = closestWord(word, verbs);
  return new HipError("usage", `Unknown verb "${word}"`, {
    hint: near === undefined ? list : `Did you mean "${near}"? ${list}`,
  });
}

/** Commander's message in the form of ours. */
export function usageError(error: CommanderError, argv: readonly string[], program: Command): HipError {
  const [first = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const message = `${first.charAt(0).toUpperCase()}${first.slice(1)}`.replace(/'([^']*)'/g, '"$1"');
  const suggestion = /\(Did you mean (.*)\?\)/.exec(rest.join(" "))?.[1];
  const verb = argv.find((word) => program.commands.some((command) => command.name() === word));
  const help = `"hipmri ${verb === undefined ? "" : `${verb} `}--help" tells the flags`;
  if (verb === "submit" && !argv.includes("--")) {
    const hint = 'Put "--" before the command that is to be submitted: hipmri submit FLAGS -- VERB ARGUMENTS';
    return new HipError("usage", message.replace(/\.$/, ""), { hint, cause: error });
  }
  return new HipError("usage", message.replace(/\.$/, ""), {
    hint: suggestion === undefined ? help : `Did you mean "${suggestion}"? ${help}`,
    cause: error,
  });
}
