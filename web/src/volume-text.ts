/** Volumes and their changes, in one form everywhere. */

/** One decimal below 100, none above, thousands grouped. */
export function mlText(ml: number): string {
  const tenths = Math.round(Math.abs(ml) * 10) / 10;
  if (tenths === 0 && ml !== 0) return "< 0.1 ml";
  const digits = tenths < 100 ? 1 : 0;
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return `${Math.abs(ml).toLocaleString("en", options)} ml`;
}

export const voxelsText = (count: number): string =>
  `${count.toLocaleString("en")} ${count === 1 ? "voxel" : "voxels"}`;

export interface LabelChange {
  readonly name: string;
  /** Less than 0: taken away. */
  readonly voxels: number;
}

/** "prostate +1.2 ml, rectum −0.3 ml", the largest first. @param voxelMl null: the size of voxels is not known */
export function changesText(changes: readonly LabelChange[], voxelMl: number | null): string {
  return [...changes]
    .filter(({ voxels }) => voxels !== 0)
    .sort((a, b) => Math.abs(b.voxels) - Math.abs(a.voxels))
    .map(({ name, voxels }) => {
      const ml = voxelMl === null ? 0 : Math.abs(voxels) * voxelMl;
      const size = ml < 0.05 ? voxelsText(Math.abs(voxels)) : mlText(ml);
      return `${name} ${voxels > 0 ? "+" : "−"}${size}`;
    })
    .join(", ");
}
