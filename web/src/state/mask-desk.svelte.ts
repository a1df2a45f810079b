/** The mask that is shown and those of the other scans: taken up, put aside, brought to another model's labels, kept. */
import type { CasePassport, LabelDefinition, MaskEditor } from "../../../src/browser/index.ts";
import { TEXT } from "../text.ts";
import type { Intensities, Viewer } from "../viewer/viewer.ts";
import type { RemoteWorker } from "../worker/client.ts";
import type { Failure } from "../worker/failure.ts";
import type { ScanSummary, ShownScan } from "../worker/protocol.ts";
import { Autosave } from "./autosave.ts";
import { Correction } from "./correction.svelte.ts";
import { type HeldMask, relabel, sameLabels } from "./held-masks.ts";
import type { LabelState } from "./labels.svelte.ts";

export interface MaskDeskContext {
  readonly labels: LabelState;
  viewer(): Viewer | undefined;
  window(): Intensities;
  scan(): ScanSummary | undefined;
  shown(): ShownScan | undefined;
  /** Of the model that is open. */
  modelLabels(): readonly LabelDefinition[] | undefined;
  ask<T>(question: (worker: RemoteWorker) => Promise<T>): Promise<T>;
  fail(error: unknown): void;
  tell(failure: Failure): void;
}

export class MaskDesk {
  readonly correction: Correction;
  readonly autosave: Autosave;
  passport = $state.raw<CasePassport | null | undefined>();
  warnings = $state.raw<readonly string[]>([]);
  /** How the last segmentation of what is shown ended; undefined: there was none. */
  lastRun = $state.raw<{ readonly seconds: number } | "stopped" | undefined>();
  /** Scans that have a mask. */
  masked = $state.raw<ReadonlySet<number>>(new Set());
  hasMask = $state(false);
  isHidden = $state(false);
  /** Rises with each change of the mask. */
  revision = $state(0);
  mask: Uint8Array | undefined;

  readonly #context: MaskDeskContext;
  /** Of scans that are not shown just now, or whose labels the model does not know. */
  readonly #aside = new Map<number, HeldMask>();
  #isByHand = false;
  #isPartial = false;

  constructor(context: MaskDeskContext) {
    this.#context = context;
    this.autosave = new Autosave({
      ask: (question) => context.ask(question),
      isCurrent: (editor) => editor === this.correction.editor,
      onFailure: (error) => context.fail(error),
    });
    this.correction = new Correction({
      labels: context.labels,
      viewer: () => context.viewer(),
      window: () => context.window(),
      voxelMl: () => context.scan()?.voxelMl ?? null,
      onEdit: (editor, edit) => this.#onEdit(editor, edit),
      onChange: () => this.recount(),
    });
  }

  /** Whether the scan's mask holds somebody's work. */
  get isByHand(): boolean {
    void this.revision;
    const scan = this.#context.scan();
    const aside = scan === undefined ? undefined : this.#aside.get(scan.id);
    return this.#isByHand || (!this.hasMask && aside?.isByHand === true);
  }

  /** Whether any scan's does. */
  get hasWork(): boolean {
    return this.isByHand || [...this.#aside.values()].some(({ isByHand }) => isByHand);
  }

  #onEdit(editor: MaskEditor, edit: Parameters<Autosave["edit"]>[2]): void {
    const scan = this.#context.scan();
    if (scan === undefined) return;
    if (!this.#isByHand) {
      this.#isByHand = true;
      this.#keepAbout(scan.id);
    }
    this.autosave.edit(scan.id, editor, edit);
  }

  /** Of the scan that is shown: another one comes, or another model. */
  putAside(): void {
    const scan = this.#context.scan();
    const held = this.#now();
    if (scan !== undefined && held !== undefined) this.#aside.set(scan.id, held);
  }

  #now(): HeldMask | undefined {
    const { mask, passport } = this;
    const { editor } = this.correction;
    const labels = this.#context.modelLabels();
    if (mask === undefined || editor === undefined || labels === undefined) return undefined;
    const { revision } = editor;
    return { mask, revision, passport, labels, isByHand: this.#isByHand, isPartial: this.#isPartial };
  }

