/** Errors that cross from the worker to the page: comlink carries only an error's message, so the hint rides in it. */
import { HipError } from "../../../src/browser/index.ts";

const PARTS = "\u0000";

/** What the page shows of an error. */
export interface Failure {
  readonly message: string;
  readonly hint: string | undefined;
}

/** An error whose message holds all that the page needs. */
export function packError(error: unknown): Error {
  if (!(error instanceof HipError)) return error instanceof Error ? error : new Error(String(error));
  const problems = error.problems.length === 0 ? "" : `: ${error.problems.join("; ")}`;
  return new Error([`${error.message}${problems}`, error.hint ?? ""].join(PARTS));
}

/** What the user stopped has not failed. It comes from the worker as a plain error of that name. */
export const isUsersWish = (error: unknown): boolean => error instanceof Error && error.name === "AbortError";

export function unpackError(error: unknown): Failure {
  const text = error instanceof Error ? error.message : String(error);
  const [message = "", hint] = text.split(PARTS);
  return { message, hint: hint === undefined || hint === "" ? undefined : hint };
}
