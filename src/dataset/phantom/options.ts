/** What to draw: how many men, how often, on what grid; and which case falls into which split. */
import { HipError } from "../../core/errors.ts";
import type { Split } from "../types.ts";

/** Pixels of a coronal slice (x left-right, y inferior-superior) and slices (anterior to posterior). */
export interface PhantomSize {
  readonly x: number;
  readonly y: number;
  readonly slices: number;
}

/** Men in each split; a man is never in two. */
export interface PhantomPatients {
  readonly train: number;
  readonly validate: number;
  readonly test: number;
}

export interface PhantomOptions {
  readonly patients: PhantomPatients;
  /** Scans of each man, numbered from week 0. */
  readonly weeksPerPatient: number;
  readonly size: PhantomSize;
  /** Integer >= 0. */
  readonly seed: number;
}

/** One volume to make. */
export interface PhantomCase {
  readonly split: Split;
  /** From 0 across all splits; what makePhantomVolume() takes. */
  readonly patientIndex: number;
  /** The case number in file names: from 4, as in HipMRI. */
  readonly patient: number;
  readonly week: number;
}

/** `demo` trains within minutes on a laptop; `full` has the pixels and the slice count of HipMRI. */
export const PHANTOM_SIZES: Readonly<Record<"demo" | "full", PhantomSize>> = {
  demo: { x: 128, y: 64, slices: 24 },
  full: { x: 256, y: 128, slices: 60 },
};

export const defaultPhantomOptions: PhantomOptions = {
  patients: { train: 18, validate: 4, test: 5 },
  weeksPerPatient: 2,
  size: PHANTOM_SIZES.demo,
  seed: 1,
};

/** Raised when the drawing changes, so that two data sets of one seed can be told apart. */
export const PHANTOM_VERSION = 1;

const FIRST_CASE_NUMBER = 4;
/** Case numbers have three digits. */
const MOST_PATIENTS = 996;

/**
 * The shares of the default (18 / 4 / 5 of 27) for another number of men, each split having at least one.
 * @throws HipError `usage` when `total` is not an integer from 3 to 996.
 */
export function splitPatients(total: number): PhantomPatients {
  requireInteger("number of patients", total, 3, MOST_PATIENTS);
  const validate = Math.max(1, Math.round((total * 4) / 27));
  const test = Math.max(1, Math.round((total * 5) / 27));
  return { train: total - validate - test, validate, test };
}

/** Every volume in the order of the files: split, then man, then week. @throws HipError `usage` on bad options. */
export function planPhantom(options: PhantomOptions): readonly PhantomCase[] {
  checkPhantomOptions(options);
  const cases: PhantomCase[] = [];
  let patientIndex = 0;
  for (const split of ["train", "validate", "test"] as const) {
    for (let man = 0; man < options.patients[split]; man++, patientIndex++) {
      for (let week = 0; week < options.weeksPerPatient; week++) {
        cases.push({ split, patientIndex, patient: FIRST_CASE_NUMBER + patientIndex, week });
      }
    }
  }
  return cases;
}

/** @throws HipError `usage` that names the first option out of range. */
export function checkPhantomOptions(options: PhantomOptions): void {
  const { patients, size } = options;
  for (const split of ["train", "validate", "test"] as const) {
    requireInteger(`number of ${split} patients`, patients[split], 0, MOST_PATIENTS);
  }
  const total = patients.train + patients.validate + patients.test;
  requireInteger("number of patients", total, 1, MOST_PATIENTS);
  requireInteger("weeks per patient", options.weeksPerPatient, 1, 99);
  requireInteger("size x", size.x, 16, 1024);
  requireInteger("size y", size.y, 16, 1024);
  requireInteger("slices", size.slices, 8, 512);
  requireInteger("seed", options.seed, 0, Number.MAX_SAFE_INTEGER);
}

function requireInteger(what: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new HipError(
    "usage",
    `The phantom's ${what} must be an integer from ${low} to ${high}, found ${value}`,
    {
      hint: `Give a whole number from ${low} to ${high}`,
    },
  );
}
