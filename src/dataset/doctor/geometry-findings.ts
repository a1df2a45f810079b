/** Shapes, voxel sizes and orientations over a whole data set: a table, and what is mixed in it. */
import { counted } from "../../core/text.ts";
import type { Plane } from "../../volume/orient.ts";
import { makeFinding } from "./findings.ts";
import type { HeaderFacts } from "./headers.ts";
import type { DoctorFinding, GeometryTable, ValueCount } from "./types.ts";

/** Voxel sizes that differ by less than this are taken as one. */
const MIXED_SPACING = 1.05;
/** Less is how a patient lies on the table. */
const OBLIQUE_DEGREES = 1;

function countValues(facts: readonly HeaderFacts[], textOf: (facts: HeaderFacts) => string): ValueCount[] {
  const counts = new Map<string, number>();
  for (const each of facts) {
    const value = textOf(each);
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts]
    .map(([value, files]) => ({ value, files }))
    .sort((a, b) => b.files - a.files || (a.value < b.value ? -1 : 1));
}

const size = (mm: number): string => String(Number(mm.toFixed(3)));

/** The voxel size along the image's own axes, in the file's order. */
const spacingText = ({ spacingMm, shape }: HeaderFacts): string =>
  `${spacingMm.slice(0, Math.max(2, shape.length)).map(size).join(" x ")} mm`;
const orientationText = ({ isPlaced, codes }: HeaderFacts): string =>
  isPlaced ? (codes ?? "does not span space") : "not stated";

/** @param assumed of images that do not say how they lie */
function planeText({ plane, isPlaced }: HeaderFacts, assumed: Plane | undefined): string {
  const taken = plane ?? assumed;
  return taken === undefined ? "not known" : `${taken}${isPlaced ? "" : " (assumed)"}`;
}

/** @param assumed the plane of images that do not say how they lie; undefined: it is not known */
export function geometryTable(
  images: readonly HeaderFacts[],
  masks: readonly HeaderFacts[],
  assumed?: Plane,
): GeometryTable {
  return {
    shape: countValues(images, ({ shape }) => shape.join(" x ")),
    spacingMm: countValues(images, spacingText),
    orientation: countValues(images, orientationText),
    plane: countValues(images, (each) => planeText(each, assumed)),
    format: countValues(images, ({ format }) => format),
    imageDtype: countValues(images, ({ dtype }) => dtype),
    maskDtype: countValues(masks, ({ dtype }) => dtype),
    pairsRead: images.length,
  };
}

const BODY = "RLAPSI";
/** Voxel sizes along left-right, back-front and feet-head where the orientation is known, else by file axis. */
function bodySpacing({ spacingMm, codes, isPlaced }: HeaderFacts): readonly number[] {
  if (!isPlaced || codes === undefined) return spacingMm;
  const byBody = [0, 0, 0];
  for (const [axis, code] of [...codes].entries()) byBody[BODY.indexOf(code) >> 1] = spacingMm[axis]!;
  return byBody;
}

/** Files and cases of the facts, for a finding. */
const concerned = (facts: readonly HeaderFacts[]) => ({
  files: facts.map(({ file }) => file),
  cases: facts.map(({ caseId }) => caseId),
});

/** Those whose value is not the most frequent one. */
function oddOnes(facts: readonly HeaderFacts[], textOf: (facts: HeaderFacts) => string) {
  const usual = countValues(facts, textOf)[0]?.value;
  return concerned(facts.filter((each) => textOf(each) !== usual));
}

const listed = (values: readonly ValueCount[]): readonly string[] =>
  values.map(({ value, files }) => `${value}: ${counted(files, "image")}`);

function findMixedSpacing(images: readonly HeaderFacts[]): DoctorFinding[] {
  // A 2D image has no third size of its own.
  const axes = images.every(({ shape }) => shape.length > 2) ? [0, 1, 2] : [0, 1];
  const spacings = images.map((each) => (axes.length === 3 ? bodySpacing(each) : each.spacingMm));
  const ranges = axes.map((axis) => {
    let low = Number.POSITIVE_INFINITY;
    let high = 0;
    for (const spacing of spacings) {
      low = Math.min(low, spacing[axis]!);
      high = Math.max(high, spacing[axis]!);
    }
    return { low, high };
  });
  const worst = ranges.reduce((most, each) => (each.high / each.low > most.high / most.low ? each : most));
  if (!(worst.high / worst.low > MIXED_SPACING)) return [];
  return [
    makeFinding({
      severity: "warning",
      code: "mixed-spacing",
      message: `Voxel sizes differ from image to image: along one axis from ${size(worst.low)} to ${size(worst.high)} mm`,
      remedy:
        "Training brings all slices to their median pixel size (input.spacingMm), but slices stay as far apart as they are",
      details: listed(countValues(images, spacingText)),
      ...oddOnes(images, spacingText),
    }),
  ];
}

