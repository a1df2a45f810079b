/** A scan: one volume of image files, slice files or a DICOM series, ready to be shown, segmented and saved. */
import type { HipError } from "../core/errors.ts";
import { orientationOfSlices, sliceNormal } from "../dataset/geometry.ts";
import { type Affine, type AffineRow, determinant, makeAffine } from "../nifti/affine.ts";
import { judgePassport } from "../passport/passport.ts";
import type { CasePassport, PassportFingerprint } from "../passport/types.ts";
import type { Predictor, PredictWatcher } from "../predict/predictor.ts";
import { planForModel, segmentVolume } from "../predict/segment.ts";
import { type ImageHeader, statesSpacing } from "../volume/image.ts";
import type { Reorientation } from "../volume/orient.ts";
import type { Grid, IntensityVolume } from "../volume/volume.ts";
import type { MeasuringPredictor } from "./case-passport.ts";
import { factsOf, statesVolume } from "./image-facts.ts";
import { hasGap, type LoadableSlice, segmentSliceSet, stackGrid } from "./slice-set.ts";

/** A file made of a scan's mask. */
export interface MaskFile {
  /** Without a folder, e.g. "case_004.nii". */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Scan {
  /** Of the file without its ending, of the slice set, or of the series; with folders where several have one name. */
  readonly name: string;
  /** For names of files made of it: no folder, and nothing that a file system refuses. */
  readonly fileStem: string;
  /** Equal of scans of one person as far as the files tell it; tells of nobody who that is. */
  readonly patient: string;
  readonly source: "file" | "slices" | "dicom";
  /** Of the first file. */
  readonly header: ImageHeader;
  /** Of the whole volume; masks lie on it. */
  readonly grid: Grid;
  readonly warnings: readonly string[];
  /** null where the files do not state the size of their voxels. */
  readonly voxelMl: number | null;
  /** Whether the files state where the axes point: else no side may be called left. */
  readonly isPlaced: boolean;
  /** Whether the files state how large voxels are, along all axes: else millimetres are a guess. */
  readonly hasSpacing: boolean;
  /** @throws HipError as readImage() */
  load(): Promise<IntensityVolume>;
  /** The turn into the model's slices. @throws HipError "bad-image" as planForModel() */
  turnFor(predictor: Pick<Predictor, "card">): Reorientation;
  /** @param volume what load() gave. @returns the mask on `grid`. */
  segment(predictor: Predictor, volume: IntensityVolume, watcher: PredictWatcher): Promise<Segmented>;
  /** The mask as NIfTI on the grid of each file, uncompressed. */
  masks(mask: Uint8Array): readonly MaskFile[];
}

export interface Segmented {
  readonly mask: Uint8Array;
  readonly warnings: readonly string[];
}

/** What was found, and whether scan and mask are like the training data. */
export interface JudgedMask extends Segmented {
  /** null where the model carries no fingerprint of its training data. */
  readonly passport: CasePassport | null;
}

/** Segments a scan and judges what was found. */
export async function segmentScan(
  scan: Scan,
  volume: IntensityVolume,
  options: {
    readonly predictor: MeasuringPredictor;
    readonly fingerprint: PassportFingerprint | undefined;
    readonly watcher?: PredictWatcher;
  },
): Promise<JudgedMask> {
  const { predictor, fingerprint, watcher = {} } = options;
  const segmented = await scan.segment(predictor, volume, watcher);
  const features = predictor.features();
  const passport =
    fingerprint === undefined || features === undefined ? null : judgePassport(features, fingerprint);
  return { ...segmented, passport };
}

export interface ScanNames {
  readonly name: string;
  /** Of the file or set, without a folder. */
  readonly stem: string;
  readonly patient: string;
}

/** What file systems refuse, on one of the usual platforms or another. */
const fileStemOf = (stem: string): string => stem.replace(/[\\/:*?"<>|\p{C}]+/gu, "_");

/** What a volume in one file or series needs to be a scan. */
export interface VolumeSource extends ScanNames {
  readonly source: "file" | "dicom";
  readonly header: ImageHeader;
  readonly grid: Grid;
  readonly load: () => Promise<IntensityVolume>;
  readonly writeMask: (mask: Uint8Array) => Uint8Array;
}

export function makeVolumeScan(from: VolumeSource): Scan {
  const { name, stem, patient, source, header, grid, load, writeMask } = from;
  const fileStem = fileStemOf(stem);
  const facts = factsOf(header, name);
  return {
    name,
    fileStem,
    patient,
    source,
    header,
    grid,
    isPlaced: facts.isPlaced,
    hasSpacing: facts.hasSpacing,
    warnings: header.warnings,
    voxelMl: statesVolume(header) ? Math.abs(determinant(header.affine)) / 1000 : null,
    load,
    turnFor: ({ card }) => planForModel(card, grid, facts).turn,
    async segment(predictor, volume, watcher) {
      const { mask, warnings } = await segmentVolume(predictor, volume, facts, watcher);
      return { mask: mask.data, warnings };
    },
    masks: (mask) => [{ name: `${fileStem}.nii`, bytes: writeMask(mask) }],
  };
}

/** Whether slices say where they lie, and which way they follow each other. */
function isPlacedSet(slices: readonly SetSlice[]): boolean {
  const placed = slices.map((slice, number) => ({ number, header: slice.header }));
  return slices.length > 1 && orientationOfSlices(placed) !== undefined;
}

/** The affine of stacked slices: the third axis runs from the first to the last, where they say where they lie. */
function stackAffine(slices: readonly SetSlice[], { affine, spacingMm }: Grid): Affine {
  const first = slices[0]!.header.affine;
  const last = slices[slices.length - 1]!.header.affine;
  const isKnown = isPlacedSet(slices);
  const normal = sliceNormal(affine);
  const row = (i: 0 | 1 | 2): AffineRow => {
    const [x, y, , origin] = affine[i];
    const step = isKnown ? (last[i][3] - first[i][3]) / (slices.length - 1) : normal[i] * spacingMm[2];
    return [x, y, step, origin];
  };
  return makeAffine(row(0), row(1), row(2));
}

/** A slice file of a set, and how a mask of it is written. */
export type SetSlice = LoadableSlice & {
  readonly stem: string;
  readonly writeMask: (mask: Uint8Array) => Uint8Array;
};

/**
 * Slice files of one volume.
 * @param slices upwards by number, as groupSlices() gives them
 * @throws HipError "bad-image" where their shapes differ
 */
export function makeSliceScan({ name, stem, patient }: ScanNames, slices: readonly SetSlice[]): Scan {
  const first = slices[0]!;
  const { grid: stacked, distance, warnings } = stackGrid(slices, undefined);
  const grid: Grid = { ...stacked, affine: stackAffine(slices, stacked) };
  const area = grid.shape[0] * grid.shape[1];
  const { spacingMm } = grid;
  const hasSpacing = statesSpacing(first.header) && distance.source !== "pixels";
  const warningsOfFiles = [...new Set(slices.flatMap(({ header }) => header.warnings))];
  return {
    name,
    fileStem: fileStemOf(stem),
    patient,
    source: "slices",
    header: first.header,
    grid,
    isPlaced: isPlacedSet(slices),
    hasSpacing,
    warnings: [...warningsOfFiles, ...distance.warnings, ...warnings],
    // The distance of slices is known from their places, even where no file states a thickness.
    voxelMl: hasSpacing ? (spacingMm[0] * spacingMm[1] * spacingMm[2]) / 1000 : null,
    async load() {
      const data = new Float32Array(area * slices.length);
      for (const [i, slice] of slices.entries()) data.set((await slice.loadVolume()).data, i * area);
      return { kind: "intensity", grid, data };
    },
    turnFor: ({ card }) => stackGrid(slices, card.input.orientation).turn,
    async segment(predictor, { data }, { onProgress, signal }) {
      const watcher = { onProgress: (done: number) => onProgress?.(done, slices.length), signal };
      const apart = hasGap(slices) && predictor.card.input.neighbours === 0;
      // What was read once, to be shown, is not read again.
      const read = slices.map((slice, i): LoadableSlice => {
        const sliceGrid: Grid = { ...grid, shape: [grid.shape[0], grid.shape[1], 1] };
        const part = data.subarray(i * area, (i + 1) * area);
        return {
          ...slice,
          loadVolume: () => Promise.resolve({ kind: "intensity", grid: sliceGrid, data: part }),
        };
      });
      // Without the slices between them neighbours are none, and no component spans the gap.
      const groups = apart ? read.map((slice) => [slice]) : [read];
      const mask = new Uint8Array(area * slices.length);
      const told: string[] = [];
      let at = 0;
      for (const group of groups) {
        const before = at / area;
        const own = { ...watcher, onProgress: (done: number) => watcher.onProgress(before + done) };
        const { masks, warnings } = await segmentSliceSet(predictor, group, own);
        for (const each of masks) {
          mask.set(each, at);
          at += area;
        }
        told.push(...warnings);
      }
      return { mask, warnings: [...new Set(told)] };
    },
    masks: (mask) =>
      slices.map(({ stem: own, writeMask }, i) => ({
        name: `${own}.nii`,
        bytes: writeMask(mask.subarray(i * area, (i + 1) * area)),
      })),
  };
}

/** Files that hold no scan, or one that cannot be used. */
export interface ScanProblem {
  readonly name: string;
  readonly error: HipError;
}
