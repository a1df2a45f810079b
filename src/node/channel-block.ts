/** Finds by trial whether ONNX Runtime's blocked convolutions are to be had on this machine, and with which block. */
import { convolve, isSame, type Load } from "./probe.ts";

/** AVX-512 has blocks of 16, AVX2 of 8. */
const BLOCKS = [16, 8] as const;

/** @returns the block with which a convolution gives what the plain one gives; undefined where none does. */
export async function findChannelBlock(load: Load): Promise<number | undefined> {
  const expected = await convolve(load);
  for (const block of BLOCKS) {
    // An ORT without the operators refuses the model.
    const found = await convolve(load, block).catch(() => undefined);
    if (found !== undefined && isSame(found, expected)) return block;
  }
  return undefined;
}
