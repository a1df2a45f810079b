/**
 * A checkpoint: everything a training run needs to go on, as one safetensors file that checks itself.
 * Its metadata hold two SHA-256 sums: `dataSha256` of the data section, and `headerSha256` of all bytes before it
 * with its own 64 digits as zeros. So no byte is unguarded, and any safetensors reader still opens the file.
 */
import { HipError } from "../core/errors.ts";
import { dataOffset, parseSafetensors, writeSafetensors } from "./safetensors.ts";

/** Where a training run stands. */
export interface TrainingState {
  /** Optimiser steps done. */
  readonly step: number;
  /** Epochs done. */
  readonly epoch: number;
  /** Flat vectors: parameters, optimiser moments, running statistics, moving averages. */
  readonly tensors: Readonly<Record<string, Float32Array>>;
  /** Texts that travel along: configHash, best Dice, history as JSON, version. */
  readonly metadata: Readonly<Record<string, string>>;
}

const FORMAT = "hipmri-checkpoint-1";
const BLANK = "0".repeat(64);
/** Metadata keys that the format keeps for itself. */
const RESERVED = ["dataSha256", "epoch", "format", "headerSha256", "step"] as const;
const DAMAGED = "The file is damaged: use another checkpoint or a copy of this one, or train anew";

async function sha256Hex(bytes: Uint8Array): Promise<string> {
  // The cast leaves out SharedArrayBuffer, in which no checkpoint lies.
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Where the 64 digits of a checksum lie, -1 where there are none.
 * Within a JSON string every quote is escaped, so `"key":"` can only be the key itself.
 */
function findDigits(header: Uint8Array, key: "dataSha256" | "headerSha256"): number {
  const pattern = new TextEncoder().encode(`"${key}":"`);
  for (let at = 0; at + pattern.length + BLANK.length <= header.length; at++) {
    let same = 0;
    while (same < pattern.length && header[at + same] === pattern[same]) same++;
    if (same === pattern.length) return at + same;
  }
  return -1;
}

/**
 * The bytes of a checkpoint; equal states give equal bytes.
 * @throws RangeError where the metadata use a key of the format's own, or a count is no integer >= 0.
 */
export async function encodeCheckpoint(state: TrainingState): Promise<Uint8Array<ArrayBuffer>> {
  for (const key of RESERVED) {
    if (Object.hasOwn(state.metadata, key)) throw new RangeError(`Metadata key "${key}" is the format's own`);
  }
  for (const key of ["step", "epoch"] as const) {
    if (!Number.isSafeInteger(state[key]) || state[key] < 0) {
      throw new RangeError(`A checkpoint's ${key} must be an integer >= 0, got ${state[key]}`);
    }
  }
  const tensors = Object.fromEntries(
    Object.entries(state.tensors).map(([name, data]) => [name, { shape: [data.length], data }]),
  );
  const bytes = writeSafetensors(tensors, {
    ...state.metadata,
    format: FORMAT,
    step: String(state.step),
    epoch: String(state.epoch),
    dataSha256: BLANK,
    headerSha256: BLANK,
  });
  const dataAt = dataOffset(bytes, "checkpoint");
  const header = bytes.subarray(0, dataAt);
  const ascii = new TextEncoder();
  header.set(ascii.encode(await sha256Hex(bytes.subarray(dataAt))), findDigits(header, "dataSha256"));
  header.set(ascii.encode(await sha256Hex(header)), findDigits(header, "headerSha256"));
  return bytes;
}

async function checkSums(
  bytes: Uint8Array,
  metadata: Readonly<Record<string, string>>,
  name: string,
): Promise<void> {
  const dataAt = dataOffset(bytes, name);
  const blanked = bytes.slice(0, dataAt);
  const at = findDigits(blanked, "headerSha256");
  if (at >= 0) blanked.fill(0x30, at, at + BLANK.length);
  const sums = [
    ["header", metadata.headerSha256, await sha256Hex(blanked)],
    ["data", metadata.dataSha256, await sha256Hex(bytes.subarray(dataAt))],
  ] as const;
  for (const [part, expected, found] of sums) {
    if (expected !== found) {
      throw new HipError(
        "bad-checkpoint",
        `Cannot use "${name}": the SHA-256 of its ${part} should be ${expected ?? "given"}, found ${found}`,
        { hint: DAMAGED },
      );
    }
  }
}

/**
 * Reads and verifies a checkpoint.
 * @param name how errors call the file.
 * @throws HipError "bad-checkpoint" where it is cut short, any bit differs, or it is another kind of file.
 */
export async function decodeCheckpoint(bytes: Uint8Array, name: string): Promise<TrainingState> {
  const file = parseSafetensors(bytes, name);
  const { format } = file.metadata;
  if (format !== FORMAT) {
    throw new HipError(
      "bad-checkpoint",
      `Cannot use "${name}": expected the format "${FORMAT}", found ${format === undefined ? "none" : JSON.stringify(format)}`,
      { hint: "Give a checkpoint that this version of hipmri wrote" },
    );
  }
  await checkSums(bytes, file.metadata, name);
  const { step, epoch, format: _f, dataSha256: _d, headerSha256: _h, ...metadata } = file.metadata;
  const tensors = Object.entries(file.tensors).map(([key, { data }]): [string, Float32Array] => {
    // The sums are right, so that only another writer can have done this.
    if (!(data instanceof Float32Array)) {
      throw new HipError("bad-checkpoint", `Cannot use "${name}": expected tensor "${key}" to be F32`, {
        hint: "Give a checkpoint that hipmri wrote",
      });
    }
    return [key, data];
  });
  return { step: Number(step), epoch: Number(epoch), tensors: Object.fromEntries(tensors), metadata };
}
