/** What a segmentation takes over from its source: patient, study, place; or what stands for them once anonymised. */
import { isAscii } from "./charset.ts";
import { type Dataset, elementOf, textOf } from "./dataset.ts";
import type { Keyword } from "./dictionary.ts";
import { digest, uidFrom } from "./uid.ts";
import type { Attributes } from "./write.ts";

export interface Anonymisation {
  /**
   * Keys the replacements. With it one patient's studies keep one Patient ID; without it each study gets an ID of its
   * own, as short patient numbers could be found by trying them all.
   */
  readonly secret?: string;
}

/** Patient and study attributes that the standard requires, though they may be empty (type 2). */
const REQUIRED: readonly Keyword[] = [
  "PatientName",
  "PatientID",
  "PatientBirthDate",
  "PatientSex",
  "StudyDate",
  "StudyTime",
  "ReferringPhysicianName",
  "StudyID",
  "AccessionNumber",
  "PositionReferenceIndicator",
];
const OPTIONAL: readonly Keyword[] = [
  "IssuerOfPatientID",
  "PatientAge",
  "PatientSize",
  "PatientWeight",
  "StudyDescription",
];
/** Longer values are not honest ones. */
const LONGEST = 1024;

export interface SourceModules {
  readonly attributes: Attributes;
  /** The dataset's texts are in UTF-8; else ours must keep to ASCII. */
  readonly utf8: boolean;
}

function rawOf(source: Dataset, keyword: Keyword): Uint8Array | undefined {
  const value = elementOf(source, keyword)?.value;
  return value === undefined || value.length === 0 || value.length > LONGEST ? undefined : value;
}

/** Escape sequences switch character sets within bytes that look like ASCII. */
function isPlain(bytes: Uint8Array): boolean {
  return isAscii(bytes) && !bytes.includes(0x1b);
}

/** Copies values byte for byte, with the character set that they are in. */
export function copiedModules(source: Dataset): SourceModules {
  const attributes: { [K in Keyword]?: Uint8Array | string } = {};
  for (const keyword of REQUIRED) attributes[keyword] = rawOf(source, keyword) ?? "";
  for (const keyword of OPTIONAL) {
    const raw = rawOf(source, keyword);
    if (raw !== undefined) attributes[keyword] = raw;
  }
  const plain = Object.values(attributes).every((value) => typeof value === "string" || isPlain(value));
  const utf8 = plain || textOf(source, "SpecificCharacterSet") === "ISO_IR 192";
  const charset = utf8 ? "ISO_IR 192" : (rawOf(source, "SpecificCharacterSet") ?? "ISO_IR 100");
  return { attributes: { ...attributes, SpecificCharacterSet: charset }, utf8 };
}

/** Once lossy, always lossy (PS3.3 section C.7.6.1.1.5). */
export function lossyModule(source: Dataset): Attributes {
  const lossy = textOf(source, "LossyImageCompression") === "01";
  return {
    LossyImageCompression: lossy ? "01" : "00",
    LossyImageCompressionRatio: lossy ? rawOf(source, "LossyImageCompressionRatio") : undefined,
    LossyImageCompressionMethod: lossy ? rawOf(source, "LossyImageCompressionMethod") : undefined,
  };
}

/**
 * Stand-ins, in the spirit of PS3.15's Basic Application Level Confidentiality Profile: names, numbers, dates and
 * descriptions are dropped or replaced, and UIDs mapped by `anonymousUid`, so that images anonymised by the same
 * rule still match.
 */
export function anonymousModules(source: Dataset, { secret }: Anonymisation): SourceModules {
  const stem = secret === undefined ? "StudyInstanceUID" : "PatientID";
  const hash = digest(["patient", rawOf(source, stem) ?? ""], secret);
  const id = [...hash.subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const attributes: { [K in Keyword]?: string } = {};
  for (const keyword of REQUIRED) attributes[keyword] = "";
  return {
    attributes: {
      ...attributes,
      SpecificCharacterSet: "ISO_IR 192",
      PatientName: "ANONYMOUS^PATIENT",
      PatientID: `ANON-${id}`,
      PatientIdentityRemoved: "YES",
      DeidentificationMethod: "hipmri-unet: no names, numbers, dates; UIDs replaced",
      LongitudinalTemporalInformationModified: "REMOVED",
    },
    utf8: true,
  };
}

/** The UID that stands for an original one. */
export function anonymousUid(uid: string, { secret }: Anonymisation): string {
  return uidFrom(["uid", uid], secret);
}
