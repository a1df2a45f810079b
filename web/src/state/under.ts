/** What is under the crosshair. */
import type { Session } from "./session.svelte.ts";

export interface UnderCrosshair {
  /** undefined: the background. */
  readonly label: string | undefined;
  /** Of the image. */
  readonly value: number;
}

export function underCrosshair({ shown, view, masks, labels }: Session): UnderCrosshair | undefined {
  const { crosshair } = view;
  if (shown === undefined || crosshair === undefined) return undefined;
  // It is asked again when the mask changes.
  void masks.revision;
  const [x, y, z] = crosshair.voxel;
  const at = x + shown.shape[0] * (y + shown.shape[1] * z);
  const id = masks.mask?.[at];
  return { label: id === undefined ? undefined : labels.nameOf(id), value: shown.data[at] ?? 0 };
}
