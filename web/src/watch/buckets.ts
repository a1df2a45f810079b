/** Runs brought to one axis of steps, of no more places than the charts have pixels. */
import type { RunSeries } from "./series.ts";

/** Steps after `from`, up to `to`. */
export interface StepRange {
  readonly from: number;
  readonly to: number;
}

export type Values = (number | null)[];

/** One value a place of the axis; null where the run says nothing. */
export interface RunCurves {
  readonly loss: Values;
  readonly lossMin: Values;
  readonly lossMax: Values;
  readonly learningRate: Values;
  readonly stepsPerSecond: Values;
  readonly validationLoss: Values;
  readonly meanDice: Values;
  /** By label name. */
  readonly dice: ReadonlyMap<string, Values>;
}

export interface Buckets {
  /** The last step of each place. */
  readonly steps: readonly number[];
  readonly runs: readonly RunCurves[];
}

interface Axis {
  readonly from: number;
  readonly to: number;
  /** Steps that a place stands for. */
  readonly width: number;
  readonly places: number;
}

const known = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Means weighted by what the points stand for. */
function addSteps(series: RunSeries, { from, to, width }: Axis, curves: RunCurves): void {
  const { step, loss, lossMin, lossMax, learningRate, seconds, count } = series.columns;
  let place = -1;
  let weight = 0;
  const sum = { loss: 0, learningRate: 0, seconds: 0 };
  const range = { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
  function close(): void {
    if (weight === 0) return;
    curves.loss[place] = known(sum.loss / weight);
    curves.lossMin[place] = known(range.min);
    curves.lossMax[place] = known(range.max);
    curves.learningRate[place] = sum.learningRate > 0 ? sum.learningRate / weight : null;
    curves.stepsPerSecond[place] = known(weight / sum.seconds);
  }
  for (let i = 0; i < series.length; i++) {
    const at = step[i]!;
    if (at <= from || at > to) continue;
    const here = Math.floor((at - from - 1) / width);
    if (here !== place) {
      close();
      place = here;
      weight = 0;
      sum.loss = sum.learningRate = sum.seconds = 0;
      range.min = Number.POSITIVE_INFINITY;
      range.max = Number.NEGATIVE_INFINITY;
    }
    const many = count[i]!;
    weight += many;
    sum.loss += loss[i]! * many;
    sum.learningRate += learningRate[i]! * many;
    sum.seconds += seconds[i]! * many;
    range.min = Math.min(range.min, lossMin[i]!);
    range.max = Math.max(range.max, lossMax[i]!);
  }
  close();
}

/** Of several epochs in one place the last is shown. */
function addEpochs(series: RunSeries, { from, to, width, places }: Axis, curves: RunCurves): RunCurves {
  const dice = new Map<string, Values>();
  for (const epoch of series.epochs) {
    if (epoch.step <= from || epoch.step > to) continue;
    const place = Math.floor((epoch.step - from - 1) / width);
    curves.validationLoss[place] = epoch.validationLoss;
    curves.meanDice[place] = epoch.foregroundDice;
    for (const [name, value] of Object.entries(epoch.dice)) {
      const values = dice.get(name) ?? new Array<number | null>(places).fill(null);
      values[place] = value;
      dice.set(name, values);
    }
  }
  return { ...curves, dice };
}

/** @param places at most so many, e.g. pixels */
export function makeBuckets(series: readonly RunSeries[], { from, to }: StepRange, places: number): Buckets {
  const steps = Math.max(0, to - from);
  const width = Math.max(1, Math.ceil(steps / Math.max(1, places)));
  const axis: Axis = { from, to, width, places: Math.ceil(steps / width) };
  const empty = (): Values => new Array<number | null>(axis.places).fill(null);
  return {
    steps: Array.from({ length: axis.places }, (_, i) => Math.min(to, from + (i + 1) * width)),
    runs: series.map((each) => {
      const curves: RunCurves = {
        loss: empty(),
        lossMin: empty(),
        lossMax: empty(),
        learningRate: empty(),
        stepsPerSecond: empty(),
        validationLoss: empty(),
        meanDice: empty(),
        dice: new Map(),
      };
      addSteps(each, axis, curves);
      return addEpochs(each, axis, curves);
    }),
  };
}
