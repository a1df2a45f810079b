/**
 * For which labels keeping only the largest connected component makes masks better, as nnU-Net finds out by
 * cross-validation (Isensee et al. 2021). What is taken away becomes background, so no label can harm another.
 */

import { keepLargestComponent } from "../volume/components.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { diceOf } from "./overlap.ts";

/** A smaller gain in mean Dice is luck. */
const LEAST_GAIN = 0.0005;
/** No single volume may lose more: a rare organ in two parts must not pay for the specks of others. */
const MOST_LOSS = 0.01;

export interface CleanUpMeter {
  /** One volume; neither array is changed. */
  add(volume: {
    readonly truth: Uint8Array;
    readonly prediction: Uint8Array;
    readonly shape: readonly [number, number, number];
  }): void;
  /** Ids of the labels that gain, upwards. */
  result(): readonly number[];
}

export function makeCleanUpMeter(labels: readonly LabelDefinition[]): CleanUpMeter {
  const foreground = labels.filter(({ id }) => id !== 0);
  const changes = new Map<number, number[]>(foreground.map(({ id }) => [id, []]));

  function dice(truth: Uint8Array, prediction: Uint8Array, id: number): number | null {
    const counts = { truth: 0, prediction: 0, overlap: 0 };
    for (let i = 0; i < truth.length; i++) {
      const isTrue = truth[i] === id;
      const isFound = prediction[i] === id;
      if (isTrue) counts.truth++;
      if (isFound) counts.prediction++;
      if (isTrue && isFound) counts.overlap++;
    }
    return diceOf(counts);
  }

  return {
    add({ truth, prediction, shape }) {
      for (const { id } of foreground) {
        const cleaned = prediction.slice();
        const before = dice(truth, prediction, id);
        if (before === null) continue;
        const removed = keepLargestComponent(cleaned, shape, id);
        changes.get(id)!.push(removed === 0 ? 0 : (dice(truth, cleaned, id) ?? 0) - before);
      }
    },
    result: () =>
      foreground
        .map(({ id }) => id)
        .filter((id) => {
          const of = changes.get(id)!;
          const gain = of.reduce((sum, change) => sum + change, 0) / Math.max(of.length, 1);
          return gain >= LEAST_GAIN && of.every((change) => change >= -MOST_LOSS);
        })
        .sort((a, b) => a - b),
  };
}
