/** Cuts the masks of one label out of label arrays, as small as they can be. */
import { IGNORE_LABEL } from "../core/labels.ts";

type Triple = readonly [x: number, y: number, z: number];

export interface CroppedMasks {
  /** 1 inside, 0 outside; x fastest, with one empty voxel all round (none along z where the array is 2D). */
  readonly truth: Uint8Array;
  readonly prediction: Uint8Array;
  readonly shape: Triple;
}

interface Box {
  readonly low: Triple;
  /** Inclusive. */
  readonly high: Triple;
}

/** The smallest box around all voxels that bear the label in either array; undefined where there are none. */
function labelBox(truth: Uint8Array, prediction: Uint8Array, shape: Triple, id: number): Box | undefined {
  const [nx, ny, nz] = shape;
  let [lowX, highX, lowY, highY, lowZ, highZ] = [nx, -1, ny, -1, nz, -1];
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const start = nx * (y + ny * z);
      const end = start + nx;
      let first = start;
      while (first < end && truth[first] !== id && prediction[first] !== id) first++;
      if (first === end) continue;
      let last = end - 1;
      while (truth[last] !== id && prediction[last] !== id) last--;
      if (first - start < lowX) lowX = first - start;
      if (last - start > highX) highX = last - start;
      if (y < lowY) lowY = y;
      if (y > highY) highY = y;
      if (z < lowZ) lowZ = z;
      highZ = z;
    }
  }
  return highX < 0 ? undefined : { low: [lowX, lowY, lowZ], high: [highX, highY, highZ] };
}

/**
 * The two binary masks of a label within their common bounding box.
 * @param truth, prediction shape[0] * shape[1] * shape[2] labels; where the truth is 255 both masks are empty.
 * @returns undefined where neither array has the label.
 */
export function cropLabel(
  truth: Uint8Array,
  prediction: Uint8Array,
  shape: Triple,
  id: number,
): CroppedMasks | undefined {
  const box = labelBox(truth, prediction, shape, id);
  if (box === undefined) return undefined;
  const [nx, ny, nz] = shape;
  const { low, high } = box;
  const margin = nz === 1 ? 0 : 1;
  const width = high[0] - low[0] + 3;
  const height = high[1] - low[1] + 3;
  const depth = high[2] - low[2] + 1 + 2 * margin;
  const truthMask = new Uint8Array(width * height * depth);
  const predictionMask = new Uint8Array(width * height * depth);
  for (let z = low[2]; z <= high[2]; z++) {
    for (let y = low[1]; y <= high[1]; y++) {
      let from = low[0] + nx * (y + ny * z);
      let to = 1 + width * (y - low[1] + 1 + height * (z - low[2] + margin));
      for (let x = low[0]; x <= high[0]; x++, from++, to++) {
        const t = truth[from]!;
        if (t === id) truthMask[to] = 1;
        if (prediction[from] === id && t !== IGNORE_LABEL) predictionMask[to] = 1;
      }
    }
  }
  return { truth: truthMask, prediction: predictionMask, shape: [width, height, depth] };
}
