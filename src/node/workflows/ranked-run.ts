/** A run that several ranks train together: rank 0 has the run folder, the others follow. */
import { HipError } from "../../core/errors.ts";
import { gatherValues, OtherRankFailed, ranksApart, settled } from "../../train/agreement.ts";
import { decodeCheckpoint, encodeCheckpoint, type TrainingState } from "../../train/checkpoint.ts";
import type { Ranks } from "../../train/ranks.ts";
import type { TrainingHost } from "../../train/types.ts";
import { announceRun, type LiveRun } from "../live-run.ts";
import { type OpenRunOptions, openRun, type RunFolder } from "../run-folder.ts";
import type { Prepared } from "./prepare.ts";
import type { TrainRunOptions } from "./train-options.ts";

/** What rank 0 alone has open. */
export interface LeadingRun {
  readonly run: RunFolder;
  readonly live: LiveRun;
}

/** Rank 0 speaks for all. */
export const optionsOf = (options: TrainRunOptions, { rank }: Ranks): TrainRunOptions =>
  rank === 0 ? options : { ...options, quiet: true };

/** Opens the run folder on rank 0; the state to go on from, which it alone reads, is then everybody's. */
export async function openForAll(
  ranks: Ranks,
  path: string,
  options: OpenRunOptions,
  session: Parameters<typeof announceRun>[1],
): Promise<{ readonly leading: LeadingRun | undefined; readonly state: TrainingState | undefined }> {
  const opened = await settled(ranks, async () => {
    if (ranks.rank > 0) return { leading: undefined, state: undefined, bytes: new Uint8Array() };
    const { run, state } = await openRun(path, options);
    const leading = { run, live: await announceRun(path, session) };
    const isSent = state !== undefined && ranks.size > 1;
    return { leading, state, bytes: isSent ? await encodeCheckpoint(state) : new Uint8Array() };
  });
  if (ranks.size === 1) return opened;
  const [bytes] = await ranks.gather(opened.bytes);
  const state = bytes!.length === 0 ? undefined : await decodeCheckpoint(bytes!, "the checkpoint of rank 0");
  return { leading: opened.leading, state };
}

/** @throws HipError "bad-dataset" on rank 0 where ranks see other data or have planned otherwise */
export async function checkSamePlan(ranks: Ranks, { config, data, split }: Prepared): Promise<void> {
  if (ranks.size === 1) return;
  const seen = JSON.stringify([
    config,
    data.slices.map(({ entry, slice }) => [entry.id, slice]),
    split.validate.map(({ id }) => id),
  ]);
  const others = ranksApart(await gatherValues(ranks, seen));
  if (others.length === 0) return;
  if (ranks.rank > 0) throw new OtherRankFailed("ranks see other data");
  throw new HipError(
    "bad-dataset",
    `Cannot train together: rank ${others.join(", ")} has other data or another configuration than rank 0`,
    { hint: "Give every rank the same command, and the same folder on a disk that all machines share" },
  );
}

/** What is thrown by all ranks alike is told by rank 0. */
export function toldOnce(error: unknown, { rank }: Ranks): unknown {
  const isShared = error instanceof HipError && error.code === "config";
  return isShared && rank > 0 ? new OtherRankFailed("all ranks failed", { cause: error }) : error;
}

/** Of a rank that writes nothing. */
export const followingHost = (signal: AbortSignal): TrainingHost => ({
  onStep: async () => undefined,
  onEpoch: async () => undefined,
  isCheckpointDue: () => false,
  isStopping: () => signal.aborted,
  saveLast: async () => undefined,
  saveBest: async () => undefined,
});
