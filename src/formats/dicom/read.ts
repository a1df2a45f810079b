/** A DICOM series as an image. */
import type { Inflate } from "../../core/bytes.ts";
import { HipError } from "../../core/errors.ts";
import { mapParallel } from "../../core/parallel.ts";
import type { Image, ImageHeader } from "../../volume/image.ts";
import { decodeCompressed, type LoadCodec } from "./codecs.ts";
import { type DicomPlatform, type DicomSeries, nameOf, placedContentOf } from "./content.ts";
import { splitFrames } from "./encapsulated.ts";
import { openPixelBytes } from "./file.ts";
import type { StackGeometry } from "./geometry.ts";
import type { DicomInstance, Frame } from "./instance.ts";
import { failToReadDicom } from "./parse.ts";
import { decodeValues, type StoredPixels, type StoredType, storedBytesOf, storedTypeOf } from "./values.ts";

const FILES_AT_ONCE = 8;
const MOST_VOXELS = 2 ** 30;
/** Compressed images of nothing at all shrink by some thousands; a claim beyond this is not believed. */
const MOST_RATIO = 2 ** 16;

function typeOf({ format, pixels, input, syntax }: DicomInstance): StoredType {
  const type = storedTypeOf(format, pixels.keyword);
  // Bytes in big-endian words would come in swapped pairs.
  const swapped = !syntax.littleEndian && pixels.vr === "OW" && format.bitsAllocated === 8;
  if (type !== undefined && !swapped) return type;
  const { bitsAllocated, bitsStored, highBit } = format;
  const found = `${bitsAllocated} bits allocated, ${bitsStored} stored, high bit ${highBit}`;
  return failToReadDicom(
    input.name,
    `its pixels must have 8, 16 or 32 bits, found ${found}`,
    "Convert the series with dcm2niix, and give the NIfTI file",
  );
}

/** Where the `i`-th frame of an instance lies, before anything is decoded. */
type ReadStored = (frameNumber: number) => Promise<StoredPixels>;

/** Pixels one after another. */
async function openNative(instance: DicomInstance, inflate: Inflate): Promise<ReadStored> {
  const { format, pixels, frameCount, input, syntax } = instance;
  const type = typeOf(instance);
  const frameBytes = format.rows * format.columns * storedBytesOf(type);
  if (pixels.length === undefined || pixels.length < frameBytes * frameCount) {
    const wanted = frameBytes * frameCount;
    failToReadDicom(
      input.name,
      `its pixel data must have ${wanted} bytes, found ${pixels.length ?? "fragments"}`,
    );
  }
  const source = await openPixelBytes(input, syntax, inflate);
  return async (number) => ({
    bytes: await source.read(pixels.offset + (number - 1) * frameBytes, frameBytes),
    type,
    littleEndian: syntax.littleEndian,
  });
}

async function openCompressed(
  instance: DicomInstance,
  loadCodec: LoadCodec | undefined,
): Promise<ReadStored> {
  const { pixels, frameCount, input, syntax, format } = instance;
  if (pixels.length !== undefined)
    failToReadDicom(input.name, "its compressed pixel data must be in fragments");
  const type = typeOf(instance);
  const bytes = await input.source.read(pixels.offset, input.source.size - pixels.offset);
  const frames = splitFrames(bytes, frameCount, input.name);
  return async (number) => {
    const encoded = frames[number - 1]!;
    const request = { ...format, type, name: input.name };
    return { bytes: await decodeCompressed(syntax, encoded, request, loadCodec), type, littleEndian: true };
  };
}

async function readInstance(
  frames: readonly [Frame, Float32Array][],
  platform: DicomPlatform,
): Promise<void> {
  const { instance } = frames[0]![0];
  const native = instance.syntax.coding === "none";
  const readStored = await (native
    ? openNative(instance, platform.inflate)
    : openCompressed(instance, platform.loadCodec));
  for (const [frame, out] of frames) {
    decodeValues(await readStored(frame.number), instance.format, frame, out);
  }
}

/** Compressed data may claim any size. */
function checkSize(series: DicomSeries, frames: readonly Frame[]): void {
  const voxels = series.rows * series.columns * frames.length;
  const instances = new Set(frames.map(({ instance }) => instance));
  let bytes = 0;
  for (const { input } of instances) bytes += input.source.size;
  const compressed = frames.some(
    ({ instance }) => instance.syntax.coding !== "none" || instance.syntax.deflated,
  );
  if (voxels <= MOST_VOXELS && voxels <= bytes * (compressed ? MOST_RATIO : 1)) return;
  throw new HipError(
    "unreadable-image",
    `Cannot read ${nameOf(series)}: ${voxels} voxels are more than its ${bytes} bytes can hold`,
    { hint: "Export the series again from the scanner or the archive" },
  );
}

function headerOf(series: DicomSeries, geometry: StackGeometry): ImageHeader {
  const { frames, spacingMm, affine, orientation } = geometry;
  const first = frames[0]!;
  const types = [...new Set(frames.map(({ instance }) => typeOf(instance)))];
  const one = frames.every(({ slope, intercept }) => slope === first.slope && intercept === first.intercept);
  const warnings = [...series.warnings];
  if (!one) warnings.push("Rescale slope and intercept differ between slices: each slice's own were applied");
  return {
    format: "DICOM",
    shape: [series.columns, series.rows, frames.length],
    spacingMm,
    affine,
    affineSource: "file",
    orientation,
    dtype: types.length === 1 ? types[0]! : "float32",
    // With scales of their own the slices have none in common.
    scale: one ? { slope: first.slope, intercept: first.intercept } : { slope: 1, intercept: 0 },
    warnings,
  };
}

/**
 * Describes a series without reading its pixels.
 * @throws HipError "bad-image" where it is no volume; "unreadable-image"
 */
export function readDicomHeaderOf(series: DicomSeries): ImageHeader {
  return headerOf(series, placedContentOf(series).geometry);
}

/**
 * Reads a series: x = column index (fastest), y = row index, z = slices in the direction of
 * rowDirection x columnDirection, so that axial slices come as "LPS"; values after each slice's rescale slope and
 * intercept. The affine is in RAS+ millimetres.
 * @throws HipError "bad-image": its slices make no volume (`series.problems`); "unreadable-image": damaged or cut
 * short files, a compression that cannot be undone here
 */
export async function readDicomSeries(series: DicomSeries): Promise<Image> {
  const { geometry, platform } = placedContentOf(series);
  const { frames } = geometry;
  const header = headerOf(series, geometry);
  checkSize(series, frames);
  const pixels = series.rows * series.columns;
  const values = new Float32Array(pixels * frames.length);
  const byInstance = new Map<DicomInstance, [Frame, Float32Array][]>();
  frames.forEach((frame, z) => {
    const entry: [Frame, Float32Array] = [frame, values.subarray(z * pixels, (z + 1) * pixels)];
    const entries = byInstance.get(frame.instance);
    if (entries === undefined) byInstance.set(frame.instance, [entry]);
    else entries.push(entry);
  });
  await mapParallel([...byInstance.values()], FILES_AT_ONCE, (entries) => readInstance(entries, platform));
  return { header, values };
}
