/** Reads spoiled files and holds each outcome to what the reader promises. */
import { makeByteSource } from "../../src/core/bytes.ts";
import { HipError } from "../../src/core/errors.ts";
import { makeRandom } from "../../src/core/random.ts";
import { readNifti, readNiftiHeader } from "../../src/nifti/read.ts";
import type { NiftiHeader, NiftiImage } from "../../src/nifti/types.ts";
import { writeMaskLike } from "../../src/nifti/write.ts";
import { inflateGzip } from "../../src/node/inflate.ts";
import { makeCase } from "./nifti-mutations.ts";
import type { Given } from "./nifti-seeds.ts";

export const SLOWEST_ALLOWED_MS = 2000;
export const GROWTH_ALLOWED_BYTES = 256 * 2 ** 20;

export interface FuzzReport {
  readonly seed: number;
  readonly cases: number;
  /** "read", "described" (header only), or the code of the error. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly slowest: { readonly case: number; readonly ms: number };
  readonly peakGrowthMb: number;
  readonly seconds: number;
}

function optionsOf({ files, name }: Given) {
  const openBeside = (file: string) => {
    const bytes = files[file];
    if (bytes !== undefined) return Promise.resolve(makeByteSource(bytes));
    return Promise.reject(new HipError("not-found", `No ${file}`));
  };
  return { name, inflate: inflateGzip, openBeside };
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

function checkHeader(header: NiftiHeader, given: Given): void {
  const stored = Object.values(given.files).reduce((sum, bytes) => sum + bytes.length, 0);
  check(header.affine.flat().every(Number.isFinite), "the affine is not finite");
  check(
    header.spacingMm.every((size) => size > 0 && Number.isFinite(size)),
    "a spacing is not > 0",
  );
  check(/^[RLAPSI?]{3}$/.test(header.orientation), `the orientation is ${header.orientation}`);
  check(header.shape.length >= 1 && header.shape.length <= 7, "there are not 1 to 7 axes");
  check(
    header.shape.every((n) => Number.isSafeInteger(n) && n >= 1),
    "an axis is empty",
  );
  check(
    Number.isFinite(header.scale.slope) && Number.isFinite(header.scale.intercept),
    "the scale is not finite",
  );
  check(Number.isSafeInteger(header.voxOffset) && header.voxOffset >= 0, "vox_offset is no offset");
  const extended = header.extensions.reduce((sum, { bytes }) => sum + bytes.length, 0);
  check(extended <= 1032 * stored, "the extensions are longer than the file");
}

async function checkImage(image: NiftiImage, given: Given, thorough: boolean): Promise<void> {
  const { header, values } = image;
  checkHeader(header, given);
  const voxels = header.shape.reduce((product, n) => product * n, 1);
  check(values.length === voxels, `${values.length} values of ${voxels} voxels`);
  if (!thorough) return;
  const mask = writeMaskLike(header, new Uint8Array(voxels).fill(1));
  const again = await readNifti(makeByteSource(mask), { name: "mask.nii", inflate: inflateGzip });
  check(JSON.stringify(again.header.affine) === JSON.stringify(header.affine), "the mask lies elsewhere");
  check(again.header.shape.join() === header.shape.join(), "the mask has another shape");
  check(
    again.values.every((value) => value === 1),
    "the mask has other labels",
  );
}

const CODES: readonly string[] = ["unreadable-image", "bad-image"];

function checkError(error: unknown, { name }: Given): string {
  if (!(error instanceof HipError)) throw error;
  check(CODES.includes(error.code), `the code is ${error.code}: ${error.message}`);
  check(error.hint !== undefined && error.hint.length > 10, `no remedy: ${error.message}`);
  // The other half of a pair is named where it is at fault.
  const stem = name.replace(/\..*/, "");
  check(error.message.includes(`"${stem}`), `the file is not named: ${error.message}`);
  check(error.message.length < 600, `the message is long: ${error.message}`);
  return error.code;
}

async function outcomeOf(given: Given, thorough: boolean): Promise<string> {
  const source = makeByteSource(given.files[given.name]!);
  try {
    const image = await readNifti(source, optionsOf(given));
    await checkImage(image, given, thorough);
    return "read";
  } catch (error) {
    const code = checkError(error, given);
    try {
      if (!thorough) return code;
      checkHeader(await readNiftiHeader(source, optionsOf(given)), given);
      return "described";
    } catch (again) {
      return checkError(again, given);
    }
  }
}

/**
 * Runs cases [first, first + cases). A case depends on the seed and its number alone.
 * @throws Error that names both, at the first outcome that breaks a promise.
 */
export async function fuzzNifti(options: {
  readonly seed: number;
  readonly cases: number;
  readonly first?: number;
  readonly onProgress?: (report: FuzzReport) => void;
}): Promise<FuzzReport> {
  const { seed, cases, first = 0 } = options;
  const outcomes: Record<string, number> = {};
  const started = performance.now();
  const before = process.memoryUsage.rss();
  let slowest = { case: -1, ms: 0 };
  let peak = before;
  const report = (done: number): FuzzReport => ({
    seed,
    cases: done,
    outcomes,
    slowest: { case: slowest.case, ms: Math.round(slowest.ms) },
    peakGrowthMb: Math.round((peak - before) / 2 ** 20),
    seconds: Math.round((performance.now() - started) / 1000),
  });
  for (let n = first; n < first + cases; n++) {
    const given = makeCase(makeRandom(seed, "nifti", n));
    const start = performance.now();
    try {
      const outcome = await outcomeOf(given, n % 8 === 0);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      const ms = performance.now() - start;
      if (ms > slowest.ms) slowest = { case: n, ms };
      check(ms <= SLOWEST_ALLOWED_MS, `it took ${Math.round(ms)} ms`);
      if (n % 16 === 0) peak = Math.max(peak, process.memoryUsage.rss());
      check(peak - before <= GROWTH_ALLOWED_BYTES, `memory grew by ${report(n).peakGrowthMb} MB`);
    } catch (cause) {
      const what = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
      throw new Error(`Case ${n} of seed ${seed} (${Object.keys(given.files).join(", ")}): ${what}`, {
        cause,
      });
    }
    if (n % 100_000 === 99_999) options.onProgress?.(report(n + 1 - first));
  }
  return report(cases);
}
