import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import { decodeCheckpoint, encodeCheckpoint, type TrainingState } from "../../src/train/checkpoint.ts";
import { parseSafetensors, writeSafetensors } from "../../src/train/safetensors.ts";

const state: TrainingState = {
  step: 120,
  epoch: 3,
  tensors: { parameters: Float32Array.of(1, -2.5, 3e-38), "adam/m": new Float32Array(2) },
  metadata: { configHash: "abc", history: '[{"dataSha256":"headerSha256"}]' },
};

async function errorOf(bytes: Uint8Array): Promise<HipError> {
  try {
    await decodeCheckpoint(bytes, "last.safetensors");
  } catch (error) {
    if (error instanceof HipError) return error;
    throw error;
  }
  throw new Error("Expected an error");
}

describe("a checkpoint", () => {
  test("gives back any state, to the bit", async () => {
    const reserved = new Set(["dataSha256", "epoch", "format", "headerSha256", "step"]);
    const states = fc.record({
      step: fc.maxSafeNat(),
      epoch: fc.nat(),
      tensors: fc.dictionary(
        fc.string().filter((name) => name !== "__metadata__"),
        fc.float32Array({ maxLength: 20 }),
      ),
      metadata: fc.dictionary(
        fc.string().filter((key) => !reserved.has(key)),
        fc.oneof(fc.string(), fc.constant('","headerSha256":"0000"')),
      ),
    });
    await fc.assert(
      fc.asyncProperty(states, async (one) => {
        const back = await decodeCheckpoint(await encodeCheckpoint(one), "x");
        expect(back.step).toBe(one.step);
        expect(back.epoch).toBe(one.epoch);
        expect(Object.entries(back.metadata).sort()).toEqual(Object.entries(one.metadata).sort());
        const words = (data: Float32Array): Uint32Array => new Uint32Array(data.slice().buffer);
        expect(Object.keys(back.tensors).sort()).toEqual(Object.keys(one.tensors).sort());
        for (const [key, data] of Object.entries(one.tensors)) {
          expect(words(back.tensors[key]!)).toEqual(words(data));
        }
      }),
      { numRuns: 100 },
    );
  });

  test("is equal for equal states, and any safetensors reader opens it", async () => {
    const bytes = await encodeCheckpoint(state);
    expect(await encodeCheckpoint({ ...state })).toEqual(bytes);
    const { tensors, metadata } = parseSafetensors(bytes, "x");
    expect(tensors.parameters).toEqual({ shape: [3], data: state.tensors.parameters });
    expect(metadata.step).toBe("120");
    // The sum of the data section is what sha256sum says of it.
    const data = bytes.subarray(bytes.length - 20);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
    expect(metadata.dataSha256).toBe(Buffer.from(digest).toString("hex"));
  });

  test("detects every flipped bit", async () => {
    const bytes = await encodeCheckpoint(state);
    for (let at = 0; at < bytes.length; at++) {
      for (const bit of [at % 8, 5]) {
        const flipped = bytes.slice();
        flipped[at]! ^= 1 << bit;
        expect((await errorOf(flipped)).code).toBe("bad-checkpoint");
      }
    }
  });

  test("detects being cut short at every length, and more bytes at the end", async () => {
    const bytes = await encodeCheckpoint(state);
    for (let length = 0; length < bytes.length; length++) {
      expect((await errorOf(bytes.subarray(0, length))).code).toBe("bad-checkpoint");
    }
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    expect((await errorOf(longer)).message).toBe(
      'Cannot read "last.safetensors": expected 20 bytes of data after the header, found 21',
    );
  });

  test("says which part differs and what to do", async () => {
    const bytes = await encodeCheckpoint(state);
    bytes[bytes.length - 1]! ^= 1;
    const error = await errorOf(bytes);
    expect(error.message).toMatch(
      /^Cannot use "last.safetensors": the SHA-256 of its data should be [0-9a-f]{64}, found [0-9a-f]{64}$/,
    );
    expect(error.hint).toBe(
      "The file is damaged: use another checkpoint or a copy of this one, or train anew",
    );
  });

  test("is not any other safetensors file", async () => {
    const other = writeSafetensors({}, {});
    const message = 'Cannot use "last.safetensors": expected the format "hipmri-checkpoint-1", found ';
    expect((await errorOf(other)).message).toBe(`${message}none`);
    expect((await errorOf(writeSafetensors({}, { format: "pt" }))).message).toBe(`${message}"pt"`);
    const unsigned = await errorOf(writeSafetensors({}, { format: "hipmri-checkpoint-1" }));
    expect(unsigned.message).toMatch(/the SHA-256 of its header should be given, found [0-9a-f]{64}$/);
  });

  test("refuses metadata under its own keys, and counts that are none", async () => {
    await expect(encodeCheckpoint({ ...state, metadata: { step: "1" } })).rejects.toThrow(
      new RangeError('Metadata key "step" is the format\'s own'),
    );
    await expect(encodeCheckpoint({ ...state, epoch: 1.5 })).rejects.toThrow(
      new RangeError("A checkpoint's epoch must be an integer >= 0, got 1.5"),
    );
  });
});
