/** A series' slices parted into stacks: one orientation, one grid, and every place once. */
import { dot, heightOf, isPlacedFrame, normalOf, type PlacedFrame } from "./geometry.ts";
import type { Frame } from "./instance.ts";
import { SEPARATORS } from "./separators.ts";

export interface Stack {
  readonly frames: readonly Frame[];
  /** What tells it from its series' other stacks, e.g. "echo time 80"; empty of an undivided series. */
  readonly features: readonly string[];
  readonly problems: readonly string[];
}

/** Directions differ by less than this in all components where they mean the same: about 0.06 degrees. */
const SAME_DIRECTION = 1e-3;
/** Slices closer than this lie at one place. */
const SAME_PLACE_MM = 1e-3;

function groupBy<T>(items: readonly T[], same: (a: T, b: T) => boolean): T[][] {
  const groups: T[][] = [];
  for (const item of items) {
    const group = groups.find(([first]) => first !== undefined && same(first, item));
    if (group === undefined) groups.push([item]);
    else group.push(item);
  }
  return groups;
}

function sameDirection(a: Frame, b: Frame): boolean {
  const one = [...(a.rowDirection ?? []), ...(a.columnDirection ?? [])];
  const other = [...(b.rowDirection ?? []), ...(b.columnDirection ?? [])];
  return one.length === other.length && one.every((each, i) => Math.abs(each - other[i]!) < SAME_DIRECTION);
}

function sameGrid(a: Frame, b: Frame): boolean {
  const { instance: one } = a;
  const { instance: other } = b;
  if (one.format.rows !== other.format.rows || one.format.columns !== other.format.columns) return false;
  if (one.frameOfReferenceUid !== other.frameOfReferenceUid) return false;
  const spacing = (frame: Frame): readonly number[] => frame.pixelSpacingMm ?? [];
  const spacings = spacing(a).map((each, i) => Math.abs(each - (spacing(b)[i] ?? 0)) < 1e-3 * each);
  return spacing(a).length === spacing(b).length && spacings.every(Boolean);
}

/** How many slices lie at the fullest place. */
function mostAtOnePlace(frames: readonly PlacedFrame[]): number {
  const normal = normalOf(frames[0]!);
  const heights = frames.map((frame) => heightOf(frame, normal)).sort((a, b) => a - b);
  let most = 1;
  let run = 1;
  for (let i = 1; i < heights.length; i++) {
    run = heights[i]! - heights[i - 1]! < SAME_PLACE_MM ? run + 1 : 1;
    most = Math.max(most, run);
  }
  return most;
}

function partition(frames: readonly PlacedFrame[], separator: number): ReadonlyMap<string, PlacedFrame[]> {
  const parts = new Map<string, PlacedFrame[]>();
  for (const frame of frames) {
    const key = frame.separators[separator] ?? "";
    const part = parts.get(key);
    if (part === undefined) parts.set(key, [frame]);
    else part.push(frame);
  }
  return parts;
}

function featureOf(separator: number, value: string): string {
  return value === "" ? `no ${SEPARATORS[separator]!}` : `${SEPARATORS[separator]!} ${value}`;
}

/**
 * Parts slices that share places. A property counts only where it has no more values than there are slices at a
 * place: others (an acquisition number of its own for every slice) would tear volumes apart.
 */
function separate(frames: readonly PlacedFrame[], features: readonly string[], from: number): Stack[] {
  const most = mostAtOnePlace(frames);
  if (most === 1) return [{ frames, features, problems: [] }];
  for (let separator = from; separator < SEPARATORS.length; separator++) {
    const parts = partition(frames, separator);
    if (parts.size < 2 || parts.size > most) continue;
    return [...parts]
      .sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))
      .flatMap(([value, part]) => separate(part, [...features, featureOf(separator, value)], separator + 1));
  }
  const problem = `up to ${most} slices lie at one place, and nothing in their headers tells them apart`;
  return [{ frames, features, problems: [problem] }];
}

/** The features that tell grids of one series apart. */
function gridFeatures(groups: readonly Frame[][], planeOf: (frame: PlacedFrame) => string): string[][] {
  const size = ({ instance }: Frame): string => `${instance.format.columns} x ${instance.format.rows}`;
  const plane = (frame: Frame): string => (isPlacedFrame(frame) ? planeOf(frame) : "without a place");
  const firsts = groups.map(([first]) => first!);
  const differ = (feature: (frame: Frame) => string): boolean => new Set(firsts.map(feature)).size > 1;
  const useful = [plane, size].filter(differ);
  const named = firsts.map((first) => useful.map((feature) => feature(first)));
  const seen = new Map<string, number>();
  return named.map((features) => {
    const key = features.join();
    const count = named.filter((each) => each.join() === key).length;
    const nth = (seen.get(key) ?? 0) + 1;
    seen.set(key, nth);
    return count === 1 ? features : [...features, `part ${nth}`];
  });
}

/**
 * Parts the slices of one series.
 * @param planeOf names the plane of a slice, for the features of localisers
 */
export function partSeries(frames: readonly Frame[], planeOf: (frame: PlacedFrame) => string): Stack[] {
  const grids = groupBy(frames, (a, b) => sameGrid(a, b) && sameDirection(a, b));
  const features = grids.length === 1 ? [[]] : gridFeatures(grids, planeOf);
  return grids.flatMap((grid, i) => {
    const placed = grid.filter(isPlacedFrame);
    if (placed.length === grid.length) return separate(placed, features[i]!, 0);
    return [{ frames: grid, features: features[i]!, problems: [whyNotPlaced(grid)] }];
  });
}

function whyNotPlaced(frames: readonly Frame[]): string {
  const lacking = frames.filter((frame) => !isPlacedFrame(frame));
  const { position, rowDirection, columnDirection, pixelSpacingMm, instance } = lacking[0]!;
  if (instance.frameCount > 1 && position === undefined) {
    return "it has several frames without a position each";
  }
  const missing = [
    position === undefined && "position (0020,0032)",
    rowDirection === undefined && "orientation (0020,0037)",
    pixelSpacingMm === undefined && "pixel spacing (0028,0030)",
  ].filter((each) => each !== false);
  if (missing.length > 0) return `it does not say where its voxels lie: no ${missing.join(", no ")}`;
  const skew = rowDirection && columnDirection ? dot(rowDirection, columnDirection) : 0;
  return Math.abs(skew) >= 1e-3
    ? "its rows and columns are not at right angles"
    : "its directions must have length 1, its pixel spacing must be above 0, and its places within 1 km";
}
