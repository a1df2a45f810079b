/** What readNifti() returns. NIfTI-1: https://nifti.nimh.nih.gov/nifti-1/ ; rules as nibabel's. */
import type { Affine } from "./affine.ts";

/** nibabel's (numpy's) names of the scalar types we can segment. */
export type NiftiDtype =
  | "uint8"
  | "int8"
  | "uint16"
  | "int16"
  | "uint32"
  | "int32"
  | "uint64"
  | "int64"
  | "float32"
  | "float64";

/** A block of bytes that some tool put between header and voxels. */
export interface NiftiExtension {
  /** NIfTI's ecode: 2 DICOM, 4 AFNI, 6 comment, 32 CIFTI… */
  readonly code: number;
  /** The content as stored, padding included; it may name the patient. */
  readonly bytes: Uint8Array;
}

/** xyzt_units: what one step of pixdim is measured in. Reported only: nothing is converted, as in nibabel. */
export interface NiftiUnits {
  readonly space: "mm" | "m" | "um" | "unknown";
  readonly time: "s" | "ms" | "us" | "Hz" | "ppm" | "rad/s" | "unknown";
}

export interface NiftiHeader {
  readonly format: "NIfTI-1" | "NIfTI-2";
  readonly littleEndian: boolean;
  /** As nibabel's `img.shape`: dim[1..dim[0]], trailing 1s kept. */
  readonly shape: readonly number[];
  /** pixdim[1..3] as stated (absolute values are NOT taken). */
  readonly spacingMm: readonly [number, number, number];
  readonly units: NiftiUnits;
  readonly affine: Affine;
  readonly affineSource: "sform" | "qform" | "pixdim";
  /** e.g. "LPS": the direction in which each voxel axis points (nibabel's aff2axcodes). */
  readonly orientation: string;
  /** nibabel's dtype name; also "complex64", "rgb24"… for types that can be described but not segmented. */
  readonly dtype: string;
  readonly scale: { readonly slope: number; readonly intercept: number };
  /** Offset of the first voxel, in the single file or in the .img. */
  readonly voxOffset: number;
  readonly extensions: readonly NiftiExtension[];
  /** Oddities that were tolerated, in plain English. */
  readonly warnings: readonly string[];
  /** The header's own bytes (348 or 540), to write a mask with the same geometry. */
  readonly raw: Uint8Array;
}

export interface NiftiImage {
  readonly header: NiftiHeader;
  /** Stored values times slope plus intercept, as float32; x fastest. */
  readonly values: Float32Array;
}
