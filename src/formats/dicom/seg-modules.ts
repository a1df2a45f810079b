/** The modules of a Segmentation object (PS3.3 section A.51) and its functional groups. */
import type { LabelDefinition } from "../../volume/volume.ts";
import type { DicomSeries } from "./content.ts";
import { type Keyword, tagOf } from "./dictionary.ts";
import type { PlacedFrame, StackGeometry } from "./geometry.ts";
import {
  ANATOMICAL_STRUCTURE,
  ARTIFICIAL_INTELLIGENCE,
  codeItem,
  codeOfLabel,
  colourOfLabel,
  PRIVATE_SCHEME,
  SEGMENTATION,
  SOURCE_IMAGE,
} from "./seg-codes.ts";
import { packFrames, type SegFrame } from "./seg-frames.ts";
import type { Anonymisation, SourceModules } from "./seg-source.ts";
import { uidFrom } from "./uid.ts";
import type { Attributes } from "./write.ts";

export const SEG_STORAGE = "1.2.840.10008.5.1.4.1.1.66.4";
const MAKER = "hipmri-unet";
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

/** Everything that the parts of the object need. */
export interface SegPlan {
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
  const safe = utf8
    ? clean
    : clean
        .normalize("NFKD")
        .replace(/\p{M}/gu, "")
        .replace(/[^ -~]/g, "?");
  return safe.slice(0, LONGEST_TEXT) || "unnamed";
}

function segmentItem(
  { options, modules }: SegPlan,
  { id, name }: LabelDefinition,
  index: number,
): Attributes {
  const { value, scheme, meaning } = codeOfLabel(name);
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

function instanceItem({ instance }: PlacedFrame, uid: SegPlan["uid"]): Attributes {
  return {
    ReferencedSOPClassUID: instance.sopClassUid,
    ReferencedSOPInstanceUID: uid(instance.sopInstanceUid),
  };
}

function frameItem({ geometry, uid }: SegPlan, { segment, z }: SegFrame): Attributes {
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

function sharedItem({ geometry }: SegPlan): Attributes {
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
function dimensions(ownUid: SegPlan["ownUid"]): Attributes {
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
function references({ series, geometry, uid }: SegPlan): Attributes {
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

function equipment({ options, modules }: SegPlan): Attributes {
  return {
    Manufacturer: MAKER,
    ManufacturerModelName: MAKER,
    // Type 1 in enhanced equipment, though software has none.
    DeviceSerialNumber: "0",
    SoftwareVersions: textFor(modules, options.algorithm.version),
  };
}

function imageModules(plan: SegPlan): Attributes {
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
    CodingSchemeIdentificationSequence: segments.some(({ name }) => codeOfLabel(name).scheme === "99HIPMRI")
      ? [PRIVATE_SCHEME]
      : undefined,
    SegmentSequence: segments.map((label, i) => segmentItem(plan, label, i)),
    SharedFunctionalGroupsSequence: [sharedItem(plan)],
    PerFrameFunctionalGroupsSequence: frames.map((frame) => frameItem(plan, frame)),
    PixelData: packFrames(options.mask, ids, sliceVoxels, frames),
  };
}

function seriesModules({ series, geometry, options, created, uid, ownUid }: SegPlan): Attributes {
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
    FrameOfReferenceUID: uid(
      instance.frameOfReferenceUid ?? uidFrom(["frame of reference", series.seriesUid]),
    ),
    InstanceCreationDate: date,
    InstanceCreationTime: time,
    SeriesDate: date,
    SeriesTime: time,
    ContentDate: date,
    ContentTime: time,
  };
}

/** All attributes of the object. */
export function segAttributes(plan: SegPlan): Attributes {
  return {
    ...plan.modules.attributes,
    ...plan.lossy,
    ...seriesModules(plan),
    ...equipment(plan),
    ...imageModules(plan),
    ...dimensions(plan.ownUid),
    ...references(plan),
  };
}
