/** The series in a set of DICOM files, told from headers alone. */
import type { Inflate } from "../../core/bytes.ts";
import { HipError } from "../../core/errors.ts";
import { mapParallel } from "../../core/parallel.ts";
import { counted } from "../../core/text.ts";
import { type DicomPlatform, type DicomSeries, keepContent } from "./content.ts";
import { type DicomInput, looksLikeDicom, PREAMBLE_BYTES, readDicomHeader } from "./file.ts";
import { isPlacedFrame, normalOf, type PlacedFrame, placeStack, type StackGeometry } from "./geometry.ts";
import { type DicomInstance, type Frame, readFrames } from "./instance.ts";
import { partSeries, type Stack } from "./stacks.ts";

export type { DicomPlatform, DicomSeries };

const FILES_AT_ONCE = 16;

/** What listing found beside series. */
export interface DicomListing {
  readonly series: readonly DicomSeries[];
  readonly skipped: {
    /** Files that are not DICOM. */
    readonly notDicom: number;
    /** DICOM without an image: directories, reports, plans, segmentations. */
    readonly withoutImage: number;
  };
  /** DICOM files that could not be read, with the reason: slices may be missing. */
  readonly damaged: readonly HipError[];
}

type Found = readonly Frame[] | "notDicom" | "withoutImage" | HipError;

async function look(input: DicomInput, inflate: Inflate): Promise<Found> {
  const { source } = input;
  const start = await source.read(0, Math.min(PREAMBLE_BYTES, source.size));
  if (!looksLikeDicom(start)) return "notDicom";
  try {
    return readFrames(input, await readDicomHeader(input, inflate)) ?? "withoutImage";
  } catch (error) {
    if (error instanceof HipError && error.code === "unreadable-image") return error;
    throw error;
  }
}

/** The same instance exported twice counts once. */
function withoutCopies(frames: readonly Frame[]): { kept: readonly Frame[]; copies: number } {
  const seen = new Map<string, DicomInstance>();
  const kept = frames.filter(({ instance }) => {
    const first = seen.get(instance.sopInstanceUid) ?? instance;
    seen.set(instance.sopInstanceUid, first);
    return first === instance;
  });
  return { kept, copies: frames.length - kept.length };
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}

/** Values of slices that are stored differently still mean the same after rescaling, but colour or depth must agree. */
function formatProblems(frames: readonly Frame[]): readonly string[] {
  const refusals = distinct(frames.flatMap(({ instance }) => instance.refusals));
  const photometric = distinct(frames.map(({ instance }) => instance.format.photometric));
  return photometric.length === 1
    ? refusals
    : [...refusals, `its slices mix ${photometric.join(" and ")}, expected one kind`];
}

interface Part {
  readonly stack: Stack;
  readonly geometry: StackGeometry | undefined;
}

function placePart(stack: Stack): Part {
  const placed = stack.frames.filter(isPlacedFrame);
  const whole = placed.length === stack.frames.length;
  return { stack, geometry: whole ? placeStack(placed) : undefined };
}

function describe(part: Part, copies: number, damaged: number): Omit<DicomSeries, "index"> {
  const { stack, geometry } = part;
  const { frames, features } = stack;
  const { instance } = frames[0]!;
  const title = instance.seriesDescription || "(no description)";
  const warnings = [
    ...distinct(frames.flatMap((each) => each.instance.warnings)),
    ...(geometry?.warnings ?? []),
    ...(copies > 0
      ? [`${counted(copies, "slice")} of its series came twice: the first of each was kept`]
      : []),
    ...(damaged > 0
      ? [`${counted(damaged, "DICOM file")} could not be read: slices of this series may lack`]
      : []),
  ];
  return {
    seriesNumber: instance.seriesNumber,
    description: features.length === 0 ? title : `${title} [${features.join(", ")}]`,
    modality: instance.modality,
    sliceCount: frames.length,
    rows: instance.format.rows,
    columns: instance.format.columns,
    spacingMm: geometry?.spacingMm,
    orientation: geometry?.orientation,
    plane: geometry?.plane,
    seriesUid: instance.seriesUid,
    transferSyntax: instance.syntax.name,
    // Where slices share a place the gaps between them say nothing.
    problems: [
      ...stack.problems,
      ...(stack.problems.length > 0 ? [] : (geometry?.problems ?? [])),
      ...formatProblems(frames),
    ],
    warnings,
  };
}

function bySeriesNumber([a]: readonly Frame[], [b]: readonly Frame[]): number {
  const number = (frame: Frame | undefined): number =>
    frame?.instance.seriesNumber ?? Number.MAX_SAFE_INTEGER;
  const uid = (frame: Frame | undefined): string => frame?.instance.seriesUid ?? "";
  return number(a) - number(b) || (uid(a) < uid(b) ? -1 : 1);
}

/** The same whatever the order of the files: by instance UID, of which no two are alike. */
function inOrder(frames: readonly Frame[]): readonly Frame[] {
  const key = ({ instance }: Frame): string => instance.sopInstanceUid;
  return [...frames].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a.number - b.number));
}

function planeOfSlice(frame: PlacedFrame): string {
  return placeStack([{ ...frame, position: frame.position ?? normalOf(frame) }]).plane;
}

function partsOf(
  frames: readonly Frame[],
  damaged: number,
): { part: Part; about: Omit<DicomSeries, "index"> }[] {
  const { kept, copies } = withoutCopies(frames);
  return partSeries(inOrder(kept), planeOfSlice).map((stack) => {
    const part = placePart(stack);
    return { part, about: describe(part, copies, damaged) };
  });
}

/**
 * Lists the volumes in DICOM files by reading their headers, a few files at a time. A series of several volumes
 * (planes of a localiser, echoes, b-values, time points) is listed as several. Nothing is refused here: a series that
 * cannot be read as a volume says so in its `problems`.
 */
export async function listDicomSeries(
  files: readonly DicomInput[],
  platform: DicomPlatform,
): Promise<DicomListing> {
  const found = await mapParallel(files, FILES_AT_ONCE, (file) => look(file, platform.inflate));
  const damaged = found.filter((each) => each instanceof HipError);
  const bySeries = new Map<string, Frame[]>();
  for (const frames of found) {
    if (!Array.isArray(frames)) continue;
    for (const frame of frames as readonly Frame[]) {
      const { seriesUid } = frame.instance;
      const group = bySeries.get(seriesUid);
      if (group === undefined) bySeries.set(seriesUid, [frame]);
      else group.push(frame);
    }
  }
  const parts = [...bySeries.values()]
    .sort(bySeriesNumber)
    .flatMap((frames) => partsOf(frames, damaged.length));
  const numbers = parts.map(({ about }) => about.seriesNumber);
  const isClear = numbers.every((number) => number !== undefined) && new Set(numbers).size === numbers.length;
  const series = parts.map(({ part, about }, i): DicomSeries => {
    const one: DicomSeries = { index: isClear ? numbers[i]! : i + 1, ...about };
    const frames = part.geometry?.frames ?? part.stack.frames;
    keepContent(one, { frames, geometry: part.geometry, platform });
    return one;
  });
  const count = (kind: "notDicom" | "withoutImage"): number => found.filter((each) => each === kind).length;
  return {
    series,
    skipped: { notDicom: count("notDicom"), withoutImage: count("withoutImage") },
    damaged,
  };
}
