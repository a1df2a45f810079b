/** Trainings whose minutes leave so few steps that their figures say nothing, and how many minutes would do. */
import { formatDuration } from "../core/duration.ts";
import { counted } from "../core/text.ts";
import { LEAST_STEPS_PER_EPOCH, type Measured, type PlannedConfig, passSteps, planSteps } from "./plan.ts";

/** Of a large set, of which one pass takes more, a network learns something long before it has seen all of it. */
const ENOUGH_STEPS = 100;

/**
 * One pass over the training slices, from LEAST_STEPS_PER_EPOCH to ENOUGH_STEPS.
 * @param slices number of training slices
 */
export const leastSteps = (config: PlannedConfig, slices: number): number =>
  Math.min(Math.max(passSteps(config, slices), LEAST_STEPS_PER_EPOCH), ENOUGH_STEPS);

/** "31 are the least (one pass over the 123 training slices)" */
function leastText(config: PlannedConfig, slices: number): string {
  const least = leastSteps(config, slices);
  const pass = passSteps(config, slices);
  const about = `one pass over the ${counted(slices, "training slice")}`;
  return `${least} are the least (${about}${pass === least ? "" : ` is ${pass}`})`;
}

/** Of a training that starts from a model few steps may be enough: its weights are good already. */
interface ShortConfig extends PlannedConfig {
  readonly finetune?: { readonly from: string | null };
}

const isFromModel = ({ finetune }: ShortConfig): boolean => (finetune?.from ?? null) !== null;

/** The fewest minutes, in two digits, that leave so many steps beside the validations. */
function minutesFor(steps: number, config: PlannedConfig, slices: number, measured: Measured): number {
  for (let wished = (steps * measured.stepMs + measured.validationMs) / 60_000; ; wished *= 1.02) {
    const unit = 10 ** (Math.floor(Math.log10(wished)) - 1);
    const minutes = Number((Math.ceil(wished / unit) * unit).toPrecision(2));
    if (planSteps({ ...config, steps: null, minutes }, slices, measured).steps >= steps) return minutes;
  }
}

/** What to tell before a training whose minutes leave too few steps; undefined of others. */
export function shortMinutes(config: ShortConfig, slices: number, measured: Measured): string | undefined {
  const { minutes, steps: stated } = config;
  if (minutes === null || stated !== null || isFromModel(config)) return undefined;
  const { steps } = planSteps(config, slices, measured);
  const least = leastSteps(config, slices);
  if (steps >= least) return undefined;
  const { stepMs, validationMs } = measured;
  return (
    `too short to learn from: ${minutes} minutes leave ${counted(steps, "step")} ` +
    `(${Math.round(stepMs)} ms each, a validation ${formatDuration(validationMs / 1000)}), and ` +
    `${leastText(config, slices)}; give --minutes ${minutesFor(least, config, slices, measured)} or more`
  );
}

/**
 * What weakens the figures of a training whose minutes left too few steps, to follow the number of what it trained;
 * undefined of others. The same on every machine that took so many steps.
 * @param config with its steps
 */
export function tooShort(config: ShortConfig, slices: number): string | undefined {
  const { minutes, steps } = config;
  if (minutes === null || steps === null || isFromModel(config)) return undefined;
  if (steps >= leastSteps(config, slices)) return undefined;
  return `trained too short to judge the network by: ${counted(steps, "step")}, and ${leastText(config, slices)}`;
}
