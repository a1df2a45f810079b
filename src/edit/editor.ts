/**
 * Corrects a mask by hand: in place, within locks, and every step can be undone. A viewer that shows the same array
 * draws anew what each result's box holds.
 */
import type { Axis, Triple } from "./box.ts";
import { type Brush, checkBrush, paintWay } from "./brush.ts";
import { applyRuns, type Edit, type EditKind, invertRuns } from "./edit.ts";
import { type FillHolesOptions, type FillOptions, fill, fillHoles } from "./fill.ts";
import { type GrowOptions, grow, type ThresholdOptions, threshold } from "./grow.ts";
import { History } from "./history.ts";
import { drawnSlices, type InterpolateOptions, interpolateSlices } from "./interpolate.ts";
import { type EditResult, Pen } from "./pen.ts";
import { keepLargest, replaceLabel } from "./replace.ts";
import type { Becoming, MaskEditor, MaskEditorOptions, Over } from "./types.ts";
import { checkEditVolume, checkLabel } from "./volume.ts";

const DEFAULT_HISTORY_BYTES = 64 * 2 ** 20;
const NOTHING: EditResult = { changed: 0, box: undefined, isHeldByLock: false };

class Editor implements MaskEditor {
  readonly mask: Uint8Array;
  readonly image: Float32Array;
  readonly shape: Triple;
  readonly spacingMm: Triple;
  readonly #counts = new Uint32Array(256);
  readonly #locks = new Set<number>();
  readonly #history: History;
  readonly #onEdit: (edit: Edit) => void;
  #stroke: { readonly brush: Brush; readonly pen: Pen; at: Triple; isHeldByLock: boolean } | undefined;
  #revision: number;
  /** The last edit's toRevision. */
  #editedRevision: number;
  #savedState: number;

  constructor(options: MaskEditorOptions) {
    checkEditVolume(options);
    this.mask = options.mask;
    this.image = options.image;
    this.shape = options.shape;
    this.spacingMm = options.spacingMm;
    this.#revision = options.revision ?? 0;
    this.#editedRevision = this.#revision;
    this.#savedState = this.#revision;
    this.#history = new History(options.historyBytes ?? DEFAULT_HISTORY_BYTES, this.#revision);
    this.#onEdit = options.onEdit ?? (() => {});
    for (let i = 0; i < this.mask.length; i++) this.#counts[this.mask[i]!]!++;
  }

  get revision(): number {
    return this.#revision;
  }
  get isChanged(): boolean {
    return this.#history.state !== this.#savedState || (this.#stroke?.pen.hasWritten ?? false);
  }
  markSaved(): void {
    this.endStroke();
    this.#savedState = this.#history.state;
  }

  countOf(label: number): number {
    checkLabel(label);
    return this.#counts[label]!;
  }
  volumeMl(label: number): number {
    const [x, y, z] = this.spacingMm;
    return (this.countOf(label) * x * y * z) / 1000;
  }
  drawnSlices(label: number, axis: Axis): readonly number[] {
    checkLabel(label);
    return drawnSlices(this, label, axis);
  }

  get locks(): ReadonlySet<number> {
    return this.#locks;
  }
  setLocked(label: number, isLocked: boolean): void {
    checkLabel(label);
    this.endStroke();
    if (isLocked) this.#locks.add(label);
    else this.#locks.delete(label);
  }

  get canUndo(): boolean {
    return this.#history.canUndo || (this.#stroke?.pen.hasWritten ?? false);
  }
  get canRedo(): boolean {
    return this.#history.canRedo;
  }
  get undoKind(): EditKind | undefined {
    return this.#stroke?.pen.hasWritten ? "stroke" : this.#history.nextUndo?.kind;
  }
  get redoKind(): EditKind | undefined {
    return this.#history.nextRedo?.kind;
  }
  undo(): EditResult {
    this.endStroke();
    const edit = this.#history.undo();
    return edit === undefined ? NOTHING : this.#apply({ ...edit, ...invertRuns(edit) });
  }
  redo(): EditResult {
    this.endStroke();
    const edit = this.#history.redo();
    return edit === undefined ? NOTHING : this.#apply(edit);
  }

