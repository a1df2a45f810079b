/** Errors that a user can act on. `RangeError`/`TypeError` are for a caller's mistake, "internal: …" for our own bug. */

/** What kind of thing was wrong; the command line maps every code to exit 1, `usage` to exit 2. */
export type HipErrorCode =
  | "usage" // command line flags or arguments
  | "config" // a configuration file or a --set value
  | "not-found" // a file or folder that is not there
  | "unreadable-image" // not NIfTI, truncated, unsupported
  | "bad-image" // readable, but its content cannot be used (NaN, spacing <= 0, …)
  | "bad-mask" // unknown label, fractional label, grid differs from the image's
  | "bad-dataset" // layout not recognised, missing partner, empty
  | "bad-checkpoint" // cut short, checksum differs, other config
  | "bad-model" // not a model of ours, missing card
  | "disk"; // no space, no permission

/**
 * Bad user data. `message` says what rule was broken, where, what was expected and what was found;
 * `hint` says how to mend it; `problems` lists all of them where several were found at once.
 */
export class HipError extends Error {
  override readonly name = "HipError";
  readonly code: HipErrorCode;
  readonly hint: string | undefined;
  readonly problems: readonly string[];

  constructor(
    code: HipErrorCode,
    message: string,
    options: { readonly hint?: string; readonly problems?: readonly string[]; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.problems = options.problems ?? [];
  }
}

/** Closes a union: does not compile while a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`internal: unexpected ${JSON.stringify(value)}`);
}

/** What anything that was thrown says. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** An error as `--json` prints it. */
export interface ErrorJson {
  readonly code: HipErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly problems: readonly string[];
}

export function errorJson({ code, message, hint, problems }: HipError): ErrorJson {
  return { code, message, ...(hint === undefined ? {} : { hint }), problems };
}

/** The error of errorJson(), as another process or an earlier one left it. */
export const errorFromJson = ({ code, message, ...more }: ErrorJson): HipError =>
  new HipError(code, message, more);
