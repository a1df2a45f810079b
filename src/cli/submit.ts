/** `hipmri submit`: a command as a SLURM array or a Kubernetes Indexed Job. */
import { SUBMITTED_VERBS } from "./submit-call.ts";
import type { SubmitFlags } from "./submit-options.ts";
import { gather } from "./values.ts";
import { type AddVerb, addCommonFlags, addExamples } from "./verb.ts";

export const addSubmit: AddVerb = (program, session) => {
  const command = program
    .command("submit")
    .summary("run a command as tasks of a SLURM or Kubernetes cluster")
    .usage("[FLAGS] -- VERB ARGUMENTS")
    .description(
      `Shares ${SUBMITTED_VERBS.slice(0, -1).join(", ")} and train (--folds, --sweep) out among tasks, merges their results, and queues a training again at its time limit. Without --go it writes the scripts into OUT/submit and says what to do with them.`,
    )
    .argument("[command...]", `the command, behind "--": ${SUBMITTED_VERBS.join(", ")}`)
    .option("--go", "submit, too (sbatch; not with --kubernetes)")
    .option("--dry-run", "print SLURM scripts and Kubernetes manifests, and write nothing")
    .option("--tasks <n>", "tasks to share the work out among (default: by its size)")
    .option("--at-once <n>", "tasks that run at once, at most")
    .option(
      "--time <time>",
      "SLURM's time limit of a task: 90m, 2h, 1-12:00:00, or minutes (default: estimated)",
    )
    .option("--lead <time>", "so long before the limit a training saves and stops (default: 2m)")
    .option("--memory <size>", "memory of a task, with --ranks of each rank: 8G (default: estimated)")
    .option("--cpus <n>", "CPUs of a task, with --ranks of each rank (default: 4, of a training its threads)")
    .option(
      "--ranks <n>",
      "processes that train one network together, started by mpirun (one training alone)",
    )
    .option("--partition <name>", "SLURM's partition")
    .option("--account <name>", "SLURM's account")
    .option("--slurm <name=value>", "a further option of sbatch, e.g. constraint=avx512 (repeatable)", gather)
    .option("--kubernetes", "manifests of Kubernetes in place of SLURM's scripts")
    .option("--image <name>", "with --kubernetes: an image that holds hipmri")
    .option("--claim <name>", "with --kubernetes: the PersistentVolumeClaim with data and results")
    .option("--mount <path>", "with --kubernetes: where the claim is mounted (default: /work)")
    .option("--out-scripts <dir>", "where the scripts go (default: OUT/submit)")
    .action(async (words: readonly string[], flags: SubmitFlags) => {
      const { submit } = await import("./submit-run.ts");
      session.finish(await submit(program, words, flags));
    });
  addExamples(addCommonFlags(command), [
    "hipmri submit --go -- predict runs/pelvis archive/ --out masks",
    "hipmri submit --tasks 20 --time 1h --partition cpu -- evaluate runs/pelvis DATA --out judged",
    "hipmri submit --go --time 12h -- train DATA --out runs/folds --folds 5 --minutes 600",
    "hipmri submit --kubernetes --image registry/hipmri --claim data --tasks 8 -- predict model.onnx scans/ --out masks",
    "hipmri submit --dry-run -- check DATA --out checked",
  ]);
};
