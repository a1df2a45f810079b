/**
 * The text of a NRRD header, versions 1 to 5: http://teem.sourceforge.net/nrrd/format.html
 * Field names and most values may be written in either case; blanks in names are optional ("data file", "datafile").
 */
import type { NiftiDtype } from "../nifti/types.ts";
import { EXPORT_AGAIN, failToRead, quoted } from "./errors.ts";
import { numberIn } from "./text-voxels.ts";

/** Fields by name, in lower case without blanks; `keys` are the "key:=value" lines' keys. */
export interface NrrdFields {
  readonly name: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly keys: readonly string[];
}

/** Where the header ends: after the first empty line. */
export function nrrdHeaderEnd(text: string): number | undefined {
  const match = /\r?\n\r?\n/.exec(text);
  return match === null ? undefined : match.index + match[0].length;
}

/** @throws HipError "unreadable-image": not NRRD, a line that is no field, a field stated twice */
export function parseNrrdFields(text: string, name: string): NrrdFields {
  const [magic = "", ...lines] = text.split(/\r?\n/);
  if (!/^NRRD000[1-5]\s*$/.test(magic)) {
    const what = `its first line must be NRRD0001 to NRRD0005, got ${quoted(magic)}`;
    failToRead(name, what, "Check that this is the right file");
  }
  const fields = new Map<string, string>();
  const keys: string[] = [];
  for (const [i, line] of lines.entries()) {
    if (line === "") break;
    if (line.startsWith("#")) continue;
    const [, field = "", mark, value = ""] = /^([^:]+):(=?)(.*)$/.exec(line) ?? [];
    if (mark === undefined)
      failToRead(name, `line ${i + 2} of its header is no "field: value", got ${quoted(line)}`, EXPORT_AGAIN);
    if (mark === "=") {
      keys.push(field);
      continue;
    }
    const key = field.toLowerCase().replace(/\s+/g, "");
    if (fields.has(key)) failToRead(name, `its header states ${quoted(field)} more than once`, EXPORT_AGAIN);
    fields.set(key, value.trim());
    if (key === "datafile" && /^LIST\b/i.test(value.trim())) break;
  }
  return { name, fields, keys };
}

/** The first of a field's spellings. */
export function fieldOf({ fields }: NrrdFields, ...spellings: readonly string[]): string | undefined {
  for (const spelling of spellings) {
    const value = fields.get(spelling);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** @throws HipError where the field is missing */
export function requiredField(nrrd: NrrdFields, field: string): string {
  const value = fieldOf(nrrd, field);
  return value ?? failToRead(nrrd.name, `its header has no "${field}"`, EXPORT_AGAIN);
}

/** A whole number within bounds. */
export function wholeField(
  nrrd: NrrdFields,
  { field, value, least, most }: { field: string; value: string; least: number; most: number },
): number {
  const n = /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN;
  if (n >= least && n <= most) return n;
  const range = most < Number.MAX_SAFE_INTEGER ? `${least} to ${most}` : `at least ${least}`;
  const what = `"${field}" must be a whole number, ${range}, got ${quoted(value)}`;
  return failToRead(nrrd.name, what, EXPORT_AGAIN);
}

/** A vector "(x,y,z)", or "none". */
export type NrrdVector = readonly number[] | "none";

/** Vectors of `field`, e.g. `(1,0,0) (0,1,0) none`. */
export function vectorsIn(nrrd: NrrdFields, field: string, value: string): readonly NrrdVector[] {
  const bad = (): never =>
    failToRead(
      nrrd.name,
      `"${field}" must be vectors like (1,0,0) or none, got ${quoted(value)}`,
      EXPORT_AGAIN,
    );
  if (value.replace(/none|\([^()]*\)/gi, "").trim() !== "") bad();
  return (value.match(/none|\([^()]*\)/gi) ?? []).map((one) => {
    if (one.toLowerCase() === "none") return "none";
    return one
      .slice(1, -1)
      .split(",")
      .map((part) => numberIn(part.trim()) ?? bad());
  });
}

/** Words or quoted strings, one an axis. */
export function wordsIn(value: string): readonly string[] {
  return (value.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []).map((word) => word.replace(/^"(.*)"$/, "$1"));
}

const TYPES: Readonly<Record<NiftiDtype, string>> = {
  int8: "signed char|int8|int8_t",
  uint8: "uchar|unsigned char|uint8|uint8_t",
  int16: "short|short int|signed short|signed short int|int16|int16_t",
  uint16: "ushort|unsigned short|unsigned short int|uint16|uint16_t",
  int32: "int|signed int|int32|int32_t",
  uint32: "uint|unsigned int|uint32|uint32_t",
  int64: "longlong|long long|long long int|signed long long|signed long long int|int64|int64_t",
  uint64: "ulonglong|unsigned long long|unsigned long long int|uint64|uint64_t",
  float32: "float",
  float64: "double",
};
const BY_SPELLING = new Map(
  Object.entries(TYPES).flatMap(([dtype, spellings]) =>
    spellings.split("|").map((spelling) => [spelling, dtype as NiftiDtype] as const),
  ),
);

/** @throws HipError "unreadable-image": blocks of bytes, or no type of NRRD */
export function nrrdDtype(nrrd: NrrdFields): NiftiDtype {
  const stated = requiredField(nrrd, "type");
  const dtype = BY_SPELLING.get(stated.toLowerCase().replace(/\s+/g, " "));
  if (dtype !== undefined) return dtype;
  if (/^block$/i.test(stated))
    failToRead(nrrd.name, "its voxels are blocks of bytes, not numbers", "Convert the image to numbers");
  const what = `"type" must be one of NRRD's number types, for instance "short" or "float", got ${quoted(stated)}`;
  return failToRead(nrrd.name, what, EXPORT_AGAIN);
}
