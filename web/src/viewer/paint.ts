/** Pointers on the viewer while a tool is in hand: they go to the tool, and the viewer sees none of them. */
import type { PointedVoxel, Viewer } from "./viewer.ts";

export interface Painter {
  pointerDown(at: PointedVoxel): boolean;
  pointerMove(at: PointedVoxel): void;
  pointerUp(): void;
}

/** What NiiVue listens to, and what follows a press. */
const ITS_EVENTS = ["mousedown", "mousemove", "mouseup", "touchstart", "touchmove", "touchend"] as const;
/** These come once the press is over. */
const LATE_EVENTS = ["click", "dblclick"] as const;

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
  /** The pointer of the stroke: a second finger, or a palm, is none of its business. */
  let stroke: number | undefined;
  /** Of the last press, until the next: a double click would reset the brightness. */
  let wasTaken = false;
  let isPainting = false;
  const stop = (event: Event): void => {
    if (!isPainting) return;
    event.stopPropagation();
    // Else the browser makes mouse events of a touch, after it.
    if (event.type.startsWith("touch") && event.cancelable) event.preventDefault();
  };
  const stopLate = (event: Event): void => {
    if (wasTaken) event.stopPropagation();
  };
  const down = (event: PointerEvent): void => {
    if (stroke !== undefined) {
      event.stopPropagation();
      return;
    }
    wasTaken = false;
    if (event.button !== 0 || !event.isPrimary) return;
    const at = viewer()?.voxelAt(event);
    if (at === undefined || !painter.pointerDown(at)) return;
    stroke = event.pointerId;
    wasTaken = true;
    isPainting = true;
    stage.setPointerCapture(event.pointerId);
    event.stopPropagation();
  };
  const move = (event: PointerEvent): void => {
    if (stroke === undefined) {
      if (event.isPrimary) onHover(event);
      return;
    }
    event.stopPropagation();
    if (event.pointerId !== stroke) return;
    onHover(event);
    // Between two frames a pointer may have made a curve; some browsers give none of it.
    const between = event.getCoalescedEvents?.() ?? [];
    for (const each of between.length > 0 ? between : [event]) {
      const at = viewer()?.voxelAt(each);
      if (at !== undefined) painter.pointerMove(at);
    }
  };
  const up = (event: PointerEvent): void => {
    if (stroke === undefined) return;
    event.stopPropagation();
    if (event.pointerId !== stroke) return;
    stroke = undefined;
    painter.pointerUp();
    // The mouse and touch events of the same release come after this one.
    setTimeout(() => {
      isPainting = stroke !== undefined;
    }, 0);
  };
  const leave = (): void => onHover(undefined);
  stage.addEventListener("pointerdown", down, true);
  stage.addEventListener("pointermove", move, true);
  stage.addEventListener("pointerup", up, true);
  stage.addEventListener("pointercancel", up, true);
  stage.addEventListener("pointerleave", leave);
  for (const name of ITS_EVENTS) stage.addEventListener(name, stop, { capture: true, passive: false });
  for (const name of LATE_EVENTS) stage.addEventListener(name, stopLate, true);
  return () => {
    stage.removeEventListener("pointerdown", down, true);
    stage.removeEventListener("pointermove", move, true);
    stage.removeEventListener("pointerup", up, true);
    stage.removeEventListener("pointercancel", up, true);
    stage.removeEventListener("pointerleave", leave);
    for (const name of ITS_EVENTS) stage.removeEventListener(name, stop, true);
    for (const name of LATE_EVENTS) stage.removeEventListener(name, stopLate, true);
  };
}