function findMixedOrientation(images: readonly HeaderFacts[]): DoctorFinding[] {
  const placed = images.filter(({ isPlaced, codes }) => isPlaced && codes !== undefined);
  const orientations = countValues(placed, orientationText);
  if (orientations.length < 2) return [];
  return [
    makeFinding({
      severity: "warning",
      code: "mixed-orientation",
      message: `Images are stored in ${orientations.length} orientations`,
      remedy:
        "Training turns each image to one orientation by its header, voxel by voxel: check that the headers are right",
      details: listed(orientations),
      ...oddOnes(placed, orientationText),
    }),
  ];
}

function findMixedPlanes(images: readonly HeaderFacts[]): DoctorFinding[] {
  const known = images.filter(({ plane }) => plane !== undefined);
  const planeOf = ({ plane }: HeaderFacts): string => plane ?? "";
  const planes = countValues(known, planeOf);
  if (planes.length < 2) return [];
  return [
    makeFinding({
      severity: "warning",
      code: "mixed-plane",
      message: `Images are finest in different planes: ${planes.map(({ value, files }) => `${files} ${value}`).join(", ")}`,
      remedy:
        "Training cuts all volumes in the plane of most of them (input.plane), the others across coarse voxels: better train them apart",
      ...oddOnes(known, planeOf),
    }),
  ];
}

function findPlacement(images: readonly HeaderFacts[]): DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  const unplaced = images.filter(({ isPlaced }) => !isPlaced);
  if (unplaced.length > 0) {
    findings.push(
      makeFinding({
        severity: "warning",
        code: "no-orientation",
        message: `${unplaced.length} of ${counted(images.length, "image")} ${unplaced.length === 1 ? "does not state how it lies" : "do not state how they lie"} in the body`,
        remedy:
          "They are taken as they lie in the file: check that all lie alike, or export them again with their orientation",
        ...concerned(unplaced),
      }),
    );
  }
  // One slice of a case may lie at the origin with voxels of 1 mm; the others tell that this is meant.
  const sized = new Set(images.flatMap(({ isSized, caseId }) => (isSized ? [caseId] : [])));
  const lost = images.filter(({ isSized, caseId }) => !isSized && !sized.has(caseId));
  if (lost.length > 0) {
    findings.push(
      makeFinding({
        severity: "warning",
        code: "lost-spacing",
        message: `${lost.length} of ${counted(images.length, "image")} ${lost.length === 1 ? "states" : "state"} no voxel size, or only the 1 mm that programs make up: the true one is not known`,
        remedy:
          "Distances and volumes in mm rest on it: put the true voxel size into the headers, or export the images again with it",
        ...concerned(lost),
      }),
    );
  }
  const oblique = images.filter(({ obliqueDegrees }) => obliqueDegrees > OBLIQUE_DEGREES);
  if (oblique.length > 0) {
    const most = oblique.reduce((largest, each) => Math.max(largest, each.obliqueDegrees), 0);
    findings.push(
      makeFinding({
        severity: "note",
        code: "oblique",
        message: `${oblique.length} of ${counted(images.length, "image")} ${oblique.length === 1 ? "is" : "are"} tilted against the body's axes, by up to ${most.toFixed(0)} degrees`,
        remedy: "Nothing to do: slices are learnt as they were scanned, and masks keep the image's own grid",
        ...concerned(oblique),
      }),
    );
  }
  return findings;
}

function findHeaderOddities(facts: readonly HeaderFacts[]): DoctorFinding[] {
  const metIn = new Map<string, HeaderFacts[]>();
  for (const each of facts) {
    for (const warning of new Set(each.warnings)) {
      const met = metIn.get(warning);
      if (met === undefined) metIn.set(warning, [each]);
      else met.push(each);
    }
  }
  return [...metIn].map(([warning, met]) =>
    makeFinding({
      severity: "note",
      code: "header-oddity",
      message: `${counted(met.length, "file")}: ${warning}`,
      remedy: "It was read as said; correct the header if that is wrong",
      ...concerned(met),
    }),
  );
}

/** @param images of usable headers */
export function geometryFindings(
  images: readonly HeaderFacts[],
  masks: readonly HeaderFacts[],
): readonly DoctorFinding[] {
  if (images.length === 0) return [];
  return [
    ...findMixedSpacing(images),
    ...findMixedOrientation(images),
    ...findMixedPlanes(images),
    ...findPlacement(images),
    ...findHeaderOddities([...images, ...masks]),
  ];
}
