/** In which orientation a data set's slices are learnt: one for all its cases, found before any is decoded. */
import type { Inflate } from "../core/bytes.ts";
import { HipError } from "../core/errors.ts";
import { mapParallel } from "../core/parallel.ts";
import { sampleEvenly } from "../core/statistics.ts";
import { readImageHeader } from "../formats/image-file.ts";
import { voxelSizesMm } from "../nifti/affine.ts";
import { type ImageHeader, isPlaced } from "../volume/image.ts";
import { type AxisCodes, PLANE_CODES, type Plane, planeOf } from "../volume/orient.ts";
import { ownOrientation } from "../volume/slices.ts";
import { type Folder, openInFolder } from "./folder.ts";
import { orientationOfSlices, withoutTrailingOnes } from "./geometry.ts";
import type { CaseEntry, DatasetIndex } from "./types.ts";

/** Headers that are looked at; more would seldom change the vote. */
const MOST_HEADERS = 24;
const AT_ONCE = 4;

export interface OrientationRequest {
  readonly folder: Folder;
  readonly inflate: Inflate;
  /** What the user wants; "auto": across the coarsest axis of most volumes. */
  readonly plane: Plane | "auto";
}

export interface FoundOrientation {
  /** Undefined where 2D images do not say how they lie, and the layout and the user neither. */
  readonly orientation: AxisCodes | undefined;
  /** In words, for the user. */
  readonly reason: string;
}

/** The header, or undefined of a file that cannot be read: that will be told when its case is decoded. */
async function readHeader(path: string, request: OrientationRequest): Promise<ImageHeader | undefined> {
  try {
    return await readImageHeader(await openInFolder(request.folder, path), request.inflate);
  } catch (error) {
    if (error instanceof HipError) return undefined;
    throw error;
  }
}

/** What most headers have; of equally many the one met first. */
function mostFrequent<T>(items: readonly T[]): T | undefined {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

function volumeOrientation(header: ImageHeader): AxisCodes | undefined {
  const [x = 1, y = 1, z = 1, ...rest] = withoutTrailingOnes(header.shape);
  // A flat image without a place could lie in any plane.
  if (rest.length > 0 || ([x, y, z].includes(1) && !isPlaced(header))) return undefined;
  const { affine } = header;
  return ownOrientation({ shape: [x, y, z], spacingMm: voxelSizesMm(affine), affine });
}

async function ofVolumes(
  cases: readonly CaseEntry[],
  request: OrientationRequest,
): Promise<AxisCodes | undefined> {
  const headers = await mapParallel(sampleEvenly(cases, MOST_HEADERS), AT_ONCE, (entry) =>
    readHeader(entry.files[0]!.image, request),
  );
  const found = headers.flatMap((header) => (header === undefined ? [] : [volumeOrientation(header)]));
  return mostFrequent(found.filter((codes) => codes !== undefined));
}

/** In which plane slices that do not say how they lie are taken: the layout's own, where it has one. */
export const layoutPlane = ({ layout }: Pick<DatasetIndex, "layout">): Plane | undefined =>
  layout === "keras_slices" ? "coronal" : undefined;

const isHipmri = ({ layout }: DatasetIndex): boolean => layout === "csiro" || layout === "csiro_cluster";

async function ofSlices(
  cases: readonly CaseEntry[],
  request: OrientationRequest,
): Promise<AxisCodes | undefined> {
  const found = await mapParallel(sampleEvenly(cases, 5), AT_ONCE, async ({ files }) => {
    const ends = [...new Set([files[0]!, files.at(-1)!])];
    const headers = await Promise.all(ends.map((file) => readHeader(file.image, request)));
    const placed = headers.flatMap((header, number) => (header === undefined ? [] : [{ number, header }]));
    return placed.length === ends.length ? orientationOfSlices(placed) : undefined;
  });
  return mostFrequent(found.filter((codes) => codes !== undefined));
}

/**
 * Finds the orientation. Of volumes the wanted plane, else HipMRI's, else the one across the coarsest axis of most of
 * them, in the plane's own codes. Of slices what their headers say; where those say nothing, the wanted plane or the layout's.
 * @throws HipError "bad-dataset" where slices state another plane than the wanted one.
 */
export async function findOrientation(
  index: DatasetIndex,
  request: OrientationRequest,
): Promise<FoundOrientation> {
  const { plane } = request;
  const wanted = plane === "auto" ? undefined : PLANE_CODES[plane];
  if (index.unit === "volume") {
    if (wanted !== undefined) return { orientation: wanted, reason: `${plane} slices, as wanted` };
    const found = await ofVolumes(index.cases, request);
    if (isHipmri(index) && found !== undefined) {
      return { orientation: PLANE_CODES.coronal, reason: "coronal slices, as HipMRI's 2D release has them" };
    }
    if (found === undefined) return { orientation: undefined, reason: "images that do not say how they lie" };
    return {
      orientation: found,
      reason: `${planeOf(found)} slices, across the coarsest axis (axial where none is)`,
    };
  }
  const stated = await ofSlices(index.cases, request);
  if (stated !== undefined && wanted !== undefined && planeOf(stated) !== plane) {
    throw new HipError(
      "bad-dataset",
      `Cannot take the slices of "${index.root}" as ${plane}: their headers say that they are ${planeOf(stated)}`,
      { hint: `Leave the plane out, or set it to ${planeOf(stated)}` },
    );
  }
  if (stated !== undefined)
    return { orientation: stated, reason: `${planeOf(stated)} slices, by their headers` };
  const own = layoutPlane(index);
  const assumed = wanted ?? (own === undefined ? undefined : PLANE_CODES[own]);
  if (assumed === undefined) return { orientation: undefined, reason: "slices that do not say how they lie" };
  const source = wanted === undefined ? "the layout's own" : "as wanted";
  return { orientation: assumed, reason: `${planeOf(assumed)} slices, ${source}: their headers do not say` };
}
