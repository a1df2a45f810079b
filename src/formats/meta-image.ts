/**
 * Reads MetaImage: .mha, and .mhd with its voxels in a file beside it. https://itk.org/Wiki/ITK/MetaIO/Documentation
 * Values and place are those that ITK reads; the affine is the one that ITK's NIfTI of the image has.
 */
import type { Inflate } from "../core/bytes.ts";
import type { Affine, Point } from "../nifti/affine.ts";
import { isMissingPartner, openDataFile, readHeaderText } from "./beside.ts";
import { CONVERT, EXPORT_AGAIN, failManyNumbers, failToRead, failToUse, quoted } from "./errors.ts";
import type { ImageFile } from "./image-file.ts";
import {
  type MetaFields,
  metaDtype,
  metaField,
  metaFlag,
  metaHeaderEnd,
  metaNumbers,
  metaWhole,
  parseMetaFields,
  requiredMetaField,
} from "./meta-image-fields.ts";
import { affineFrom, makeHeader, type OpenImage } from "./open-image.ts";
import { openVoxels } from "./voxels.ts";

const ANY = Number.MAX_SAFE_INTEGER;

function shapeOf(meta: MetaFields): readonly number[] {
  requiredMetaField(meta, "NDims");
  const axes = metaWhole(meta, "NDims", { least: 2, most: 4, absent: 0 });
  requiredMetaField(meta, "DimSize");
  const shape = metaNumbers(meta, axes, "DimSize") ?? [];
  const bad = shape.find((n) => !(Number.isSafeInteger(n) && n >= 1));
  if (bad !== undefined)
    failToRead(meta.name, `DimSize must be whole numbers >= 1, got ${bad}`, EXPORT_AGAIN);
  return shape;
}

function spacingOf(meta: MetaFields, axes: number): readonly number[] | undefined {
  const spacing = metaNumbers(meta, axes, "ElementSpacing", "ElementSize");
  const bad = spacing?.find((mm) => !(mm > 0 && Number.isFinite(mm)));
  if (bad !== undefined) {
    const hint = "State the true voxel size, for instance by exporting the image again";
    failToUse(meta.name, `ElementSpacing must be > 0 mm, got ${bad}`, hint);
  }
  return spacing;
}

/** The direction of axis `axis`: row `axis` of TransformMatrix, which ITK has as a column. */
function directionOf(
  meta: MetaFields,
  matrix: readonly number[] | undefined,
  axes: number,
  axis: number,
): Point {
  if (matrix === undefined || axis >= axes)
    return [axis === 0 ? 1 : 0, axis === 1 ? 1 : 0, axis === 2 ? 1 : 0];
  const row = matrix.slice(axis * axes, (axis + 1) * axes);
  const column = Array.from({ length: axes }, (_, i) => matrix[i * axes + axis]!);
  if (row.slice(3).some((n) => n !== 0) || column.slice(3).some((n) => n !== 0))
    failToUse(meta.name, "TransformMatrix mixes the fourth axis with those of space", EXPORT_AGAIN);
  return [row[0] ?? 0, row[1] ?? 0, row[2] ?? 0];
}

interface Place {
  readonly affine: Affine;
  readonly affineSource: "file" | "pixdim" | "assumed";
  readonly spacingMm: Point;
}

function placeOf(meta: MetaFields, axes: number, warnings: string[]): Place {
  const spacing = spacingOf(meta, axes);
  const matrix = metaNumbers(meta, axes * axes, "TransformMatrix", "Rotation", "Orientation");
  const origin = metaNumbers(meta, axes, "Offset", "Position", "Origin") ?? [];
  const spacingMm: Point = [spacing?.[0] ?? 1, spacing?.[1] ?? 1, (axes > 2 ? spacing?.[2] : undefined) ?? 1];
  const step = (axis: 0 | 1 | 2): Point => {
    const [x, y, z] = directionOf(meta, matrix, axes, axis);
    const mm = spacingMm[axis];
    return [x * mm, y * mm, z * mm];
  };
  const affine = affineFrom(
    "LPS",
    [step(0), step(1), step(2)],
    [origin[0] ?? 0, origin[1] ?? 0, origin[2] ?? 0],
  );
  if (spacing === undefined) warnings.push("No spacing is stated: taken as 1 mm");
  if (axes === 2) {
    warnings.push(
      "The image is 2D, which does not say where the patient's left is: assumed to be LPS, as ITK does",
    );
  } else if (matrix === undefined) {
    warnings.push("No TransformMatrix is stated: the orientation is assumed to be LPS, as ITK does");
  } else return { affine, affineSource: "file", spacingMm };
  return { affine, affineSource: spacing === undefined ? "assumed" : "pixdim", spacingMm };
}

