/** DICOM Segmentation objects (PS3.3 section A.51): binary, one segment a label, on the grid of their source. */
import { HipError } from "../../core/errors.ts";
import { type DicomSeries, placedContentOf } from "./content.ts";
import { readDicomHeader } from "./file.ts";
import type { StackGeometry } from "./geometry.ts";
import { framesOf } from "./seg-frames.ts";
import { type DicomSegOptions, SEG_STORAGE, type SegPlan, segAttributes } from "./seg-modules.ts";
import { anonymousModules, anonymousUid, copiedModules, lossyModule } from "./seg-source.ts";
import { digest, uidFrom } from "./uid.ts";
import { encodeFile } from "./write.ts";

export type { DicomSegOptions };

/** PS3.15's stand-in where a date may not be empty. */
const NO_DATE = { date: "19000101", time: "000000" };

function checkMask(series: DicomSeries, geometry: StackGeometry, { mask, labels }: DicomSegOptions): void {
  const voxels = series.rows * series.columns * geometry.frames.length;
  if (mask.length !== voxels) {
    const grid = `${series.columns} x ${series.rows} x ${geometry.frames.length}`;
    throw new RangeError(`The mask must have the series' ${grid} = ${voxels} voxels, got ${mask.length}`);
  }
  const known = new Set([0, ...labels.map(({ id }) => id)]);
  const seen = new Uint8Array(256);
  for (const value of mask) seen[value] = 1;
  const unknown = [...seen.keys()].filter((id) => seen[id] === 1 && !known.has(id));
  if (unknown.length === 0) return;
  throw new HipError("bad-mask", `The mask holds labels without a name: ${unknown.join(", ")}`, {
    hint: "Name every label of the model",
  });
}

async function planOf(series: DicomSeries, options: DicomSegOptions): Promise<SegPlan> {
  const { geometry, platform } = placedContentOf(series);
  checkMask(series, geometry, options);
  const { anonymise, mask, algorithm } = options;
  const { dataset } = await readDicomHeader(geometry.frames[0]!.instance.input, platform.inflate);
  const created = anonymise === undefined ? options.created : NO_DATE;
  const uid = (original: string): string =>
    anonymise === undefined ? original : anonymousUid(original, anonymise);
  const foreground = options.labels.filter(({ id }) => id !== 0);
  const ids = foreground.map(({ id }) => id);
  const present = new Set(framesOf(mask, ids, series.rows * series.columns).map(({ segment }) => segment));
  // An empty mask is a result too: all segments, and one frame of none of them, as the standard asks for a frame.
  const all = options.allSegments === true || present.size === 0;
  const segments = foreground.filter((_, i) => all || present.has(i));
  const frames = framesOf(
    mask,
    segments.map(({ id }) => id),
    series.rows * series.columns,
  );
  const { name, version } = algorithm;
  // One hash of the mask for all UIDs: it is the larger part of the work.
  const content = digest([uid(series.seriesUid), created.date, created.time, name, version, mask]);
  return {
    options,
    series,
    geometry,
    modules: anonymise === undefined ? copiedModules(dataset) : anonymousModules(dataset, anonymise),
    lossy: lossyModule(dataset),
    uid,
    ownUid: (purpose) => uidFrom([purpose, content], anonymise?.secret),
    segments,
    frames: frames.length > 0 ? frames : [{ segment: 0, z: 0 }],
    created,
  };
}

/**
 * A Segmentation object of a mask on a series' grid: the bytes of a DICOM file (explicit VR little endian). Patient
 * and study are those of the source; its UIDs are made from a hash of the source, the mask, the algorithm and the
 * time, so that equal input gives equal bytes.
 * @throws HipError "bad-mask": a label without a name; "bad-image": a series that is no volume
 * @throws RangeError of a mask of another size, or of no foreground label
 */
export async function writeDicomSeg(series: DicomSeries, options: DicomSegOptions): Promise<Uint8Array> {
  if (!options.labels.some(({ id }) => id > 0))
    throw new RangeError("A segmentation needs a foreground label");
  const plan = await planOf(series, options);
  return encodeFile(segAttributes(plan), SEG_STORAGE, plan.ownUid("instance"));
}
