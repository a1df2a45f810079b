/** Values of flags, checked one by one so that the message names the flag. */
import { Option } from "commander";
import { HipError } from "../core/errors.ts";
import { LAYOUT_NAMES } from "../dataset/layouts.ts";
import { CONVENTION_NAMES } from "../metrics/conventions/types.ts";
import { DEVICE_NAMES } from "../node/device-names.ts";
import { closestWord } from "../train/suggest.ts";

function fail(flag: string, expected: string, found: string, hint?: string): never {
  throw new HipError(
    "usage",
    `${flag} must be ${expected}, got "${found}"`,
    hint === undefined ? {} : { hint },
  );
}

/** A parser of whole numbers from `least` on. */
export function wholeNumber(flag: string, least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    return fail(flag, `a whole number >= ${least}`, text);
  };
}

function numberParser(flag: string, expected: string, isFitting: (value: number) => boolean) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isFinite(value) && isFitting(value)) return value;
    return fail(flag, expected, text);
  };
}

/** A parser of numbers above 0. */
export const positiveNumber = (flag: string): ((text: string) => number) =>
  numberParser(flag, "a number > 0", (value) => value > 0);

/** A parser of numbers from 0 on. */
export const numberFromZero = (flag: string): ((text: string) => number) =>
  numberParser(flag, "a number >= 0", (value) => value >= 0);

/** A parser of one of a few words. */
export function oneOf<T extends string>(flag: string, words: readonly T[]): (text: string) => T {
  return (text) => {
    const word = words.find((each) => each === text);
    if (word !== undefined) return word;
    const near = closestWord(text, words);
    const hint = near === undefined ? undefined : `Did you mean "${near}"?`;
    return fail(flag, `one of ${words.join(", ")}`, text, hint);
  };
}

/** `--layout`, for the verbs that read a data folder. */
export function layoutOption(): Option {
  return new Option("--layout <name>", `${LAYOUT_NAMES.join(", ")} (default: found)`).argParser(
    oneOf("--layout", LAYOUT_NAMES),
  );
}

/** `--convention`, for the verbs that score. */
export function conventionOption(): Option {
  return new Option(
    "--convention <name>",
    `whose rules: ${CONVENTION_NAMES.join(", ")} (default: hipmri)`,
  ).argParser(oneOf("--convention", CONVENTION_NAMES));
}

/** A flag that must be given; asked for by the verb itself, so that a mistyped flag is told first. */
export function needed(value: string | undefined, flag: string, what: string): string {
  if (value !== undefined) return value;
  throw new HipError("usage", `${flag} is needed: ${what}`, { hint: `Add ${flag}` });
}

/** Where models run. */
export function deviceOption(): Option {
  return new Option(
    "--device <name>",
    `where models run: ${DEVICE_NAMES.join(", ")} (default: cpu); "hipmri devices" tells which are here`,
  ).argParser(oneOf("--device", DEVICE_NAMES));
}

/** Gathers a flag that may be given more than once. */
export function gather(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}
