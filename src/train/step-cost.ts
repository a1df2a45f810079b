/** What bears on the time that a training step takes: runs that are alike in it can have equal steps. */
import { drawShapes } from "../augment/draws.ts";
import { type FittedConfig, optimizerOf } from "./config.ts";

/** Settings that change neither what is computed nor on how much; any other one, a new one too, is taken to bear on it. */
const FREE = [
  "preset",
  "seed",
  "schedule",
  "clipNorm",
  "keep",
  "epochs",
  "minutes",
  "steps",
  "stepsPerEpoch",
  "shuffle",
  "oversample",
  "memoryMb",
  "checkpointSeconds",
  "split",
  "licence",
] as const satisfies readonly (keyof FittedConfig)[];

/** Of numbers that enter a graph, whether they are there: a term of zero is left out of it. */
const isThere = (values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, typeof value === "number" ? value > 0 : value]),
  );

/** The same text for runs whose steps, and validations of the same cases, take the same time on the same device. */
export function stepCost(config: FittedConfig): string {
  const { unet, input, batchSize } = config;
  const { initialisation: _, negativeSlope, dropout, bottleneckDropout, ...layers } = unet;
  const draws = drawShapes(config.augment, { batchSize, channels: unet.inChannels, ...input.size });
  const bearing = Object.fromEntries(
    Object.entries(config).filter(([key]) => !(FREE as readonly string[]).includes(key)),
  );
  return JSON.stringify({
    ...bearing,
    unet: { ...layers, ...isThere({ negativeSlope, dropout, bottleneckDropout }) },
    loss: isThere(config.loss),
    optimizer: isThere(optimizerOf(config)),
    // How often a change is drawn changes no graph; only noise, which is drawn where it is added, takes longer the more often.
    augment: draws,
    averageDecay: config.averageDecay > 0,
    // Whose weights they are matters not.
    finetune: config.finetune.frozen,
  });
}
