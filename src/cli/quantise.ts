/** `hipmri quantise`. */
import { formatDuration } from "../core/duration.ts";
import { counted } from "../core/text.ts";
import type { LayoutName } from "../dataset/types.ts";
import { commandLine } from "../node/shell.ts";
import type { Quantised } from "../node/workflows/quantise.ts";
import { figureText, signed } from "../report/comparison-text.ts";
import { alignColumns, alignRows } from "./layout.ts";
import { layoutOption, numberFromZero, wholeNumber } from "./values.ts";
import { type AddVerb, addCommonFlags, addExamples, type CommonFlags, warn, withProgress } from "./verb.ts";

interface Flags extends CommonFlags {
  readonly out?: string;
  readonly layout?: LayoutName;
  readonly limit?: number;
  readonly threads?: number;
}

const DIGITS = 4;
const dice = (value: number | null): string => figureText(value, DIGITS);
function change(before: number | null, now: number | null): string {
  const difference = before === null || now === null ? null : now - before;
  // A sign before zeros would say something.
  return Number(difference?.toFixed(DIGITS)) === 0 ? dice(0) : signed(difference, DIGITS);
}
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function quantiseText({ path, limit, float32, int8, observed }: Quantised, seconds: string): string {
  const rows = float32.metrics.labels.map(({ name, dice: { perVolume } }, i) => {
    const now = int8.metrics.labels[i]!.dice.perVolume.mean;
    return [name, dice(perVolume.mean), dice(now), change(perVolume.mean, now)];
  });
  const [before, now] = [float32.metrics.foregroundMean, int8.metrics.foregroundMean];
  const table = alignColumns([
    ["Dice per volume", "float32", "int8", "change"],
    ...rows,
    ["mean", dice(before), dice(now), change(before, now)],
  ]);
  const times = float32.secondsPerVolume / int8.secondsPerVolume;
  const facts = alignRows([
    [
      "Judged",
      `on ${counted(int8.metrics.cases.length, "volume")} of ${counted(int8.metrics.patients, "validation patient")}; ranges observed on ${counted(observed, "training volume")}; limit ${limit}`,
    ],
    [
      "Speed",
      `${float32.secondsPerVolume.toFixed(2)} s a volume before, ${int8.secondsPerVolume.toFixed(2)} s now: ${times.toFixed(1)} times as fast here`,
    ],
    ["Size", `${megabytes(float32.bytes)} before, ${megabytes(int8.bytes)} now`],
    ["Time", seconds],
    ["Files", path],
    ["Next", commandLine(["hipmri", "predict", path, "slices/", "--out", "masks"])],
  ]);
  return `${table}\n\n${facts}`;
}

export const addQuantise: AddVerb = (program, session) => {
  const command = program
    .command("quantise")
    .summary("a trained model in 8-bit integers, kept only where it is as good")
    .description(
      "Rounds a model's images and weights to 8-bit integers, judges both models on the validation patients, and writes model-int8.onnx where the mean Dice falls by no more than the limit.",
    )
    .argument("<model>", "a run folder or a model.onnx")
    .argument("<data>", "the data folder that it was trained on")
    .addOption(layoutOption())
    .option("--out <file>", "the file to write (default: NAME-int8.onnx beside NAME.onnx)")
    .option("--limit <dice>", "how much the mean Dice may fall (default: 0.002)", numberFromZero("--limit"))
    .option("--threads <n>", "CPU threads (default: those of the run)", wholeNumber("--threads", 1))
    .action(async (model: string, data: string, flags: Flags) => {
      const { quantiseModel } = await import("../node/workflows/quantise.ts");
      const started = performance.now();
      const { out, layout, limit, threads } = flags;
      const done = await withProgress({ label: "Quantising", isQuiet: flags.quiet ?? false }, (onProgress) =>
        quantiseModel({ model, data, out, layout, limit, threads, onProgress, warn }),
      );
      session.finish({
        json: { ...done },
        text: quantiseText(done, formatDuration((performance.now() - started) / 1000)),
      });
    });
  addExamples(addCommonFlags(command), [
    "hipmri quantise runs/pelvis keras_slices_data",
    "hipmri quantise model.onnx keras_slices_data --out small.onnx --limit 0.001 --json",
  ]);
};
