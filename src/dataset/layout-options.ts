/** What every layout's reader is given. */
import type { Inflate } from "../core/bytes.ts";
import type { LabelScan } from "./labels.ts";

export interface LayoutOptions {
  /** How the data folder is called in messages and in the index. */
  readonly root: string;
  /** Where the layout's folders lie, relative to the data folder: "" or the name of a sub-folder. */
  readonly at: string;
  readonly inflate: Inflate;
  /** Finds the labels of masks that nothing names. */
  readonly scan: LabelScan;
  /** Files that cannot be paired are told in the index, and the others indexed; by default they are an error. */
  readonly isPartial: boolean;
}
