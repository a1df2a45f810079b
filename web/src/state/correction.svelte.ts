/** Correcting the mask by hand: the tool in hand, the editor behind it, and what tools do where the pointer is. */
import { type EditResult, HipError, type MaskEditor, makeMaskEditor } from "../../../src/browser/index.ts";
import { TEXT } from "../text.ts";
import { type Intensities, PLANES, type PointedVoxel, type Viewer } from "../viewer/viewer.ts";
import { changesText } from "../volume-text.ts";
import type { ShownScan } from "../worker/protocol.ts";
import type { LabelState } from "./labels.svelte.ts";
import { whyNothing } from "./why-nothing.ts";

export type Tool = "move" | "brush" | "eraser" | "fill" | "grow";
export const TOOLS: readonly Tool[] = ["move", "brush", "eraser", "fill", "grow"];

/** Of the brush. */
export const RADIUS_MM = { low: 1, high: 40 } as const;
/** How far a region grows at most. */
const GROW_RADIUS_MM = 30;

export interface CorrectionContext {
  readonly labels: LabelState;
  viewer(): Viewer | undefined;
  /** The brightness of the view. */
  window(): Intensities;
  /** null: not known. */
  voxelMl(): number | null;
  /** An edit was made, undone or redone: its bytes for the journal. */
  onEdit(
    editor: MaskEditor,
    edit: Parameters<NonNullable<Parameters<typeof makeMaskEditor>[0]["onEdit"]>>[0],
  ): void;
  onChange(): void;
}

export class Correction {
  tool = $state<Tool>("move");
  radiusMm = $state(6);
  isSphere = $state(false);
  /** Only voxels whose intensity is in the window of the view. */
  isByIntensity = $state(false);
  /** Share of the view's window that a region's intensities may differ by. */
  tolerance = $state(0.12);
  canUndo = $state(false);
  canRedo = $state(false);
  /** What the last edit did, for people. */
  told = $state("");

  #editor: MaskEditor | undefined;
  /** Voxels of each label before the edit under way. */
  #before = new Map<number, number>();
  #axis: 0 | 1 | 2 = 1;
  readonly #context: CorrectionContext;

  constructor(context: CorrectionContext) {
    this.#context = context;
  }

  get editor(): MaskEditor | undefined {
    return this.#editor;
  }

  /** Begins with a mask; the array is changed in place. */
  begin({ shape, spacingMm, data }: ShownScan, mask: Uint8Array, revision = 0): void {
    const editor = makeMaskEditor({
      mask,
      image: data,
      shape,
      spacingMm,
      revision,
      onEdit: (edit) => this.#context.onEdit(editor, edit),
    });
    this.#editor = editor;
    for (const { id, isLocked } of this.#context.labels.rows) if (isLocked) editor.setLocked(id, true);
    this.told = "";
    this.#refresh();
  }

  end(): void {
    this.#editor = undefined;
    this.tool = "move";
    this.#refresh();
  }

  setLocked(label: number, isLocked: boolean): void {
    this.#editor?.setLocked(label, isLocked);
  }

  #refresh(): void {
    this.canUndo = this.#editor?.canUndo ?? false;
    this.canRedo = this.#editor?.canRedo ?? false;
    this.#context.onChange();
  }

  /** Shows what changed. */
  #took({ changed, box, isHeldByLock }: EditResult, isStroke = false): void {
    if (box !== undefined) this.#context.viewer()?.refreshMask({ from: box.first, to: box.last });
    if (!isStroke) {
      this.told = isHeldByLock
        ? TEXT.correct.heldByLock
        : changed === 0
          ? TEXT.correct.nothing
          : TEXT.correct.changed(changed, this.#changes());
    }
    this.#refresh();
  }

  #count(): Map<number, number> {
    return new Map(this.#context.labels.rows.map(({ id }) => [id, this.#editor?.countOf(id) ?? 0]));
  }

