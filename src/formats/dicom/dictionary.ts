/** The attributes that are read or written here: tag and value representation (VR), DICOM PS3.6. */

/** Value representations, DICOM PS3.5 section 6.2. */
export type Vr =
  | "AE"
  | "AS"
  | "AT"
  | "CS"
  | "DA"
  | "DS"
  | "DT"
  | "FD"
  | "FL"
  | "IS"
  | "LO"
  | "LT"
  | "OB"
  | "OD"
  | "OF"
  | "OL"
  | "OV"
  | "OW"
  | "PN"
  | "SH"
  | "SL"
  | "SQ"
  | "SS"
  | "ST"
  | "SV"
  | "TM"
  | "UC"
  | "UI"
  | "UL"
  | "UN"
  | "UR"
  | "US"
  | "UT"
  | "UV";

/** Explicit VRs whose length has 32 bits after two reserved bytes; all others have 16 (PS3.5 section 7.1.2). */
export const LONG_VRS: ReadonlySet<string> = new Set(
  "OB OD OF OL OV OW SQ SV UC UN UR UT UV".split(" ") satisfies readonly string[],
);

const SHORT_VRS = "AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split(" ");
const VRS: ReadonlySet<string> = new Set([...LONG_VRS, ...SHORT_VRS]);

export function isVr(text: string): text is Vr {
  return VRS.has(text);
}

