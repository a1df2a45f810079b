/** DICOM Segmentation objects (PS3.3 section A.51): binary, one segment a label, on the grid of their source. */
import { HipError } from "../../core/errors.ts";
import type { LabelDefinition } from "../../volume/volume.ts";
import type { Keyword } from "./dictionary.ts";
import { tagOf } from "./dictionary.ts";
import { readDicomHeader } from "./file.ts";
import type { PlacedFrame, StackGeometry } from "./geometry.ts";
import {
  ANATOMICAL_STRUCTURE,
  ARTIFICIAL_INTELLIGENCE,
  codeItem,
  codeOfLabel,
  colourOfLabel,
  SEGMENTATION,
  SOURCE_IMAGE,
} from "./seg-codes.ts";
import { framesOf, packFrames, type SegFrame } from "./seg-frames.ts";
import {
  type Anonymisation,
  anonymousModules,
  anonymousUid,
  copiedModules,
  lossyModule,
  type SourceModules,
} from "./seg-source.ts";
import { type DicomSeries, placedContentOf } from "./series.ts";
import { uidFrom } from "./uid.ts";
import { type Attributes, encodeFile } from "./write.ts";

const SEG_STORAGE = "1.2.840.10008.5.1.4.1.1.66.4";
const MAKER = "hipmri-unet";
/** PS3.15's stand-in where a date may not be empty. */
const NO_DATE = { date: "19000101", time: "000000" };
const LONGEST_TEXT = 64;

export interface DicomSegOptions {
  /** Labels by voxel value, on the grid and in the order of readDicomSeries(). */
  readonly mask: Uint8Array;
  readonly labels: readonly LabelDefinition[];
  readonly algorithm: { readonly name: string; readonly version: string };
  /** When it was made, local time: "20261123", "172458". There is no clock in here. */
  readonly created: { readonly date: string; readonly time: string };
  /** Default: the source's plus 1000. */
  readonly seriesNumber?: number;
  /** Segments also for labels without a voxel; default false. */
  readonly allSegments?: boolean;
  /** Drops who and when, see anonymousModules(). Default: patient and study are the source's. */
  readonly anonymise?: Anonymisation | undefined;
}

/** Everything that parts of the object need. */
interface Plan {
  readonly options: DicomSegOptions;
  readonly series: DicomSeries;
  readonly geometry: StackGeometry;
  readonly modules: SourceModules;
  readonly lossy: Attributes;
  /** Maps the source's UIDs. */
  readonly uid: (original: string) => string;
  /** Makes UIDs of ours, one for each purpose. */
  readonly ownUid: (purpose: string) => string;
  readonly segments: readonly LabelDefinition[];
  readonly frames: readonly SegFrame[];
  readonly created: { readonly date: string; readonly time: string };
}

/** Text of ours in the dataset's character set. */
function textFor({ utf8 }: SourceModules, text: string): string {
  const clean = text.replace(/[\p{C}\\]+/gu, " ").trim();
  const safe = utf8 ? clean : clean.normalize("NFKD").replace(/\p{M}/gu, "").replace(/[^ -~]/g, "?");
  return safe.slice(0, LONGEST_TEXT) || "unnamed";
}

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

function segmentItem({ options, modules }: Plan, { id, name }: LabelDefinition, index: number): Attributes {
  const { value, scheme, meaning } = codeOfLabel(id, name);
  const type = codeItem({ value, scheme, meaning: textFor(modules, meaning) });
  return {
    SegmentNumber: index + 1,
    SegmentLabel: textFor(modules, name),
    SegmentedPropertyCategoryCodeSequence: [codeItem(ANATOMICAL_STRUCTURE)],
    SegmentedPropertyTypeCodeSequence: [type],
    SegmentAlgorithmType: "AUTOMATIC",
    SegmentAlgorithmName: textFor(modules, options.algorithm.name),
    SegmentationAlgorithmIdentificationSequence: [
      {
        AlgorithmFamilyCodeSequence: [codeItem(ARTIFICIAL_INTELLIGENCE)],
        AlgorithmName: textFor(modules, options.algorithm.name),
        AlgorithmVersion: textFor(modules, options.algorithm.version),
      },
    ],
    RecommendedDisplayCIELabValue: colourOfLabel(id, name),
  };
}

function instanceItem({ instance }: PlacedFrame, uid: Plan["uid"]): Attributes {
  return {
    ReferencedSOPClassUID: instance.sopClassUid,
    ReferencedSOPInstanceUID: uid(instance.sopInstanceUid),
  };
}

function frameItem({ geometry, uid }: Plan, { segment, z }: SegFrame): Attributes {
  const source = geometry.frames[z]!;
  return {
    FrameContentSequence: [{ DimensionIndexValues: [segment + 1, z + 1] }],
    PlanePositionSequence: [{ ImagePositionPatient: source.position }],
    SegmentIdentificationSequence: [{ ReferencedSegmentNumber: segment + 1 }],
    DerivationImageSequence: [
      {
        DerivationCodeSequence: [codeItem(SEGMENTATION)],
        SourceImageSequence: [
          {
            ...instanceItem(source, uid),
            ReferencedFrameNumber: source.instance.frameCount > 1 ? source.number : undefined,
            PurposeOfReferenceCodeSequence: [codeItem(SOURCE_IMAGE)],
            SpatialLocationsPreserved: "YES",
          },
        ],
      },
    ],
  };
}

