/** What a conversion's folders and files are called. */
import type { Conversion, ConversionPlan, PlannedCase } from "./convert-plan.ts";
import { CSIRO_FOLDERS } from "./csiro.ts";
import { DATASET_JSON } from "./dataset-json.ts";
import { kerasImageFolder, kerasMaskFolder } from "./keras-slices.ts";
import { MAPPING_JSON, type Mapping } from "./mapping-json.ts";
import { MSD_IMAGES, MSD_MASKS } from "./msd.ts";
import { README } from "./synthetic.ts";
import type { Split } from "./types.ts";

/** No case has more; a damaged mapping.json may claim so. */
const MOST_SLICES = 100_000;

/** The folders that a conversion makes. */
export function foldersOf({ to, cases }: ConversionPlan): readonly string[] {
  if (to === "nnunet") return [MSD_IMAGES, MSD_MASKS];
  if (to === "volumes") return [CSIRO_FOLDERS.csiro.images, CSIRO_FOLDERS.csiro.masks];
  const splits = new Set(cases.map((each) => each.split ?? "train"));
  return [...splits].flatMap((split) => [kerasImageFolder(split), kerasMaskFolder(split)]);
}

/** The paths of all files that a conversion may have written, by what its mapping.json says. */
export function writtenFiles({ to, cases }: Mapping): ReadonlySet<string> {
  const files = new Set([README, MAPPING_JSON, DATASET_JSON]);
  for (const { written: id, split = "train", slices } of cases) {
    const [, number = "", week = ""] = /^case_(\d+)_week_(\d+)$/.exec(id) ?? [];
    if (to === "keras_slices") {
      const [first, last] = slices ?? [0, -1];
      for (let slice = first; slice <= Math.min(last, first + MOST_SLICES); slice++) {
        const names = sliceNames({ number, week: Number(week) }, split, slice);
        files.add(names.image).add(names.mask);
      }
    } else {
      const names = volumeNames({ id, number, week: Number(week) }, to === "nnunet" ? "nnunet" : "volumes");
      files.add(names.image).add(names.mask);
    }
  }
  return files;
}

export function sliceNames(
  { number, week }: Pick<PlannedCase, "number" | "week">,
  split: Split,
  slice: number,
): { readonly image: string; readonly mask: string } {
  const name = `${number}_week_${week}_slice_${slice}.nii.gz`;
  return {
    image: `${kerasImageFolder(split)}/case_${name}`,
    mask: `${kerasMaskFolder(split)}/seg_${name}`,
  };
}

export function volumeNames(
  { id, number, week }: Pick<PlannedCase, "id" | "number" | "week">,
  to: Conversion,
): { readonly image: string; readonly mask: string } {
  if (to === "nnunet") {
    return { image: `${MSD_IMAGES}/${id}_0000.nii.gz`, mask: `${MSD_MASKS}/${id}.nii.gz` };
  }
  const name = `Case_${number}_Week${week}`;
  return {
    image: `${CSIRO_FOLDERS.csiro.images}/${name}_LFOV.nii.gz`,
    mask: `${CSIRO_FOLDERS.csiro.masks}/${name}_SEMANTIC_LFOV.nii.gz`,
  };
}
