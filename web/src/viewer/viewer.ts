/** What the app asks of a viewer. NiiVue is behind it (niivue-viewer.ts), loaded once the page has time, or with the first scan. */

export type Layout = "all" | "axial" | "coronal" | "sagittal" | "3d";
/** By the axis across them. */
export const PLANES = ["sagittal", "coronal", "axial"] as const satisfies readonly Layout[];
export type Triple = readonly [number, number, number];

/** A voxel that the pointer is over, and the plane that it was seen in. */
export interface PointedVoxel {
  readonly voxel: Triple;
  /** The same, not rounded: voxel centres are whole numbers. */
  readonly point: Triple;
  /** The axis across the plane: 0 sagittal, 1 coronal, 2 axial. */
  readonly axis: 0 | 1 | 2;
}

export interface Crosshair {
  /** To the right, the front and the head, by the volume's affine. */
  readonly mm: Triple;
  readonly voxel: Triple;
}

export interface ShownLabel {
  readonly id: number;
  readonly name: string;
  readonly colour: readonly [number, number, number];
  /** 0 to 1; 0: hidden. */
  readonly opacity: number;
}

export interface Intensities {
  readonly low: number;
  readonly high: number;
}

export interface ShownVolume {
  readonly name: string;
  readonly shape: Triple;
  readonly spacingMm: Triple;
  /** From voxels to millimetres; the axes run to the right, the front and the head. */
  readonly affine: readonly (readonly number[])[];
  /** x fastest; the viewer reads it and keeps no copy. */
  readonly data: Float32Array;
  readonly brightness: { readonly range: Intensities; readonly window: Intensities };
  /** false: the axes are assumed, and no letters say which side is which. Default: true. */
  readonly isPlaced?: boolean;
}

export interface Snapshot {
  readonly png: Blob;
  /** Where a scale can stand in each plane: its left lower corner, in pixels of the picture. */
  readonly scales: readonly {
    readonly left: number;
    readonly bottom: number;
    readonly pixelsPerMm: number;
  }[];
}

/** A box of voxels, ends included. */
export interface VoxelBox {
  readonly from: Triple;
  readonly to: Triple;
}

export interface Viewer {
  /** Shows a volume without a mask, once all of it is in the graphics card. */
  showVolume(volume: ShownVolume): Promise<void>;
  /** Shows a mask, x fastest; the array stays the caller's, who tells of changes by refreshMask(). */
  showMask(mask: Uint8Array | undefined): void;
  /** @param box what changed; default: all */
  refreshMask(box?: VoxelBox): void;
  setLabels(labels: readonly ShownLabel[]): void;
  setWindow(window: Intensities): void;
  /** Of windows that were chosen in the viewer itself: by the right button, or a double click, which resets it. */
  onWindow(listener: (window: Intensities) => void): void;
  setLayout(layout: Layout): void;
  /** Moves the crosshair by whole slices along an axis. */
  moveSlice(axis: 0 | 1 | 2, slices: number): void;
  moveTo(voxel: Triple): void;
  crosshair(): Crosshair;
  onCrosshair(listener: (at: Crosshair) => void): void;
  /** The voxel under a pointer; undefined beside the planes and over the 3D view. */
  voxelAt(event: MouseEvent): PointedVoxel | undefined;
  /** Pixels of the page that a millimetre takes in the plane under a pointer; undefined as of voxelAt(). */
  pixelsPerMm(event: MouseEvent): number | undefined;
  /** Colours of the surroundings. */
  setTheme(theme: "light" | "dark"): void;
  /** The view as it is, with letters large enough for a page. */
  snapshot(): Promise<Snapshot>;
}
