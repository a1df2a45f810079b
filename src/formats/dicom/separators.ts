/** What a frame says of itself, wherever it stands, and what tells volumes of one series apart. */
import { type Dataset, freeTextOf, itemsOf, numberOf, textsOf } from "./dataset.ts";
import type { Keyword } from "./dictionary.ts";

/** What distinguishes volumes within one series, the more telling first. */
export const SEPARATORS = [
  "image type",
  "echo time",
  "b-value",
  "inversion time",
  "flip angle",
  "temporal position",
  "stack",
  "trigger time",
  "acquisition",
] as const;

/** Finds an element in the frame's functional groups, the shared ones, or the dataset itself. */
export type Lookup = <T>(
  group: Keyword | undefined,
  read: (dataset: Dataset) => T | undefined,
) => T | undefined;

export function findIn(dataset: Dataset, shared: Dataset | undefined, own: Dataset | undefined): Lookup {
  return (group, read) => {
    for (const groups of group === undefined ? [] : [own, shared]) {
      const [item] = groups === undefined || group === undefined ? [] : itemsOf(groups, group);
      const found = item === undefined ? undefined : read(item);
      if (found !== undefined) return found;
    }
    return read(dataset);
  };
}

/** The values of `SEPARATORS`; "" where the file is silent. */
export function separatorsOf(find: Lookup): readonly string[] {
  const number = (keyword: Keyword, group?: Keyword): string => {
    const value = find(group, (each) => numberOf(each, keyword));
    return value === undefined ? "" : String(value);
  };
  const frameType = (group: Keyword): string =>
    find(group, (each) => textsOf(each, "FrameType").slice(2).join(" ") || undefined) ?? "";
  const imageType =
    frameType("MRImageFrameTypeSequence") ||
    frameType("CTImageFrameTypeSequence") ||
    (find(undefined, (each) => textsOf(each, "ImageType").slice(2).join(" ")) ?? "");
  return [
    imageType.replace(/[^ -~]+/g, " ").slice(0, 64),
    number("EffectiveEchoTime", "MREchoSequence") || number("EchoTime") || number("EchoNumbers"),
    number("DiffusionBValue", "MRDiffusionSequence"),
    number("InversionTime"),
    number("FlipAngle"),
    number("TemporalPositionIndex", "FrameContentSequence") || number("TemporalPositionIdentifier"),
    (find("FrameContentSequence", (each) => freeTextOf(each, "StackID")) ?? "").slice(0, 16),
    number("NominalCardiacTriggerDelayTime", "CardiacSynchronizationSequence") || number("TriggerTime"),
    number("AcquisitionNumber"),
  ];
}
