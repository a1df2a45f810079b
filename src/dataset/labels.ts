/** Which labels a data set has where no file names them: those of its masks. */
import type { Inflate } from "../core/bytes.ts";
import { HipError } from "../core/errors.ts";
import { hintOfAll } from "../core/joined-errors.ts";
import { mapParallel } from "../core/parallel.ts";
import { counted } from "../core/text.ts";
import { readMask } from "../formats/image-file.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { type Folder, openInFolder } from "./folder.ts";
import { datasetError } from "./listing.ts";
import { toLabelIds } from "./mask-values.ts";
import type { CaseEntry } from "./types.ts";

/** Masks read at once. */
const AT_ONCE = 16;

/** The distinct label ids of some masks, upwards. A cache may lend one that remembers. */
export type LabelScan = (request: {
  readonly folder: Folder;
  readonly inflate: Inflate;
  /** Paths of masks. */
  readonly masks: readonly string[];
  /** Takes what is wrong with a mask, whose labels are then left out; without it that is thrown. */
  readonly onBad?: ((error: HipError) => void) | undefined;
}) => Promise<readonly number[]>;

/**
 * Reads every mask and gathers its label ids (0 to 254).
 * @throws HipError "bad-mask" or "unreadable-image"; "bad-dataset" listing all of them where several masks are bad;
 *   none of these with onBad
 */
export const scanLabels: LabelScan = ({ folder, inflate, masks, onBad }) =>
  gatherLabels(masks, (path) => scanMask(folder, path, inflate), onBad);

/** The union of the ids that `scan` finds in each mask. For caches; others call scanLabels(). */
export async function gatherLabels(
  masks: readonly string[],
  scan: (path: string) => Promise<readonly number[]>,
  onBad?: (error: HipError) => void,
): Promise<readonly number[]> {
  const results = await mapParallel(masks, AT_ONCE, (path) =>
    scan(path).catch((error: unknown) => {
      if (error instanceof HipError) return error;
      throw error;
    }),
  );
  const errors = results.filter((result) => result instanceof HipError);
  if (onBad !== undefined) for (const error of errors) onBad(error);
  else if (errors.length > 0) throw badMasks(errors, masks.length);
  const ids = results.flatMap((result) => (result instanceof HipError ? [] : result));
  return [...new Set(ids)].sort((a, b) => a - b);
}

function badMasks(errors: readonly HipError[], total: number): HipError {
  if (errors.length === 1) return errors[0]!;
  return datasetError(
    `Cannot find the labels: ${counted(errors.length, "mask")} of ${total} cannot be used`,
    hintOfAll(errors) ?? "Repair these masks or take them and their images away",
    errors.map((error) => error.message),
  );
}

/** The distinct label ids of one mask file, upwards. */
export async function scanMask(folder: Folder, path: string, inflate: Inflate): Promise<readonly number[]> {
  const image = await readMask(await openInFolder(folder, path), inflate);
  const ids = toLabelIds(image.values, { name: path, shape: image.header.shape });
  const seen = new Uint8Array(256);
  for (let i = 0; i < ids.length; i++) seen[ids[i]!] = 1;
  return [...seen.keys()].filter((id) => seen[id] === 1);
}

/** Names for ids that no dataset.json names: "label_1", …; 0 is added where no mask has it. */
export function nameLabels(ids: readonly number[]): LabelDefinition[] {
  const named = ids.filter((id) => id !== 0).map((id) => ({ id, name: `label_${id}` }));
  return [{ id: 0, name: "background" }, ...named];
}

/**
 * The labels that the masks of some cases hold.
 * @throws HipError as scanLabels(); "bad-dataset" where no mask has a label other than 0
 */
export async function findLabels(
  folder: Folder,
  cases: readonly CaseEntry[],
  options: { readonly root: string; readonly inflate: Inflate; readonly scan: LabelScan },
): Promise<LabelDefinition[]> {
  const masks = cases.flatMap((entry) => entry.files.map((file) => file.mask));
  const labels = nameLabels(await options.scan({ folder, inflate: options.inflate, masks }));
  if (labels.length > 1) return labels;
  throw datasetError(
    `Cannot use "${options.root}": no mask has a label other than 0 (${counted(masks.length, "mask")} read)`,
    "There is nothing to learn in empty masks: check that the right files were copied",
    [],
  );
}
