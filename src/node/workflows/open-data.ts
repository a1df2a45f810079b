/** A data folder opened: index, cache, and every case looked at before work starts. */
import { cpus } from "node:os";
import { HipError } from "../../core/errors.ts";
import { mapParallel } from "../../core/parallel.ts";
import { fastCheck } from "../../dataset/doctor/fast-check.ts";
import type { DoctorFinding } from "../../dataset/doctor/types.ts";
import type { LabelScan } from "../../dataset/labels.ts";
import { readDataset } from "../../dataset/layouts.ts";
import { type FoundOrientation, findOrientation } from "../../dataset/orientation.ts";
import { pairIndex } from "../../dataset/pair.ts";
import { readSyntheticReadme, topOf } from "../../dataset/synthetic.ts";
import type { CaseEntry, DatasetIndex, DecodedCase, LayoutName } from "../../dataset/types.ts";
import type { LabelCentres } from "../../plan/anatomy.ts";
import type { AxisCodes, Plane } from "../../volume/orient.ts";
import type { LabelDefinition } from "../../volume/volume.ts";
import { makeCaseCache } from "../case-cache.ts";
import { openFolder } from "../folder.ts";
import { inflateGzip } from "../inflate.ts";
import { gatherCaseNotes } from "./case-notes.ts";

export interface OpenedData {
  readonly index: DatasetIndex;
  /** Of every decoded case's width, height and depth. */
  readonly orientation: FoundOrientation;
  /** What one image file of the layout is. */
  readonly over: "slice" | "volume";
  /** The phantom says what it is in its README.txt. */
  readonly isSynthetic: boolean;
  /** Masks without labels that can be used; only of data that were opened in part, else they are an error. */
  readonly badMasks: readonly HipError[];
  load(entry: CaseEntry): Promise<DecodedCase>;
  /** What the data doctor finds without reading voxels. */
  fastCheck(): Promise<readonly DoctorFinding[]>;
  /** Oddities of the cases loaded so far, one line for all cases that share one. */
  caseWarnings(): readonly string[];
  warnings(): readonly string[];
}

export interface OpenDataOptions {
  readonly memoryMb?: number | undefined;
  /** How the folder is laid out; by default that is found. */
  readonly layout?: LayoutName | undefined;
  /**
   * Files that cannot be paired are told in the index, masks that cannot be used in `badMasks`, and the others opened;
   * by default they are an error.
   */
  readonly isPartial?: boolean | undefined;
  /** The data are a single image, `path`, with this mask. */
  readonly pair?: { readonly mask: string; readonly labels: readonly LabelDefinition[] } | undefined;
  /** Slices of which plane; default "auto". */
  readonly plane?: Plane | "auto" | undefined;
  /** Of the slices, where a model says it; null: as they lie, volumes are refused. Otherwise found from the data. */
  readonly orientation?: AxisCodes | null | undefined;
}

/** @throws HipError "bad-dataset" and what readDataset() throws. */
export async function openData(path: string, options: OpenDataOptions = {}): Promise<OpenedData> {
  const { pair, layout, isPartial = false } = options;
  // The paths of a pair are the user's own, relative to where the command runs.
  const folder = openFolder(pair === undefined ? path : "");
  const cache = makeCaseCache(options.memoryMb === undefined ? {} : { memoryMb: options.memoryMb });
  const badMasks: HipError[] = [];
  const scan: LabelScan = async (request) => {
    const ids = await cache.scanLabels({ ...request, onBad: (error) => badMasks.push(error) });
    // Where no mask at all can be used, any label stands for those that are not known yet.
    return badMasks.length === 0 || ids.some((id) => id > 0) ? ids : [1];
  };
  const index =
    pair === undefined
      ? await readDataset(folder, path, inflateGzip, isPartial ? scan : cache.scanLabels, {
          layout,
          isPartial,
        })
      : await pairIndex({ folder, image: path, inflate: inflateGzip, ...pair });
  const request = { folder, inflate: inflateGzip, plane: options.plane ?? "auto" };
  const orientation =
    options.orientation === undefined
      ? await findOrientation(index, request)
      : { orientation: options.orientation ?? undefined, reason: "slices as the model has them" };
  const context = {
    folder,
    inflate: inflateGzip,
    labels: index.labels,
    orientation: orientation.orientation,
  };
  const notes = gatherCaseNotes();
  return {
    index,
    orientation,
    over: index.unit,
    badMasks,
    isSynthetic: pair === undefined && (await readSyntheticReadme(folder, ["", topOf(index)])) !== undefined,
    async load(entry) {
      const decoded = await cache.get(entry, context);
      if (options.orientation === null && decoded.orientation !== undefined && index.unit === "volume") {
        throw unknownPlane(entry);
      }
      notes.add(decoded.warnings);
      return decoded;
    },
    caseWarnings: notes.lines,
    fastCheck: () => fastCheck(index, context),
    warnings: () => [...index.warnings, ...cache.warnings()],
  };
}