  /** Of any scan, as far as the page has it. */
  of(scan: number): HeldMask | undefined {
    return scan === this.#context.scan()?.id ? this.#now() : this.#aside.get(scan);
  }

  /** A mask of earlier, its labels brought to those of the model that is open. */
  #takeHeld(held: HeldMask): void {
    const labels = this.#context.modelLabels() ?? held.labels;
    const mask = relabel(held.mask, held.labels, labels);
    if (mask === undefined) {
      const name = this.#context.scan()?.name ?? "";
      this.#context.tell({ message: TEXT.errors.otherLabels(name), hint: TEXT.errors.otherLabelsHint });
      return;
    }
    if (this.#context.modelLabels() === undefined) this.#context.labels.take(labels);
    if (sameLabels(held.labels, labels)) {
      this.take({ ...held, mask });
      return;
    }
    this.take({ ...held, mask, labels, revision: 0, passport: undefined });
    this.keepWhole();
  }

  /** What was put aside of the scan that is shown now, else what the worker had kept of it. */
  takeUp(kept: HeldMask | undefined): void {
    const scan = this.#context.scan();
    const held = (scan === undefined ? undefined : this.#aside.get(scan.id)) ?? kept;
    if (held !== undefined) this.#takeHeld(held);
  }

  take({ mask, revision, passport, isByHand, isPartial }: HeldMask): void {
    const [shown, scan] = [this.#context.shown(), this.#context.scan()];
    if (shown === undefined || scan === undefined) return;
    this.#aside.delete(scan.id);
    this.mask = mask;
    this.passport = passport;
    this.warnings = [];
    this.lastRun = undefined;
    this.#isByHand = isByHand || revision > 0;
    this.#isPartial = isPartial;
    this.hasMask = true;
    this.masked = new Set([...this.masked, scan.id]);
    this.autosave.begin();
    this.correction.begin(shown, mask, revision);
    this.#context.viewer()?.showMask(mask);
    this.labelsChanged();
  }

  /** A mask that the worker does not keep yet. */
  replace(mask: Uint8Array, isPartial: boolean): void {
    const labels = this.#context.modelLabels() ?? [];
    this.take({ mask, revision: 0, passport: undefined, labels, isByHand: !isPartial, isPartial });
    this.keepWhole();
  }

  drop(): void {
    this.mask = undefined;
    this.hasMask = false;
    this.passport = undefined;
    this.warnings = [];
    this.lastRun = undefined;
    this.#isByHand = false;
    this.#context.viewer()?.showMask(undefined);
    this.correction.end();
  }

  forget(): void {
    this.#aside.clear();
    this.masked = new Set();
    this.drop();
  }

  #keepAbout(scan: number): void {
    const held = this.#now();
    if (held === undefined) return;
    const { labels, passport, isByHand, isPartial } = held;
    const about = { labels, passport, isByHand, isPartial };
    this.#context
      .ask((worker) => worker.keepAbout(scan, about) as Promise<void>)
      .catch((error) => this.#context.fail(error));
  }

  keepWhole(): void {
    const { editor } = this.correction;
    const scan = this.#context.scan();
    if (scan === undefined || editor === undefined) return;
    this.#keepAbout(scan.id);
    this.autosave.whole(scan.id, editor);
  }

  recount(): void {
    const { editor } = this.correction;
    const voxelMl = this.#context.scan()?.voxelMl ?? null;
    this.#context.labels.count((id) => editor?.countOf(id) ?? 0, voxelMl);
    this.revision++;
  }

  labelsChanged(): void {
    const { shown } = this.#context.labels;
    const labels = this.isHidden ? shown.map((label) => ({ ...label, opacity: 0 })) : shown;
    this.#context.viewer()?.setLabels(labels);
  }

  toggleHidden(): void {
    this.isHidden = !this.isHidden;
    this.labelsChanged();
  }

  toggleLock(id: number): void {
    const row = this.#context.labels.rows.find((each) => each.id === id);
    if (row === undefined) return;
    row.isLocked = !row.isLocked;
    this.correction.setLocked(id, row.isLocked);
  }
}
