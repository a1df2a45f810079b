/** The frames of a segmentation: one for each slice in which a segment has voxels, one bit a voxel. */

export interface SegFrame {
  /** From 0 on, into the list of segments. */
  readonly segment: number;
  /** Slice of the mask. */
  readonly z: number;
}

/** Frames by segment, then by slice. */
export function framesOf(
  mask: Uint8Array,
  labelIds: readonly number[],
  sliceVoxels: number,
): readonly SegFrame[] {
  const segmentOf = new Int16Array(256).fill(-1);
  labelIds.forEach((id, segment) => {
    segmentOf[id] = segment;
  });
  const depth = mask.length / sliceVoxels;
  const present = new Uint8Array(labelIds.length * depth);
  for (let z = 0, at = 0; z < depth; z++) {
    for (let i = 0; i < sliceVoxels; i++, at++) {
      const segment = segmentOf[mask[at]!]!;
      if (segment >= 0) present[segment * depth + z] = 1;
    }
  }
  const frames: SegFrame[] = [];
  present.forEach((there, i) => {
    if (there === 1) frames.push({ segment: Math.floor(i / depth), z: i % depth });
  });
  return frames;
}

/**
 * The frames' voxels as bits, the first in the lowest bit of a byte; frames follow each other without a gap
 * (PS3.5 section 8.1.1).
 */
export function packFrames(
  mask: Uint8Array,
  labelIds: readonly number[],
  sliceVoxels: number,
  frames: readonly SegFrame[],
): Uint8Array {
  const bytes = new Uint8Array(2 * Math.ceil((frames.length * sliceVoxels) / 16));
  let bit = 0;
  for (const { segment, z } of frames) {
    const id = labelIds[segment]!;
    for (let at = z * sliceVoxels, end = at + sliceVoxels; at < end; at++, bit++) {
      if (mask[at] === id) bytes[bit >> 3]! |= 1 << (bit & 7);
    }
  }
  return bytes;
}
