/** A file for each organ, brought together to one mask of label ids. */
import type { Inflate } from "../core/bytes.ts";
import { HipError } from "../core/errors.ts";
import { counted, formatVoxel } from "../core/text.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { joinPath } from "./folder.ts";
import { AFFINE_TOLERANCE, affineDifference } from "./geometry.ts";
import { quoteSome } from "./listing.ts";
import { type ReadMask, readMaskIds } from "./mask-file.ts";
import type { MaskFolder } from "./mask-pairs.ts";
import { type OrganCase, organKey } from "./organ-files.ts";

/** From an organ's name, as organKey() writes it, to the id of its label. */
export type OrganMap = ReadonlyMap<string, number>;

export const organsByName = (labels: readonly LabelDefinition[]): OrganMap =>
  new Map(labels.filter(({ id }) => id !== 0).map(({ id, name }) => [organKey(name), id]));

/** @throws HipError "bad-mask" where the file has more than one number beside 0 */
function checkBinary({ ids, path, shape }: ReadMask): void {
  const found = new Set<number>();
  for (let i = 0; i < ids.length; i++) if (ids[i] !== 0) found.add(ids[i]!);
  if (found.size <= 1) return;
  const numbers = [...found].sort((a, b) => a - b).join(", ");
  throw new HipError(
    "bad-mask",
    `Cannot read "${path}" (${shape.join(" x ")}) as the mask of one organ: expected 0 and one other number, got ${numbers}`,
    {
      hint: "Give masks of label numbers in one folder, a file for each case; a folder for each case holds a mask for each organ",
    },
  );
}

/** @throws HipError "bad-mask" */
function checkSameGrid(mask: ReadMask, first: ReadMask): void {
  const isSame =
    `${mask.shape}` === `${first.shape}` &&
    affineDifference(mask.header.affine, first.header.affine) <= AFFINE_TOLERANCE;
  if (isSame) return;
  throw new HipError(
    "bad-mask",
    `Masks of one case must lie on one grid: "${mask.path}" differs from "${first.path}"`,
    {
      hint: "Resample the masks onto the grid of the scan with nearest neighbour",
    },
  );
}

/** Adds an organ to the mask of all. @throws HipError "bad-mask" where a voxel has another organ already */
function paint(all: Uint8Array, mask: ReadMask, id: number, nameOf: (id: number) => string): void {
  let shared = 0;
  let first = -1;
  for (let i = 0; i < all.length; i++) {
    if (mask.ids[i] === 0) continue;
    if (all[i] === 0) {
      all[i] = id;
      continue;
    }
    // Two files may mean one label, e.g. the left and the right hip: what both have is no contradiction.
    if (all[i] === id) continue;
    if (shared === 0) first = i;
    shared++;
  }
  if (shared === 0) return;
  throw new HipError(
    "bad-mask",
    `A voxel must belong to one organ: "${mask.path}" and the mask of ${nameOf(all[first]!)} share ${counted(shared, "voxel")}, the first at ${formatVoxel(first, mask.shape)}`,
    { hint: "Score overlapping structures one at a time, with --labels naming one of them" },
  );
}

/**
 * The organs that mean a label, as one mask; the other files are left aside.
 * @throws HipError "bad-mask" where none means a label, a file has several numbers, grids differ or organs overlap;
 *   "unreadable-image"
 */
export async function readOrganMasks(
  { folder, path }: MaskFolder,
  { organs, path: within }: OrganCase,
  options: {
    readonly organMap: OrganMap;
    readonly labels: readonly LabelDefinition[];
    readonly inflate: Inflate;
  },
): Promise<ReadMask> {
  const { organMap, labels, inflate } = options;
  const used = organs.filter(({ organ }) => organMap.has(organKey(organ)));
  const name = joinPath(path, within);
  if (used.length === 0) {
    throw new HipError(
      "bad-mask",
      `No mask in "${name}/" is named as a label: expected ${quoteSome([...organMap.keys()])}, found ${quoteSome(organs.map(({ organ }) => organ))}`,
      { hint: "Say which is which, e.g. --map urinary_bladder=bladder" },
    );
  }
  const nameOf = (id: number): string => `"${labels.find((label) => label.id === id)?.name ?? id}"`;
  let first: ReadMask | undefined;
  let all = new Uint8Array();
  for (const { organ, file } of used) {
    const mask = await readMaskIds({ folder, path }, file, inflate);
    checkBinary(mask);
    if (first === undefined) {
      first = mask;
      all = new Uint8Array(mask.ids.length);
    } else checkSameGrid(mask, first);
    paint(all, mask, organMap.get(organKey(organ))!, nameOf);
  }
  const { header, shape } = first!;
  return { path: `${name}/`, header, shape, ids: all };
}