function warnOfOddities(meta: MetaFields, warnings: string[]): void {
  const units = metaField(meta, "DistanceUnits") ?? "mm";
  if (!/^(?:mm|millimet(?:er|re)s?|\?)$/i.test(units))
    warnings.push(`DistanceUnits is ${quoted(units)}: lengths are taken as millimetres, as ITK does`);
  const slope = metaNumbers(meta, 1, "ElementToIntensityFunctionSlope")?.[0] ?? 1;
  const offset = metaNumbers(meta, 1, "ElementToIntensityFunctionOffset")?.[0] ?? 0;
  if (slope !== 1 || offset !== 0)
    warnings.push(
      `ElementToIntensityFunction is ${slope} * value + ${offset}: values are taken as they are stored, as ITK does`,
    );
}

/** The name of the one data file; undefined where the voxels follow the header. */
function dataFileOf(meta: MetaFields): string | undefined {
  const stated = requiredMetaField(meta, "ElementDataFile");
  if (/^local$/i.test(stated)) return undefined;
  if (/^LIST\b/i.test(stated) || (/%\d*[dis]/.test(stated) && /\s/.test(stated)))
    failToRead(meta.name, `its voxels are in several files (${quoted(stated)}), which is not read`, CONVERT);
  return stated;
}

interface Run {
  readonly start: number | "last";
  readonly end?: number;
}

/**
 * Where the stored run starts. HeaderSize counts from the start of the file that holds the voxels; -1 means that
 * they are its last bytes.
 * @param headerEnd 0 where the voxels are in a file of their own.
 */
function runOf(meta: MetaFields, headerEnd: number, compressed: boolean): Run {
  const skip = metaWhole(meta, "HeaderSize", { least: -1, most: ANY, absent: 0 });
  if (skip === -1 && compressed)
    failToRead(meta.name, "HeaderSize is -1, which compressed voxels cannot have", EXPORT_AGAIN);
  if (skip === -1) return { start: "last" };
  if (skip > 0 && skip < headerEnd)
    failToRead(meta.name, `HeaderSize is ${skip}, but its own header has ${headerEnd} bytes`, EXPORT_AGAIN);
  const start = Math.max(skip, headerEnd);
  const size = compressed ? metaWhole(meta, "CompressedDataSize", { least: 0, most: ANY, absent: 0 }) : 0;
  return size > 0 ? { start, end: start + size } : { start };
}

/**
 * Opens a MetaImage file: checks the header, and that all voxels are there.
 * @throws HipError "unreadable-image": damaged, cut short, a layout that is not read; "bad-image": spacing, directions
 */
export async function openMetaImage(file: ImageFile, inflate: Inflate): Promise<OpenImage> {
  const { name } = file;
  const { text, end } = await readHeaderText(file, metaHeaderEnd);
  const meta = parseMetaFields(text, name);
  const shape = shapeOf(meta);
  const dtype = metaDtype(meta);
  const warnings: string[] = [];
  const place = placeOf(meta, shape.length, warnings);
  warnOfOddities(meta, warnings);
  const channels = metaWhole(meta, "ElementNumberOfChannels", { least: 1, most: ANY, absent: 1 });
  const compressed = metaFlag(meta, false, "CompressedData");
  const binary = metaFlag(meta, true, "BinaryData");
  const bigEndian = metaFlag(meta, false, "ElementByteOrderMSB", "BinaryDataByteOrderMSB");
  const stated = dataFileOf(meta);

  const open = async (): Promise<() => Promise<Float32Array>> => {
    const data = stated === undefined ? { name, source: file.source } : await openDataFile(file, stated);
    return openVoxels(
      {
        ...data,
        ...runOf(meta, stated === undefined ? end : 0, compressed),
        encoding: compressed ? "zlib" : binary ? "raw" : "ascii",
        skipBytes: 0,
        shape,
        count: shape.reduce((product, n) => product * n, channels),
        dtype,
        littleEndian: !bigEndian,
      },
      inflate,
    );
  };
  let readValues: () => Promise<Float32Array>;
  try {
    readValues = await open();
  } catch (error) {
    // A lone header is described, like a lone .hdr of NIfTI; its voxels are missed when they are asked for.
    if (stated === undefined || !isMissingPartner(error, file)) throw error;
    warnings.push("The voxels are in another file, which is not here");
    readValues = () => Promise.reject(error);
  }
  if (channels > 1) readValues = async () => failManyNumbers(name, channels, "channels");
  const header = makeHeader(name, {
    format: "MetaImage",
    shape,
    ...place,
    dtype: channels > 1 ? `${dtype}[${channels}]` : dtype,
    warnings,
  });
  return { header, readValues };
}
