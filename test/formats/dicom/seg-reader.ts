/** A reader of binary segmentations for tests: places every voxel by its own frame's position alone. */
import { makeByteSource } from "../../../src/core/bytes.ts";
import {
  type Dataset,
  finiteNumbersOf,
  itemsOf,
  numberOf,
  numbersOf,
  textOf,
} from "../../../src/formats/dicom/dataset.ts";
import { readDicomHeader } from "../../../src/formats/dicom/file.ts";
import { PLATFORM } from "./support.ts";

export interface ReadSeg {
  readonly dataset: Dataset;
  readonly segments: readonly { readonly number: number; readonly label: string; readonly code: string }[];
  /** "segment x y z" in RAS+ mm of every voxel, rounded to 1/100 mm. */
  readonly places: ReadonlySet<string>;
  readonly frameCount: number;
}

export function placeKey(segment: number, ras: readonly number[]): string {
  return [
    segment,
    ...ras.map((each) => (Math.round(each * 100) / 100 + 0).toFixed(2).replace(/^-0\.00$/, "0.00")),
  ].join(" ");
}

export async function readSeg(bytes: Uint8Array): Promise<ReadSeg> {
  const { dataset, pixels } = await readDicomHeader(
    { name: "seg.dcm", source: makeByteSource(bytes) },
    PLATFORM.inflate,
  );
  const rows = numberOf(dataset, "Rows")!;
  const columns = numberOf(dataset, "Columns")!;
  const [shared] = itemsOf(dataset, "SharedFunctionalGroupsSequence");
  const [measures] = itemsOf(shared!, "PixelMeasuresSequence");
  const [orientation] = itemsOf(shared!, "PlaneOrientationSequence");
  const [dy, dx] = finiteNumbersOf(measures!, "PixelSpacing", 2)! as [number, number];
  const cosines = finiteNumbersOf(orientation!, "ImageOrientationPatient", 6)!;
  const data = bytes.subarray(pixels!.offset, pixels!.offset + pixels!.length!);
  const places = new Set<string>();
  const frames = itemsOf(dataset, "PerFrameFunctionalGroupsSequence");
  frames.forEach((frame, k) => {
    const [plane] = itemsOf(frame, "PlanePositionSequence");
    const position = finiteNumbersOf(plane!, "ImagePositionPatient", 3)!;
    const [identity] = itemsOf(frame, "SegmentIdentificationSequence");
    const [segment] = numbersOf(identity!, "ReferencedSegmentNumber");
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const bit = (k * rows + row) * columns + column;
        if (((data[bit >> 3]! >> (bit & 7)) & 1) === 0) continue;
        const lps = position.map(
          (at, axis) => at + column * dx * cosines[axis]! + row * dy * cosines[axis + 3]!,
        );
        places.add(placeKey(segment!, [-lps[0]!, -lps[1]!, lps[2]!]));
      }
    }
  });
  const segments = itemsOf(dataset, "SegmentSequence").map((item) => {
    const [type] = itemsOf(item, "SegmentedPropertyTypeCodeSequence");
    return {
      number: numberOf(item, "SegmentNumber")!,
      label: textOf(item, "SegmentLabel")!,
      code: `${textOf(type!, "CodeValue")} ${textOf(type!, "CodingSchemeDesignator")} ${textOf(type!, "CodeMeaning")}`,
    };
  });
  return { dataset, segments, places, frameCount: frames.length };
}
