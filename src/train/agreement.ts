/** What ranks tell each other beside gradients, so that all of them go the same way. */
import { HipError } from "../core/errors.ts";
import type { Ranks } from "./ranks.ts";
import type { StepTensors } from "./stepper.ts";

const utf8 = { encode: new TextEncoder(), decode: new TextDecoder() } as const;

/** What every rank gave, by rank. @param value as JSON has it: it knows no NaN and no Infinity */
export async function gatherValues<T>(ranks: Ranks, value: T): Promise<readonly T[]> {
  if (ranks.size === 1) return [value];
  const all = await ranks.gather(utf8.encode.encode(JSON.stringify(value)));
  return all.map((bytes) => JSON.parse(utf8.decode.decode(bytes)) as T);
}

/** Thrown by the ranks that nothing is wrong with: another one tells what is. */
export class OtherRankFailed extends Error {
  override readonly name = "OtherRankFailed";
}

/**
 * Work that every rank does by itself, without the others: where it fails on one it fails on all, so that none waits for
 * ever. @throws what the first rank with an error threw, on that rank; OtherRankFailed on the others
 */
export async function settled<T>(ranks: Ranks, work: () => Promise<T>): Promise<T> {
  if (ranks.size === 1) return work();
  let result: { readonly value: T } | { readonly error: unknown };
  try {
    result = { value: await work() };
  } catch (error) {
    result = { error };
  }
  const first = (await gatherValues(ranks, "error" in result)).indexOf(true);
  if (first !== -1 && first !== ranks.rank) throw new OtherRankFailed(`rank ${first} failed`);
  if ("error" in result) throw result.error;
  return result.value;
}

/** What rank 0 makes of it, on all ranks; as settled() where it fails. */
export async function fromFirst<T>(ranks: Ranks, make: () => Promise<T>): Promise<T> {
  const own = await settled(ranks, async () => (ranks.rank === 0 ? { value: await make() } : {}));
  const [first] = await gatherValues<{ readonly value?: T }>(ranks, own);
  // Its own as it is: JSON leaves out what is undefined.
  return (ranks.rank === 0 ? own : first!).value as T;
}

/** As gatherValues(), of numbers, which keep all their bits. */
export async function gatherNumbers(ranks: Ranks, own: Float64Array): Promise<readonly Float64Array[]> {
  if (ranks.size === 1) return [own];
  const all = await ranks.gather(new Uint8Array(own.buffer, own.byteOffset, own.byteLength));
  return all.map((bytes) => new Float64Array(bytes.slice().buffer));
}

/** Whether any rank was asked to stop: one that is told so by a signal must not leave the others waiting. */
export async function isAnyStopping(ranks: Ranks, host: { isStopping(): boolean }): Promise<boolean> {
  return (await gatherValues(ranks, host.isStopping())).includes(true);
}

/** The ranks whose value is not that of rank 0. */
export const ranksApart = <T>(values: readonly T[]): readonly number[] =>
  values.flatMap((value, rank) => (value === values[0] ? [] : [rank]));

/** The largest of every rank's numbers. */
export async function largestOf(ranks: Ranks, value: number): Promise<number> {
  return Math.max(...(await gatherValues(ranks, value)));
}

/** FNV-1a over 32-bit words: it tells a difference, it does not resist being forged. */
function hashOf(tensors: StepTensors): number {
  let hash = 0x811c9dc5;
  for (const vector of Object.values(tensors)) {
    const words = new Uint32Array(vector.buffer, vector.byteOffset, vector.length);
    for (const word of words) hash = Math.imul(hash ^ word, 0x01000193);
  }
  return hash >>> 0;
}

/**
 * Every rank moves its own copy of the weights along the same gradient, so that all copies keep the same bits: unless
 * processors round otherwise.
 * @throws HipError "config" on every rank, where they differ
 */
export async function checkSameWeights(ranks: Ranks, tensors: StepTensors): Promise<void> {
  if (ranks.size === 1) return;
  const others = ranksApart(await gatherValues(ranks, hashOf(tensors)));
  if (others.length === 0) return;
  throw new HipError(
    "config",
    `Cannot go on: the weights of rank ${others.join(", ")} differ from those of rank 0`,
    {
      hint: "Run all ranks on machines of one kind with the same versions of hipmri-unet and Node; --resume goes on from the last checkpoint",
    },
  );
}
