/** Keys on the viewer: the crosshair by arrows, slices by page keys. */
import type { Viewer } from "./viewer.ts";

const MOVES: Readonly<Record<string, readonly [axis: 0 | 1 | 2, slices: number]>> = {
  ArrowLeft: [0, 1],
  ArrowRight: [0, -1],
  ArrowUp: [2, 1],
  ArrowDown: [2, -1],
  PageUp: [1, 1],
  PageDown: [1, -1],
};

export function onViewerKey(event: KeyboardEvent, viewer: Viewer | undefined): void {
  const move = MOVES[event.key];
  if (move === undefined || viewer === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  viewer.moveSlice(...move);
}