function sharedItem({ geometry }: Plan): Attributes {
  const { frames, gapMm } = geometry;
  const { rowDirection, columnDirection, pixelSpacingMm, thicknessMm } = frames[0]!;
  const [dx, dy] = pixelSpacingMm;
  return {
    PlaneOrientationSequence: [{ ImageOrientationPatient: [...rowDirection, ...columnDirection] }],
    PixelMeasuresSequence: [
      {
        PixelSpacing: [dy, dx],
        SliceThickness: thicknessMm !== undefined && thicknessMm > 0 ? thicknessMm : gapMm,
        SpacingBetweenSlices: gapMm,
      },
    ],
  };
}

/** Frames are ordered by segment, then by place. */
function dimensions(ownUid: Plan["ownUid"]): Attributes {
  const organisation = ownUid("dimension organisation");
  const index = (pointer: Keyword, group: Keyword, label: string): Attributes => ({
    DimensionOrganizationUID: organisation,
    DimensionIndexPointer: tagOf(pointer),
    FunctionalGroupPointer: tagOf(group),
    DimensionDescriptionLabel: label,
  });
  return {
    DimensionOrganizationSequence: [{ DimensionOrganizationUID: organisation }],
    DimensionIndexSequence: [
      index("ReferencedSegmentNumber", "SegmentIdentificationSequence", "Segment Number"),
      index("ImagePositionPatient", "PlanePositionSequence", "Image Position Patient"),
    ],
  };
}

/** The source series' instances, each once, in the order of their places. */
function references({ series, geometry, uid }: Plan): Attributes {
  const byInstance = new Map(geometry.frames.map((frame) => [frame.instance, frame]));
  return {
    ReferencedSeriesSequence: [
      {
        SeriesInstanceUID: uid(series.seriesUid),
        ReferencedInstanceSequence: [...byInstance.values()].map((frame) => instanceItem(frame, uid)),
      },
    ],
  };
}

function equipment({ options, modules }: Plan): Attributes {
  return {
    Manufacturer: MAKER,
    ManufacturerModelName: MAKER,
    // Type 1 in enhanced equipment, though software has none.
    DeviceSerialNumber: "0",
    SoftwareVersions: textFor(modules, options.algorithm.version),
  };
}

function imageModules(plan: Plan): Attributes {
  const { series, options, segments, frames } = plan;
  const sliceVoxels = series.rows * series.columns;
  const ids = segments.map(({ id }) => id);
  return {
    ImageType: ["DERIVED", "PRIMARY"],
    InstanceNumber: "1",
    SamplesPerPixel: 1,
    PhotometricInterpretation: "MONOCHROME2",
    NumberOfFrames: String(frames.length),
    Rows: series.rows,
    Columns: series.columns,
    BitsAllocated: 1,
    BitsStored: 1,
    HighBit: 0,
    PixelRepresentation: 0,
    SegmentationType: "BINARY",
    ContentLabel: "SEGMENTATION",
    ContentDescription: "Segmentation by a neural network, not checked by a person",
    ContentCreatorName: "",
    SegmentSequence: segments.map((label, i) => segmentItem(plan, label, i)),
    SharedFunctionalGroupsSequence: [sharedItem(plan)],
    PerFrameFunctionalGroupsSequence: frames.map((frame) => frameItem(plan, frame)),
    PixelData: packFrames(options.mask, ids, sliceVoxels, frames),
  };
}

function seriesModules({ series, geometry, options, created, uid, ownUid }: Plan): Attributes {
  const { instance } = geometry.frames[0]!;
  const { date, time } = created;
  return {
    SOPClassUID: SEG_STORAGE,
    SOPInstanceUID: ownUid("instance"),
    Modality: "SEG",
    StudyInstanceUID: uid(instance.studyUid),
    SeriesInstanceUID: ownUid("series"),
    SeriesNumber: String(options.seriesNumber ?? (series.seriesNumber ?? 0) + 1000),
    SeriesDescription: `${MAKER} segmentation`,
    // A source without a frame of reference gets one of its own.
    FrameOfReferenceUID: uid(instance.frameOfReferenceUid ?? uidFrom(["frame of reference", series.seriesUid])),
    InstanceCreationDate: date,
    InstanceCreationTime: time,
    SeriesDate: date,
    SeriesTime: time,
    ContentDate: date,
    ContentTime: time,
  };
}

async function planOf(series: DicomSeries, options: DicomSegOptions): Promise<Plan> {
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
  const identity = [uid(series.seriesUid), created.date, created.time, algorithm.name, algorithm.version];
  return {
    options,
    series,
    geometry,
    modules: anonymise === undefined ? copiedModules(dataset) : anonymousModules(dataset, anonymise),
    lossy: lossyModule(dataset),
    uid,
    ownUid: (purpose) => uidFrom([purpose, ...identity, mask], anonymise?.secret),
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
  if (!options.labels.some(({ id }) => id > 0)) throw new RangeError("A segmentation needs a foreground label");
  const plan = await planOf(series, options);
  const about = seriesModules(plan);
  const attributes: Attributes = {
    ...plan.modules.attributes,
    ...plan.lossy,
    ...about,
    ...equipment(plan),
    ...imageModules(plan),
    ...dimensions(plan.ownUid),
    ...references(plan),
  };
  return encodeFile(attributes, SEG_STORAGE, plan.ownUid("instance"));
}