const ATTRIBUTES = {
  FileMetaInformationGroupLength: [0x0002_0000, "UL"],
  FileMetaInformationVersion: [0x0002_0001, "OB"],
  MediaStorageSOPClassUID: [0x0002_0002, "UI"],
  MediaStorageSOPInstanceUID: [0x0002_0003, "UI"],
  TransferSyntaxUID: [0x0002_0010, "UI"],
  ImplementationClassUID: [0x0002_0012, "UI"],
  ImplementationVersionName: [0x0002_0013, "SH"],
  SpecificCharacterSet: [0x0008_0005, "CS"],
  ImageType: [0x0008_0008, "CS"],
  InstanceCreationDate: [0x0008_0012, "DA"],
  InstanceCreationTime: [0x0008_0013, "TM"],
  SOPClassUID: [0x0008_0016, "UI"],
  SOPInstanceUID: [0x0008_0018, "UI"],
  StudyDate: [0x0008_0020, "DA"],
  SeriesDate: [0x0008_0021, "DA"],
  ContentDate: [0x0008_0023, "DA"],
  StudyTime: [0x0008_0030, "TM"],
  SeriesTime: [0x0008_0031, "TM"],
  ContentTime: [0x0008_0033, "TM"],
  AccessionNumber: [0x0008_0050, "SH"],
  Modality: [0x0008_0060, "CS"],
  Manufacturer: [0x0008_0070, "LO"],
  ReferringPhysicianName: [0x0008_0090, "PN"],
  CodeValue: [0x0008_0100, "SH"],
  CodingSchemeDesignator: [0x0008_0102, "SH"],
  CodeMeaning: [0x0008_0104, "LO"],
  CodingSchemeIdentificationSequence: [0x0008_0110, "SQ"],
  CodingSchemeName: [0x0008_0115, "ST"],
  CodingSchemeResponsibleOrganization: [0x0008_0116, "ST"],
  StudyDescription: [0x0008_1030, "LO"],
  SeriesDescription: [0x0008_103e, "LO"],
  ManufacturerModelName: [0x0008_1090, "LO"],
  ReferencedSeriesSequence: [0x0008_1115, "SQ"],
  ReferencedSOPClassUID: [0x0008_1150, "UI"],
  ReferencedSOPInstanceUID: [0x0008_1155, "UI"],
  ReferencedFrameNumber: [0x0008_1160, "IS"],
  ReferencedInstanceSequence: [0x0008_114a, "SQ"],
  DerivationImageSequence: [0x0008_9124, "SQ"],
  SourceImageSequence: [0x0008_2112, "SQ"],
  DerivationCodeSequence: [0x0008_9215, "SQ"],
  FrameType: [0x0008_9007, "CS"],
  PatientName: [0x0010_0010, "PN"],
  PatientID: [0x0010_0020, "LO"],
  IssuerOfPatientID: [0x0010_0021, "LO"],
  PatientBirthDate: [0x0010_0030, "DA"],
  PatientSex: [0x0010_0040, "CS"],
  PatientAge: [0x0010_1010, "AS"],
  PatientSize: [0x0010_1020, "DS"],
  PatientWeight: [0x0010_1030, "DS"],
  PatientIdentityRemoved: [0x0012_0062, "CS"],
  DeidentificationMethod: [0x0012_0063, "LO"],
  SliceThickness: [0x0018_0050, "DS"],
  EchoTime: [0x0018_0081, "DS"],
  InversionTime: [0x0018_0082, "DS"],
  EchoNumbers: [0x0018_0086, "IS"],
  SpacingBetweenSlices: [0x0018_0088, "DS"],
  DeviceSerialNumber: [0x0018_1000, "LO"],
  SoftwareVersions: [0x0018_1020, "LO"],
  TriggerTime: [0x0018_1060, "DS"],
  FlipAngle: [0x0018_1314, "DS"],
  EffectiveEchoTime: [0x0018_9082, "FD"],
  DiffusionBValue: [0x0018_9087, "FD"],
  MREchoSequence: [0x0018_9114, "SQ"],
  MRDiffusionSequence: [0x0018_9117, "SQ"],
  CardiacSynchronizationSequence: [0x0018_9118, "SQ"],
  NominalCardiacTriggerDelayTime: [0x0020_9153, "FD"],
  MRImageFrameTypeSequence: [0x0018_9226, "SQ"],
  CTImageFrameTypeSequence: [0x0018_9329, "SQ"],
  StudyInstanceUID: [0x0020_000d, "UI"],
  SeriesInstanceUID: [0x0020_000e, "UI"],
  StudyID: [0x0020_0010, "SH"],
  SeriesNumber: [0x0020_0011, "IS"],
  AcquisitionNumber: [0x0020_0012, "IS"],
  InstanceNumber: [0x0020_0013, "IS"],
  ImagePositionPatient: [0x0020_0032, "DS"],
  ImageOrientationPatient: [0x0020_0037, "DS"],
  FrameOfReferenceUID: [0x0020_0052, "UI"],
  TemporalPositionIdentifier: [0x0020_0100, "IS"],
  PositionReferenceIndicator: [0x0020_1040, "LO"],
  StackID: [0x0020_9056, "SH"],
  FrameContentSequence: [0x0020_9111, "SQ"],
  PlanePositionSequence: [0x0020_9113, "SQ"],
  PlaneOrientationSequence: [0x0020_9116, "SQ"],
  TemporalPositionIndex: [0x0020_9128, "UL"],
  DimensionIndexValues: [0x0020_9157, "UL"],
  DimensionOrganizationUID: [0x0020_9164, "UI"],
  DimensionIndexPointer: [0x0020_9165, "AT"],
  FunctionalGroupPointer: [0x0020_9167, "AT"],
  DimensionOrganizationSequence: [0x0020_9221, "SQ"],
  DimensionIndexSequence: [0x0020_9222, "SQ"],
  DimensionDescriptionLabel: [0x0020_9421, "LO"],
  SamplesPerPixel: [0x0028_0002, "US"],
  PhotometricInterpretation: [0x0028_0004, "CS"],
  NumberOfFrames: [0x0028_0008, "IS"],
  Rows: [0x0028_0010, "US"],
  Columns: [0x0028_0011, "US"],
  PixelSpacing: [0x0028_0030, "DS"],
  BitsAllocated: [0x0028_0100, "US"],
  BitsStored: [0x0028_0101, "US"],
  HighBit: [0x0028_0102, "US"],
  PixelRepresentation: [0x0028_0103, "US"],
  LongitudinalTemporalInformationModified: [0x0028_0303, "CS"],
  RescaleIntercept: [0x0028_1052, "DS"],
  RescaleSlope: [0x0028_1053, "DS"],
  LossyImageCompression: [0x0028_2110, "CS"],
  LossyImageCompressionRatio: [0x0028_2112, "DS"],
  LossyImageCompressionMethod: [0x0028_2114, "CS"],
  ModalityLUTSequence: [0x0028_3000, "SQ"],
  PixelMeasuresSequence: [0x0028_9110, "SQ"],
  PixelValueTransformationSequence: [0x0028_9145, "SQ"],
  PurposeOfReferenceCodeSequence: [0x0040_a170, "SQ"],
  SpatialLocationsPreserved: [0x0028_135a, "CS"],
  SegmentationType: [0x0062_0001, "CS"],
  SegmentSequence: [0x0062_0002, "SQ"],
  SegmentedPropertyCategoryCodeSequence: [0x0062_0003, "SQ"],
  SegmentNumber: [0x0062_0004, "US"],
  SegmentLabel: [0x0062_0005, "LO"],
  SegmentAlgorithmType: [0x0062_0008, "CS"],
  SegmentAlgorithmName: [0x0062_0009, "LO"],
  SegmentIdentificationSequence: [0x0062_000a, "SQ"],
  ReferencedSegmentNumber: [0x0062_000b, "US"],
  RecommendedDisplayCIELabValue: [0x0062_000d, "US"],
  SegmentedPropertyTypeCodeSequence: [0x0062_000f, "SQ"],
  SegmentationAlgorithmIdentificationSequence: [0x0062_0007, "SQ"],
  AlgorithmFamilyCodeSequence: [0x0066_002f, "SQ"],
  AlgorithmVersion: [0x0066_0031, "LO"],
  AlgorithmName: [0x0066_0036, "LO"],
  ContentLabel: [0x0070_0080, "CS"],
  ContentDescription: [0x0070_0081, "LO"],
  ContentCreatorName: [0x0070_0084, "PN"],
  SharedFunctionalGroupsSequence: [0x5200_9229, "SQ"],
  PerFrameFunctionalGroupsSequence: [0x5200_9230, "SQ"],
  FloatPixelData: [0x7fe0_0008, "OF"],
  DoubleFloatPixelData: [0x7fe0_0009, "OD"],
  PixelData: [0x7fe0_0010, "OW"],
} as const satisfies Readonly<Record<string, readonly [tag: number, vr: Vr]>>;

/** The standard's keyword of an attribute, e.g. "PatientName". */
export type Keyword = keyof typeof ATTRIBUTES;

export function tagOf(keyword: Keyword): number {
  return ATTRIBUTES[keyword][0];
}

export function vrOf(keyword: Keyword): Vr {
  return ATTRIBUTES[keyword][1];
}

const VR_BY_TAG: ReadonlyMap<number, Vr> = new Map(Object.values(ATTRIBUTES));

/** The VR of an attribute that is known here; others cannot be told in implicit VR, and are not needed. */
export function vrOfTag(tag: number): Vr | undefined {
  return VR_BY_TAG.get(tag);
}

/** "(0010,0020)" */
export function formatTag(tag: number): string {
  const text = tag.toString(16).padStart(8, "0");
  return `(${text.slice(0, 4)},${text.slice(4)})`;
}
