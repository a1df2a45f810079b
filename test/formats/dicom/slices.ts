/** Slices made up for a test, written by our own writer. */
import { makeByteSource } from "../../../src/core/bytes.ts";
import type { DicomInput } from "../../../src/formats/dicom/file.ts";
import { type DicomListing, listDicomSeries } from "../../../src/formats/dicom/series.ts";
import { type Attributes, encodeFile } from "../../../src/formats/dicom/write.ts";
import { PLATFORM } from "./support.ts";

export const MR = "1.2.840.10008.5.1.4.1.1.4";

/** An axial slice of 3 x 2 pixels of 16 bits, with whatever differs. */
export function sliceBytes(uid: string, differs: Attributes = {}): Uint8Array {
  const attributes: Attributes = {
    SOPClassUID: MR,
    SOPInstanceUID: uid,
    Modality: "MR",
    SeriesDescription: "made up",
    StudyInstanceUID: "1.2.3",
    SeriesInstanceUID: "1.2.3.4",
    SeriesNumber: "7",
    FrameOfReferenceUID: "1.2.3.5",
    PatientName: "Made^Up",
    PatientID: "4711",
    ImagePositionPatient: [0, 0, 0],
    ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
    PixelSpacing: [2, 1],
    SliceThickness: 3,
    SamplesPerPixel: 1,
    PhotometricInterpretation: "MONOCHROME2",
    Rows: 2,
    Columns: 3,
    BitsAllocated: 16,
    BitsStored: 16,
    HighBit: 15,
    PixelRepresentation: 0,
    PixelData: new Uint8Array(12),
    ...differs,
  };
  return encodeFile(attributes, MR, uid);
}

/** Axial slices at these heights. */
export function stackAt(
  heights: readonly number[],
  differs: (k: number) => Attributes = () => ({}),
): Uint8Array[] {
  return heights.map((z, k) => sliceBytes(`1.2.9.${k}`, { ImagePositionPatient: [0, 0, z], ...differs(k) }));
}

export function inputs(files: readonly Uint8Array[]): DicomInput[] {
  return files.map((bytes, i) => ({ name: `IM${i}`, source: makeByteSource(bytes) }));
}

export function listSlices(files: readonly Uint8Array[]): Promise<DicomListing> {
  return listDicomSeries(inputs(files), PLATFORM);
}
