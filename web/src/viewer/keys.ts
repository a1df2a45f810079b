/** Keys: on the viewer the crosshair moves; anywhere but in a field they choose tools and labels. */
import type { Tool } from "../state/correction.svelte.ts";
import type { Session } from "../state/session.svelte.ts";
import type { Viewer } from "./viewer.ts";

const MOVES: Readonly<Record<string, readonly [axis: 0 | 1 | 2, slices: number]>> = {
  ArrowLeft: [0, 1],
  ArrowRight: [0, -1],
  ArrowUp: [2, 1],
  ArrowDown: [2, -1],
  PageUp: [1, 1],
  PageDown: [1, -1],
};
const TOOL_KEYS: Readonly<Record<string, Tool>> = {
  v: "move",
  b: "brush",
  e: "eraser",
  f: "fill",
  g: "grow",
};

export function onViewerKey(event: KeyboardEvent, viewer: Viewer | undefined): void {
  const move = MOVES[event.key];
  if (move === undefined || viewer === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  viewer.moveSlice(...move);
}

/** Inputs in which no letter is typed: after a click on one, shortcuts still work. */
const LETTERLESS: ReadonlySet<string> = new Set([
  "button",
  "checkbox",
  "color",
  "file",
  "image",
  "radio",
  "range",
  "reset",
  "submit",
]);

/** Whether letters typed there mean something there: in text, and in lists, which they choose from. */
function isField(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !LETTERLESS.has(target.type);
  return target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement;
}

/** @returns whether the key meant something */
function onControlKey(key: string, event: KeyboardEvent, { correction }: Session): boolean {
  if (key === "z" && event.shiftKey) correction.redo();
  else if (key === "z") correction.undo();
  else if (key === "y") correction.redo();
  else return false;
  return true;
}

function onPlainKey(key: string, session: Session): boolean {
  const { correction, labels } = session;
  const tool = TOOL_KEYS[key];
  const label = labels.rows.find(({ id }) => String(id) === key);
  if (tool !== undefined) correction.tool = tool;
  else if (label !== undefined) labels.active = label.id;
  else if (key === "[") correction.resize(1 / 1.25);
  else if (key === "]") correction.resize(1.25);
  else if (key === "m") session.masks.toggleHidden();
  else if (key === "l") session.masks.toggleLock(labels.active);
  else return false;
  return true;
}

/** Shortcuts of the page, where there is a mask to correct. */
export function onPageKey(event: KeyboardEvent, session: Session): void {
  if (!session.masks.hasMask || isField(event.target)) return;
  // Brackets need AltGr on many keyboards, which Windows tells as Ctrl and Alt.
  const isAltGraph = event.getModifierState("AltGraph");
  if (event.altKey && !isAltGraph) return;
  const key = event.key.toLowerCase();
  const isControl = !isAltGraph && (event.ctrlKey || event.metaKey);
  const isTaken = isControl ? onControlKey(key, event, session) : onPlainKey(key, session);
  if (isTaken) event.preventDefault();
}
