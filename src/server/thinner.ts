/** A curve of any length in bounded memory: neighbouring points become one, with their mean, least and largest loss. */
import type { StepPoint } from "./api.ts";

export interface Thinner {
  add(point: StepPoint): void;
  /** In order; never more than the limit. */
  points(): readonly StepPoint[];
}

/** Two neighbours as one, weighted by what each stands for. */
function merge(a: StepPoint, b: StepPoint): StepPoint {
  const count = a.count + b.count;
  const mean = (x: number, y: number): number => (x * a.count + y * b.count) / count;
  const meanOrNull = (x: number | null, y: number | null): number | null =>
    x === null || y === null ? null : mean(x, y);
  return {
    step: b.step,
    epoch: b.epoch,
    loss: mean(a.loss, b.loss),
    lossMin: Math.min(a.lossMin, b.lossMin),
    lossMax: Math.max(a.lossMax, b.lossMax),
    learningRate: mean(a.learningRate, b.learningRate),
    gradientNorm: meanOrNull(a.gradientNorm, b.gradientNorm),
    seconds: meanOrNull(a.seconds, b.seconds),
    count,
  };
}

/** @param limit even, at least 2 */
export function makeThinner(limit: number): Thinner {
  let points: StepPoint[] = [];
  /** How many steps a full point stands for; doubles whenever there are too many points. */
  let width = 1;
  return {
    add(point) {
      const last = points.at(-1);
      if (last !== undefined && last.count + point.count <= width) {
        points[points.length - 1] = merge(last, point);
        return;
      }
      if (points.length === limit) {
        points = Array.from({ length: limit / 2 }, (_, i) => merge(points[2 * i]!, points[2 * i + 1]!));
        width *= 2;
      }
      points.push(point);
    },
    points: () => points.slice(),
  };
}
