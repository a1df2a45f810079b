/** The points of one run as plain arrays, outside of what the page observes: ten thousand steps cost no more than one. */
import type { EpochPoint, HistoryEvent, StepPoint } from "../../../src/server/api.ts";

/** Where there are more, neighbours become one: the screen has fewer pixels. */
const MOST_POINTS = 16_384;
const FIRST_LENGTH = 1024;

const COLUMNS = ["step", "loss", "lossMin", "lossMax", "learningRate", "seconds", "count"] as const;
type ColumnName = (typeof COLUMNS)[number];

export class RunSeries {
  /** Of each column so many values hold. What is not known is NaN. */
  length = 0;
  #columns = RunSeries.#make(FIRST_LENGTH);
  #epochs: EpochPoint[] = [];

  static #make(length: number): Readonly<Record<ColumnName, Float64Array>> {
    const column = (): Float64Array => new Float64Array(length);
    return {
      step: column(),
      loss: column(),
      lossMin: column(),
      lossMax: column(),
      learningRate: column(),
      seconds: column(),
      count: column(),
    };
  }

  get columns(): Readonly<Record<ColumnName, Float64Array>> {
    return this.#columns;
  }

  get epochs(): readonly EpochPoint[] {
    return this.#epochs;
  }

  /** The last step that is known of, in the log's steps or in its epochs. */
  get lastStep(): number {
    const step = this.length === 0 ? 0 : this.#columns.step[this.length - 1]!;
    return Math.max(step, this.#epochs.at(-1)?.step ?? 0);
  }

  replace({ steps, epochs }: HistoryEvent): void {
    this.length = 0;
    for (const point of steps) this.addStep(point);
    this.#epochs = [...epochs];
  }

  addStep(point: StepPoint): void {
    // A log that was cut back comes as a new history: what is not later was sent twice.
    if (this.length > 0 && point.step <= this.#columns.step[this.length - 1]!) return;
    if (this.length === MOST_POINTS) this.#halve();
    if (this.length === this.#columns.step.length) this.#grow();
    const at = this.length++;
    for (const name of COLUMNS) this.#columns[name][at] = point[name] ?? Number.NaN;
  }

  addEpoch(point: EpochPoint): void {
    if (point.epoch > (this.#epochs.at(-1)?.epoch ?? 0)) this.#epochs.push(point);
  }

  #grow(): void {
    const larger = RunSeries.#make(this.#columns.step.length * 2);
    for (const name of COLUMNS) larger[name].set(this.#columns[name]);
    this.#columns = larger;
  }

  /** Each pair of neighbours becomes one, weighted by what each stands for. */
  #halve(): void {
    const { step, loss, lossMin, lossMax, learningRate, seconds, count } = this.#columns;
    for (let i = 0; i < MOST_POINTS / 2; i++) {
      const a = 2 * i;
      const b = a + 1;
      const sum = count[a]! + count[b]!;
      for (const column of [loss, learningRate, seconds]) {
        column[i] = (column[a]! * count[a]! + column[b]! * count[b]!) / sum;
      }
      lossMin[i] = Math.min(lossMin[a]!, lossMin[b]!);
      lossMax[i] = Math.max(lossMax[a]!, lossMax[b]!);
      step[i] = step[b]!;
      count[i] = sum;
    }
    this.length = MOST_POINTS / 2;
  }
}