  /** Label by label, since the edit began. */
  #changes(): string {
    const now = this.#count();
    const changes = this.#context.labels.rows.map(({ id, name }) => ({
      name,
      voxels: (now.get(id) ?? 0) - (this.#before.get(id) ?? 0),
    }));
    return changesText(changes, this.#context.voxelMl());
  }

  /** What cannot be done is told. @returns undefined: it could not */
  #do(work: (editor: MaskEditor) => EditResult, isStroke = false): EditResult | undefined {
    const editor = this.#editor;
    if (editor === undefined) return undefined;
    if (!editor.isInStroke) this.#before = this.#count();
    try {
      const result = work(editor);
      this.#took(result, isStroke);
      return result;
    } catch (error) {
      if (!(error instanceof HipError) && !(error instanceof RangeError)) throw error;
      this.told =
        error instanceof HipError && error.hint !== undefined
          ? `${error.message}. ${error.hint}`
          : error.message;
      return undefined;
    }
  }

  /** The pointer went down on a voxel. @returns whether a tool took it */
  pointerDown({ voxel, point, axis }: PointedVoxel): boolean {
    const editor = this.#editor;
    if (editor === undefined || this.tool === "move") return false;
    this.#axis = axis;
    const label = this.#context.labels.active;
    if (this.tool === "fill") {
      this.#do(() => editor.fill({ at: voxel, label, axis }));
      return true;
    }
    if (this.tool === "grow") {
      const { low, high } = this.#context.window();
      const tolerance = this.tolerance * (high - low);
      this.#do(() => editor.grow({ seed: voxel, label, tolerance, radiusMm: GROW_RADIUS_MM }));
      return true;
    }
    const isEraser = this.tool === "eraser";
    const plane = this.isSphere ? {} : { plane: { axis, slice: voxel[axis] } };
    const { low, high } = this.#context.window();
    const range = this.isByIntensity ? { range: [low, high] as const } : {};
    // The eraser takes the active label alone: what lies beside it is not in danger.
    const over = isEraser ? { over: [label] } : {};
    const brush = { label: isEraser ? 0 : label, radiusMm: this.radiusMm, ...plane, ...range, ...over };
    this.#do(() => editor.beginStroke(brush, point), true);
    // Taken even where it failed: the press was meant for the tool.
    return true;
  }

  pointerMove({ point, axis }: PointedVoxel): void {
    const editor = this.#editor;
    if (editor?.isInStroke !== true || axis !== this.#axis) return;
    this.#do(() => editor.strokeTo(point), true);
  }

  pointerUp(): void {
    const editor = this.#editor;
    if (editor?.isInStroke !== true) return;
    this.#do(() => editor.endStroke());
  }

  undo(): void {
    this.#do((editor) => editor.undo());
  }
  redo(): void {
    this.#do((editor) => editor.redo());
  }
  /** @param axis across the slices that were drawn */
  interpolate(axis: 0 | 1 | 2): void {
    const editor = this.#editor;
    if (editor === undefined) return;
    const { labels } = this.#context;
    const label = labels.active;
    const result = this.#do((each) => each.interpolateSlices({ label, axis }));
    if (result !== undefined && (result.changed > 0 || result.isHeldByLock)) return;
    const slices = editor.drawnSlices(label, axis);
    // What else was in the way was told.
    if (result === undefined && slices.length > 1) return;
    const name = labels.nameOf(label) ?? "";
    const plane = TEXT.view[PLANES[axis]].toLowerCase();
    const text = TEXT.correct.nothingBetween;
    const reason = whyNothing(slices);
    if (reason.why === "no gap") this.told = text.noGap(name, plane, reason.first, reason.last);
    else if (reason.why === "none") this.told = text.none(name, plane);
    else this.told = reason.why === "one" ? text.one(name, plane) : text.noOverlap(name, plane);
  }
  fillHoles(axis: 0 | 1 | 2): void {
    this.#do((editor) =>
      editor.fillHoles({ label: this.#context.labels.active, axis, over: [0, ...this.#bodyIds()] }),
    );
  }
  keepLargest(): void {
    const to = this.#bodyIds()[0] ?? 0;
    this.#do((editor) => editor.keepLargest(this.#context.labels.active, { to }));
  }

  /** What surrounds the organs. */
  #bodyIds(): readonly number[] {
    const { rows, active } = this.#context.labels;
    return rows.filter(({ id, name }) => name === "body" && id !== active).map(({ id }) => id);
  }

  resize(factor: number): void {
    this.radiusMm = Math.min(
      RADIUS_MM.high,
      Math.max(RADIUS_MM.low, Math.round(this.radiusMm * factor * 2) / 2),
    );
  }
}
