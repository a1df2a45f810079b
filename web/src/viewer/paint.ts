/** Pointers on the viewer while a tool is in hand: they go to the tool, and the viewer sees none of them. */
import type { PointedVoxel, Viewer } from "./viewer.ts";

export interface Painter {
  pointerDown(at: PointedVoxel): boolean;
  pointerMove(at: PointedVoxel): void;
  pointerUp(): void;
}

/** What NiiVue listens to. */
const ITS_EVENTS = ["mousedown", "mousemove", "mouseup", "touchstart", "touchmove", "touchend"] as const;

/**
 * @param stage the canvas's parent, which hears of events before it
 * @param onHover where the pointer is, for the brush's outline
 * @returns what ends it
 */
export function listenForPainting(
  stage: HTMLElement,
  viewer: () => Viewer | undefined,
  painter: Painter,
  onHover: (event: PointerEvent | undefined) => void,
): () => void {
  let isPainting = false;
  const stop = (event: Event): void => {
    if (isPainting) event.stopPropagation();
  };
  const down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    const at = viewer()?.voxelAt(event);
    if (at === undefined || !painter.pointerDown(at)) return;
    isPainting = true;
    stage.setPointerCapture(event.pointerId);
    event.stopPropagation();
  };
  const move = (event: PointerEvent): void => {
    onHover(event);
    if (!isPainting) return;
    event.stopPropagation();
    // Between two frames a pointer may have made a curve.
    for (const each of event.getCoalescedEvents?.() ?? [event]) {
      const at = viewer()?.voxelAt(each);
      if (at !== undefined) painter.pointerMove(at);
    }
  };
  const up = (event: PointerEvent): void => {
    if (!isPainting) return;
    painter.pointerUp();
    event.stopPropagation();
    // The mouse events of the same release come after this one.
    setTimeout(() => {
      isPainting = false;
    }, 0);
  };
  const leave = (): void => onHover(undefined);
  stage.addEventListener("pointerdown", down, true);
  stage.addEventListener("pointermove", move, true);
  stage.addEventListener("pointerup", up, true);
  stage.addEventListener("pointercancel", up, true);
  stage.addEventListener("pointerleave", leave);
  for (const name of ITS_EVENTS) stage.addEventListener(name, stop, true);
  return () => {
    stage.removeEventListener("pointerdown", down, true);
    stage.removeEventListener("pointermove", move, true);
    stage.removeEventListener("pointerup", up, true);
    stage.removeEventListener("pointercancel", up, true);
    stage.removeEventListener("pointerleave", leave);
    for (const name of ITS_EVENTS) stage.removeEventListener(name, stop, true);
  };
}
