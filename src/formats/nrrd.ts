/**
 * Reads NRRD: .nrrd, and .nhdr with its voxels in a file beside it. http://teem.sourceforge.net/nrrd/format.html
 * Values, spacing and directions are those that ITK reads; the affine is the one that ITK's NIfTI of the image has.
 */
import type { Inflate } from "../core/bytes.ts";
import { dtypeOfName } from "../nifti/dtype.ts";
import { type DataFile, isMissingPartner, openDataFile, readHeaderText } from "./beside.ts";
import { CONVERT, CUT_SHORT, EXPORT_AGAIN, failManyNumbers, failToRead, quoted } from "./errors.ts";
import type { ImageFile } from "./image-file.ts";
import { nrrdAxes } from "./nrrd-axes.ts";
import {
  fieldOf,
  type NrrdFields,
  nrrdDtype,
  nrrdHeaderEnd,
  parseNrrdFields,
  requiredField,
  wholeField,
} from "./nrrd-fields.ts";
import { makeHeader, type OpenImage } from "./open-image.ts";
import { openVoxels, type VoxelEncoding } from "./voxels.ts";

const ENCODINGS: Readonly<Record<string, VoxelEncoding>> = {
  raw: "raw",
  txt: "ascii",
  text: "ascii",
  ascii: "ascii",
  hex: "hex",
  gz: "gzip",
  gzip: "gzip",
};

function encodingOf(nrrd: NrrdFields): VoxelEncoding {
  const stated = requiredField(nrrd, "encoding");
  const encoding = ENCODINGS[stated.toLowerCase()];
  if (encoding !== undefined) return encoding;
  const known = "raw, gzip, ascii and hex";
  const found = /^bz(?:ip)?2$/i.test(stated) ? `${stated}, which is not read` : quoted(stated);
  return failToRead(nrrd.name, `"encoding" must be one of ${known}, got ${found}`, CONVERT);
}

/** @param bytes of one number. */
function isLittleEndian(nrrd: NrrdFields, encoding: VoxelEncoding, bytes: number): boolean {
  const stated = fieldOf(nrrd, "endian");
  if (stated === undefined && (bytes === 1 || encoding === "ascii")) return true;
  if (stated === undefined)
    failToRead(nrrd.name, `its header has no "endian", which numbers of ${bytes} bytes need`, EXPORT_AGAIN);
  if (/^little$/i.test(stated)) return true;
  if (/^big$/i.test(stated)) return false;
  return failToRead(nrrd.name, `"endian" must be little or big, got ${quoted(stated)}`, EXPORT_AGAIN);
}

/** The name of the one data file; undefined where the voxels follow the header. */
function dataFileOf(nrrd: NrrdFields): string | undefined {
  const stated = fieldOf(nrrd, "datafile");
  if (stated === undefined) return undefined;
  if (/^LIST\b/i.test(stated) || (/%\d*d/.test(stated) && /\s/.test(stated))) {
    const what = `its voxels are in several files (${quoted(stated)}), which is not read`;
    failToRead(nrrd.name, what, CONVERT);
  }
  return stated;
}

/** The offset after `lines` line ends from `start`. */
async function afterLines({ name, source }: DataFile, start: number, lines: number): Promise<number> {
  let left = lines;
  let at = start;
  while (left > 0) {
    if (at >= source.size)
      failToRead(name, `"line skip" leaves out ${lines} lines, which the file has not`, CUT_SHORT);
    const block = await source.read(at, Math.min(2 ** 16, source.size - at));
    let i = 0;
    for (; i < block.length && left > 0; i++) if (block[i] === 0x0a) left--;
    at += i;
  }
  return at;
}

/** Tolerated oddities that no other field tells of. */
function warnOfOddities(nrrd: NrrdFields, warnings: string[]): void {
  const [low, high] = [fieldOf(nrrd, "oldmin"), fieldOf(nrrd, "oldmax")];
  if (low !== undefined || high !== undefined)
    warnings.push("old min and old max tell of a former range: values are taken as they are stored");
  const segments = nrrd.keys.filter((key) => /^Segment\d+_LabelValue$/.test(key)).length;
  if (segments > 0)
    warnings.push(`A segmentation of 3D Slicer with ${segments} segments: their names are not read`);
}

/**
 * Opens a NRRD file: checks the header, and that all voxels are there.
 * @throws HipError "unreadable-image": damaged, cut short, an encoding or a layout that is not read; "bad-image"
 */
export async function openNrrd(file: ImageFile, inflate: Inflate): Promise<OpenImage> {
  const { name } = file;
  const { text, end } = await readHeaderText(file, nrrdHeaderEnd);
  const nrrd = parseNrrdFields(text, name);
  const dtype = nrrdDtype(nrrd);
  const warnings: string[] = [];
  const axes = nrrdAxes(nrrd, warnings);
  const encoding = encodingOf(nrrd);
  const littleEndian = isLittleEndian(nrrd, encoding, dtypeOfName(dtype).bytes);
  warnOfOddities(nrrd, warnings);
  const skip = (field: string, least: number): number => {
    const value = fieldOf(nrrd, field.replace(" ", "")) ?? "0";
    return wholeField(nrrd, { field, value, least, most: Number.MAX_SAFE_INTEGER });
  };
  const skipLines = skip("line skip", 0);
  const skipBytes = skip("byte skip", encoding === "raw" ? -1 : 0);
  const stated = dataFileOf(nrrd);

  const open = async (): Promise<() => Promise<Float32Array>> => {
    const data = stated === undefined ? { name, source: file.source } : await openDataFile(file, stated);
    const start = await afterLines(data, stated === undefined ? end : 0, skipLines);
    const { shape, count } = axes;
    const common = { ...data, encoding, shape, count, dtype, littleEndian };
    if (skipBytes === -1) return openVoxels({ ...common, start: "last", skipBytes: 0 }, inflate);
    return openVoxels({ ...common, start, skipBytes }, inflate);
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
  if (axes.perVoxel > 1) readValues = async () => failManyNumbers(name, axes.perVoxel, axes.perVoxelKind);
  const header = makeHeader(name, {
    format: "NRRD",
    shape: axes.shape,
    affine: axes.affine,
    affineSource: axes.affineSource,
    dtype: axes.perVoxel > 1 ? `${dtype}[${axes.perVoxel}]` : dtype,
    warnings,
  });
  return { header, readValues };
}
