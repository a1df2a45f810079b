/** The labels of the open model as the user sees them: colour, visibility, opacity, lock. */
import { type LabelDefinition, labelColour } from "../../../src/browser/index.ts";
import type { ShownLabel } from "../viewer/viewer.ts";

export interface LabelRow {
  readonly id: number;
  readonly name: string;
  readonly colour: readonly [number, number, number];
  isVisible: boolean;
  isLocked: boolean;
  voxels: number;
  ml: number | null;
}

export class LabelState {
  rows = $state<LabelRow[]>([]);
  opacity = $state(0.55);
  /** The label that tools draw. */
  active = $state(1);

  take(labels: readonly LabelDefinition[]): void {
    const before = new Map(this.rows.map((row) => [row.name, row]));
    this.rows = labels
      .filter(({ id }) => id !== 0)
      .map(({ id, name }) => ({
        id,
        name,
        colour: labelColour(id) ?? [255, 255, 255],
        // The body covers all else: it is named, but shown only when asked for.
        isVisible: before.get(name)?.isVisible ?? name !== "body",
        isLocked: before.get(name)?.isLocked ?? false,
        voxels: 0,
        ml: null,
      }));
    this.active = this.rows.at(-1)?.id ?? 1;
  }

  count(voxelsOf: (id: number) => number, voxelMl: number | null): void {
    for (const row of this.rows) {
      row.voxels = voxelsOf(row.id);
      row.ml = voxelMl === null ? null : row.voxels * voxelMl;
    }
  }

  get shown(): readonly ShownLabel[] {
    return this.rows.map(({ id, name, colour, isVisible }) => ({
      id,
      name,
      colour,
      opacity: isVisible ? this.opacity : 0,
    }));
  }

  nameOf(id: number): string | undefined {
    return this.rows.find((row) => row.id === id)?.name;
  }
}
