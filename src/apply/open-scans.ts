/** Files as a user drops them: image files, slice files of volumes and DICOM series, told apart. */
import type { ByteSource } from "../core/bytes.ts";
import { HipError } from "../core/errors.ts";
import { mapParallel } from "../core/parallel.ts";
import { withoutTrailingOnes } from "../dataset/geometry.ts";
import { patientOfPath } from "../dataset/patient.ts";
import type { DicomPlatform, DicomSeries } from "../formats/dicom/content.ts";
import { patientOfSeries } from "../formats/dicom/content.ts";
import { type DicomInput, looksLikeDicom, PREAMBLE_BYTES } from "../formats/dicom/file.ts";
import { readDicomHeaderOf, readDicomSeries } from "../formats/dicom/read.ts";
import { listDicomSeries } from "../formats/dicom/series.ts";
import { type ImageFile, imageStem, readImage, readImageHeader } from "../formats/image-file.ts";
import { writeMask } from "../formats/write-mask.ts";
import { checkFinite } from "../nifti/read.ts";
import { gridOf } from "./image-facts.ts";
import {
  makeSliceScan,
  makeVolumeScan,
  type Scan,
  type ScanNames,
  type ScanProblem,
  type SetSlice,
} from "./scan.ts";
import { shortestNames } from "./scan-names.ts";
import { groupSlices, type LoadableSlice } from "./slice-set.ts";

const FILES_AT_ONCE = 8;

/** A file of which any part can be read. */
export interface DroppedFile {
  /** With the folders that it lay in, "/" between them. */
  readonly name: string;
  readonly source: ByteSource;
}

export interface OpenedScans {
  /** In the order of their names. */
  readonly scans: readonly Scan[];
  /** The series behind scans of DICOM, for segmentation objects. */
  readonly seriesOf: ReadonlyMap<Scan, DicomSeries>;
  readonly problems: readonly ScanProblem[];
}

const baseName = (name: string): string => name.slice(name.lastIndexOf("/") + 1);
const folderName = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf("/")));

/** Halves of pairs, which are read through their headers. */
const isSecondHalf = (name: string): boolean => /\.(?:img|img\.gz|raw|zraw)$/i.test(name);

function problemOf(name: string, error: unknown): ScanProblem {
  if (error instanceof HipError) return { name, error };
  throw error;
}

async function isDicom({ name, source }: DroppedFile): Promise<boolean> {
  if (imageStem(baseName(name)) !== undefined) return false;
  return looksLikeDicom(await source.read(0, Math.min(PREAMBLE_BYTES, source.size)));
}

/** A dropped image can open its neighbours, where they were dropped with it. */
function imageFileOf(file: DroppedFile, all: ReadonlyMap<string, DroppedFile>): ImageFile {
  const folder = folderName(file.name);
  return {
    name: file.name,
    source: file.source,
    openBeside(fileName) {
      const beside = all.get(folder === "" ? fileName : `${folder}/${fileName}`);
      if (beside !== undefined) return Promise.resolve(beside.source);
      return Promise.reject(
        new HipError("not-found", `Cannot find "${fileName}" beside "${file.name}"`, {
          hint: "Drop both files together",
        }),
      );
    },
  };
}

type Opened = LoadableSlice & SetSlice;

async function openFile(image: ImageFile, { inflate }: DicomPlatform): Promise<Opened> {
  const header = await readImageHeader(image, inflate);
  const { name } = image;
  return {
    input: name,
    stem: imageStem(baseName(name)) ?? baseName(name),
    header,
    writeMask: (mask) => writeMask(header, mask),
    async loadVolume() {
      const { values, header: found } = await readImage(image, inflate);
      checkFinite(values, { name, shape: found.shape });
      return { kind: "intensity", grid: gridOf(found, name), data: values };
    },
  };
}

function scanOfFile(file: Opened, names: ScanNames): Scan {
  const { input, header, loadVolume, writeMask } = file;
  const grid = gridOf(header, input);
  return makeVolumeScan({ ...names, source: "file", header, grid, load: loadVolume, writeMask });
}