  get isInStroke(): boolean {
    return this.#stroke !== undefined;
  }
  beginStroke(brush: Brush, point: Triple): EditResult {
    this.endStroke();
    checkBrush(brush, this.shape);
    const pen = this.#makePen(brush.over);
    paintWay(this, pen, { brush, from: point, to: point });
    this.#stroke = { brush, pen, at: point, isHeldByLock: false };
    return this.#takePart(this.#stroke);
  }
  strokeTo(point: Triple): EditResult {
    const stroke = this.#stroke;
    if (stroke === undefined) throw new RangeError("Cannot go on with a stroke: none was begun");
    paintWay(this, stroke.pen, { brush: stroke.brush, from: stroke.at, to: point });
    stroke.at = point;
    return this.#takePart(stroke);
  }
  endStroke(): EditResult {
    const stroke = this.#stroke;
    if (stroke === undefined) return NOTHING;
    this.#stroke = undefined;
    return this.#keep("stroke", stroke.pen, stroke.isHeldByLock);
  }
  cancelStroke(): EditResult {
    const stroke = this.#stroke;
    if (stroke === undefined) return NOTHING;
    this.#stroke = undefined;
    const whole = stroke.pen.whole();
    if (whole.box === undefined) return NOTHING;
    applyRuns(this.mask, invertRuns(stroke.pen.runs()), this.#counts);
    this.#revision++;
    return { ...whole, isHeldByLock: false };
  }

  fill(options: FillOptions & Over): EditResult {
    return this.#edit("fill", options.over, (pen) => fill(this, pen, options));
  }
  fillHoles(options: FillHolesOptions & Over): EditResult {
    return this.#edit("fillHoles", options.over, (pen) => fillHoles(this, pen, options));
  }
  grow(options: GrowOptions & Over): EditResult {
    return this.#edit("grow", options.over, (pen) => grow(this, pen, options));
  }
  threshold(options: ThresholdOptions & Over): EditResult {
    return this.#edit("threshold", options.over, (pen) => threshold(this, pen, options));
  }
  interpolateSlices(options: InterpolateOptions & Over & Becoming): EditResult {
    // What the label loses is its own.
    const over = options.over === undefined ? undefined : [...options.over, options.label];
    return this.#edit("interpolate", over, (pen) =>
      interpolateSlices(this, pen, { ...options, to: options.to ?? 0 }),
    );
  }
  keepLargest(label: number, { to = 0 }: Becoming = {}): EditResult {
    return this.#edit("keepLargest", undefined, (pen) => keepLargest(this, pen, { label, to }));
  }
  removeLabel(label: number): EditResult {
    return this.replaceLabel(label, 0);
  }
  replaceLabel(from: number, to: number): EditResult {
    return this.#edit("replace", undefined, (pen) => replaceLabel(this, pen, { from, to }));
  }

  #makePen(over: readonly number[] | undefined): Pen {
    over?.forEach(checkLabel);
    const { mask, shape } = this;
    return new Pen({ mask, shape, counts: this.#counts, locks: this.#locks, over });
  }

  #edit(kind: EditKind, over: readonly number[] | undefined, work: (pen: Pen) => void): EditResult {
    this.endStroke();
    const pen = this.#makePen(over);
    work(pen);
    const { changed, isHeldByLock } = pen.take();
    if (changed > 0) this.#revision++;
    return this.#keep(kind, pen, isHeldByLock);
  }

  #takePart(stroke: { readonly pen: Pen; isHeldByLock: boolean }): EditResult {
    const part = stroke.pen.take();
    stroke.isHeldByLock ||= part.isHeldByLock;
    if (part.changed > 0) this.#revision++;
    return part;
  }

  /** Takes what a pen wrote into the history. */
  #keep(kind: EditKind, pen: Pen, isHeldByLock: boolean): EditResult {
    const { changed, box } = pen.whole();
    if (box !== undefined) {
      const edit = this.#number({ kind, ...pen.runs(), changed, box });
      this.#history.push(edit);
      this.#onEdit(edit);
    }
    return { changed, box, isHeldByLock };
  }

  /** Undoes or redoes. */
  #apply(edit: Edit): EditResult {
    applyRuns(this.mask, edit, this.#counts);
    this.#revision++;
    this.#onEdit(this.#number(edit));
    return { changed: edit.changed, box: edit.box, isHeldByLock: false };
  }

  #number(edit: Omit<Edit, "fromRevision" | "toRevision">): Edit {
    const fromRevision = this.#editedRevision;
    this.#editedRevision = this.#revision;
    return { ...edit, fromRevision, toRevision: this.#revision };
  }
}

/**
 * An editor of a mask, which it changes in place.
 *
 * ```ts
 * const editor = makeMaskEditor({ mask, image, shape, spacingMm });
 * editor.beginStroke({ label: 5, radiusMm: 4, plane: { axis: 2, slice: 30 } }, [100, 80, 30]);
 * editor.strokeTo([112.5, 84, 30]);
 * editor.endStroke();
 * editor.undo();
 * ```
 * @throws RangeError where mask, image and shape do not fit each other
 */
export const makeMaskEditor = (options: MaskEditorOptions): MaskEditor => new Editor(options);
