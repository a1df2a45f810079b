/** How often each label occurs in the masks of a case. */

export interface LabelCounts {
  /** Voxels by label id, 256 of them; undefined where no mask could be used. */
  readonly labelVoxels: Float64Array | undefined;
  /** Slices that hold a label, by label id. */
  readonly labelSlices: Uint32Array;
  readonly slicesWithoutLabel: number;
}

/** @param areSlices whether each array is one slice; else only voxels are counted. */
export function countLabels(arrays: readonly Uint8Array[], areSlices: boolean): LabelCounts {
  const labelVoxels = new Float64Array(256);
  const labelSlices = new Uint32Array(256);
  const area = new Uint32Array(256);
  let slicesWithoutLabel = 0;
  for (const ids of arrays) {
    area.fill(0);
    for (let i = 0; i < ids.length; i++) area[ids[i]!]!++;
    for (let id = 0; id < 256; id++) {
      if (area[id] === 0) continue;
      labelVoxels[id]! += area[id]!;
      if (areSlices) labelSlices[id]!++;
    }
    if (areSlices && area[0] === ids.length) slicesWithoutLabel++;
  }
  return {
    labelVoxels: arrays.length === 0 ? undefined : labelVoxels,
    labelSlices,
    slicesWithoutLabel,
  };
}