function scanOfSeries(series: DicomSeries, count: number): Scan {
  const header = readDicomHeaderOf(series);
  const described = series.description === "" ? `series ${series.index}` : series.description;
  const name = count === 1 ? described : `${series.index} ${described}`;
  return makeVolumeScan({
    name,
    stem: name,
    patient: patientOfSeries(series),
    source: "dicom",
    header,
    grid: gridOf(header, name),
    async load() {
      const { values } = await readDicomSeries(series);
      checkFinite(values, { name, shape: header.shape });
      return { kind: "intensity", grid: gridOf(header, name), data: values };
    },
    writeMask: (mask) => writeMask(header, mask),
  });
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name.localeCompare(b.name, "en", { numeric: true });

/** What "case_004_week_0_slice_10" is a slice of. */
const setName = (stem: string): string => stem.replace(/_slice_\d+$/i, "");

const isSet = (group: readonly Opened[]): boolean =>
  group.length > 1 && withoutTrailingOnes(group[0]!.header.shape).length <= 2;

/** Files that are a scan together, and what it is called: by its folders, too, where stems repeat. */
function namedGroups(images: readonly Opened[]) {
  const groups = groupSlices(images).map((group) => {
    const { input, stem: own } = group[0]!;
    const stem = isSet(group) ? setName(own) : own;
    const folder = folderName(input);
    return { group, stem, path: folder === "" ? stem : `${folder}/${stem}` };
  });
  const names = shortestNames(groups.map(({ path }) => path));
  return groups.map(({ group, stem, path }, i) => ({
    group,
    names: { name: names[i]!, stem, patient: patientOfPath(path) },
  }));
}

/** A file of another kind in a folder of images, such as its README. */
const isBystander = ({ name }: DroppedFile): boolean =>
  name.includes("/") && imageStem(baseName(name)) === undefined;

/** In HipMRI's 2D layout the mask of case_X is seg_X, in a folder beside: it is no scan. */
function isMaskOf(name: string, all: ReadonlyMap<string, DroppedFile>): boolean {
  const path = /^(.*keras_slices_)seg_([^/]*\/)seg_([^/]*)$/i.exec(name);
  return path !== null && all.has(`${path[1]}${path[2]}case_${path[3]}`);
}

/**
 * Sorts dropped files into scans; reads their headers alone. Slice files `…_slice_N` of one folder are one scan.
 * Masks beside their scans (HipMRI's 2D layout) and files of other kinds in a folder are passed over. Whatever else
 * cannot be used is told in `problems`, and keeps no other file from being opened.
 */
export async function openScans(
  files: readonly DroppedFile[],
  platform: DicomPlatform,
): Promise<OpenedScans> {
  const all = new Map(files.map((file) => [file.name, file]));
  const problems: ScanProblem[] = [];
  const visible = files.filter(
    ({ name }) => !baseName(name).startsWith(".") && !isSecondHalf(name) && !isMaskOf(name, all),
  );
  const areDicom = await mapParallel(visible, FILES_AT_ONCE, isDicom);
  const dicom: DicomInput[] = visible.filter((_, i) => areDicom[i]);
  const opened = await mapParallel(
    visible.filter((file, i) => !areDicom[i] && !isBystander(file)),
    FILES_AT_ONCE,
    (file) => openFile(imageFileOf(file, all), platform).catch((error) => problemOf(file.name, error)),
  );
  const images: Opened[] = [];
  for (const each of opened) {
    if ("error" in each) problems.push(each);
    else images.push(each);
  }
  const scans: Scan[] = [];
  const keep = (name: string, make: () => Scan): Scan | undefined => {
    try {
      const scan = make();
      scans.push(scan);
      return scan;
    } catch (error) {
      problems.push(problemOf(name, error));
      return undefined;
    }
  };
  for (const { group, names } of namedGroups(images)) {
    const [first] = group as readonly [Opened];
    keep(first.input, () => (isSet(group) ? makeSliceScan(names, group) : scanOfFile(first, names)));
  }
  const seriesOf = new Map<Scan, DicomSeries>();
  if (dicom.length > 0) {
    const { series, damaged } = await listDicomSeries(dicom, platform);
    for (const error of damaged) problems.push({ name: "DICOM", error });
    for (const each of series) {
      const scan = keep(`series ${each.index}`, () => scanOfSeries(each, series.length));
      if (scan !== undefined) seriesOf.set(scan, each);
    }
    if (series.length === 0 && damaged.length === 0) problems.push(withoutImage(dicom));
  }
  return { scans: scans.sort(byName), seriesOf, problems };
}

function withoutImage(dicom: readonly DicomInput[]): ScanProblem {
  const error = new HipError("bad-image", "The DICOM files hold no image", {
    hint: "Choose the folder of the image series: segmentations, reports and plans are not images",
  });
  return { name: dicom[0]!.name, error };
}
