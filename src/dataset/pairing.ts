/** Files of a data set that cannot be paired: an error, unless the reader wants the cases that can be all the same. */
import type { HipError } from "../core/errors.ts";
import { datasetError } from "./listing.ts";

export interface PairingFaults {
  /** `Cannot pair the images of "DATA": 2 problems`. */
  readonly message: string;
  readonly hint: string;
  /** A line each: missing partners, two files of one name, folders without partner. All of them. */
  readonly problems: readonly string[];
}

/** All that could not be paired as one error. */
export const pairingError = ({ message, hint, problems }: PairingFaults): HipError =>
  datasetError(message, hint, problems);

/**
 * The faults as a part of an index; none where there is no problem.
 * @param isPartial whether the index is wanted without the files that have faults
 * @throws HipError "bad-dataset" of any fault, unless `isPartial`
 */
export function keepFaults(faults: PairingFaults, isPartial: boolean): { readonly faults?: PairingFaults } {
  if (faults.problems.length === 0) return {};
  if (!isPartial) throw pairingError(faults);
  return { faults };
}