function unknownPlane({ files }: CaseEntry): HipError {
  return new HipError(
    "bad-image",
    `Cannot use "${files[0]!.image}": the model was trained on single slices whose plane it does not know, and this is a volume`,
    { hint: "Train again with this version: it stores the plane in the model" },
  );
}

/** What a case's slices are, without their pixels. */
export type CaseShape = Pick<
  DecodedCase,
  "entry" | "width" | "height" | "depth" | "spacingMm" | "hasSpacing"
>;

export interface CaseFacts {
  readonly shapes: ReadonlyMap<string, CaseShape>;
  /** By case: the foreground labels that each of its slices holds. */
  readonly slices: ReadonlyMap<string, readonly (readonly number[])[]>;
  /** By case: width and height in pixels of the box around all foreground, for each slice that has any. */
  readonly foreground: ReadonlyMap<string, readonly { readonly width: number; readonly height: number }[]>;
  readonly centres: ReadonlyMap<string, LabelCentres>;
}

/** By foreground label its centre, as a share of the box around all foreground of the case. */
function labelCentres({ mask, width, height }: DecodedCase): LabelCentres {
  const sums = new Map<number, { count: number; x: number; y: number }>();
  let [left, right, top, bottom] = [width, 0, height, 0];
  for (let i = 0; i < mask.length; i++) {
    const label = mask[i]!;
    if (label === 0) continue;
    const x = i % width;
    const y = Math.floor(i / width) % height;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
    const sum = sums.get(label);
    if (sum === undefined) sums.set(label, { count: 1, x, y });
    else {
      sum.count++;
      sum.x += x;
      sum.y += y;
    }
  }
  const share = (mean: number, from: number, to: number): number => (mean - from) / (to - from + 1);
  return new Map(
    [...sums].map(([label, { count, x, y }]) => [
      label,
      { width: share(x / count, left, right), height: share(y / count, top, bottom) },
    ]),
  );
}

function foregroundBySlice({ mask, width, height, depth }: DecodedCase) {
  const boxes: { readonly width: number; readonly height: number }[] = [];
  for (let slice = 0; slice < depth; slice++) {
    let [left, right, top, bottom] = [width, -1, height, -1];
    for (let y = 0; y < height; y++) {
      const row = (slice * height + y) * width;
      for (let x = 0; x < width; x++) {
        if (mask[row + x] === 0) continue;
        if (x < left) left = x;
        if (x > right) right = x;
        if (y < top) top = y;
        bottom = y;
      }
    }
    if (bottom >= 0) boxes.push({ width: right - left + 1, height: bottom - top + 1 });
  }
  return boxes;
}

function labelsBySlice({ mask, width, height, depth }: DecodedCase): readonly (readonly number[])[] {
  const length = width * height;
  return Array.from({ length: depth }, (_, slice) => {
    const seen = new Uint8Array(256);
    for (let i = slice * length; i < (slice + 1) * length; i++) seen[mask[i]!] = 1;
    return Array.from(seen.keys()).filter((label) => label > 0 && seen[label] === 1);
  });
}

/** Decodes every case once. @returns what they hold, and what is wrong with those that cannot be used */
export async function checkCases(
  data: OpenedData,
  cases: readonly CaseEntry[],
  onCase: (done: number) => void,
): Promise<{ readonly facts: CaseFacts; readonly errors: readonly HipError[] }> {
  const errors: HipError[] = [];
  const slices = new Map<string, readonly (readonly number[])[]>();
  const shapes = new Map<string, CaseShape>();
  const foreground = new Map<string, ReturnType<typeof foregroundBySlice>>();
  const centres = new Map<string, LabelCentres>();
  let done = 0;
  await mapParallel(cases, Math.max(2, cpus().length), async (entry) => {
    try {
      const decoded = await data.load(entry);
      const { width, height, depth, spacingMm, hasSpacing } = decoded;
      shapes.set(entry.id, { entry, width, height, depth, spacingMm, hasSpacing });
      slices.set(entry.id, labelsBySlice(decoded));
      foreground.set(entry.id, foregroundBySlice(decoded));
      centres.set(entry.id, labelCentres(decoded));
    } catch (error) {
      if (!(error instanceof HipError)) throw error;
      errors.push(error);
    }
    onCase(++done);
  });
  return { facts: { shapes, slices, foreground, centres }, errors };
}
