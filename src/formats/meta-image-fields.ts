/** The text of a MetaImage header (.mha, .mhd): https://itk.org/Wiki/ITK/MetaIO/Documentation */
import type { NiftiDtype } from "../nifti/types.ts";
import { EXPORT_AGAIN, failToRead, quoted } from "./errors.ts";
import { numberIn } from "./text-voxels.ts";

export interface MetaFields {
  readonly name: string;
  /** By name in lower case. */
  readonly fields: ReadonlyMap<string, string>;
}

const LAST_FIELD = /^[ \t]*ElementDataFile[ \t]*[=:][^\n]*\n/im;

/** Where the header ends: after the line of ElementDataFile. */
export function metaHeaderEnd(text: string): number | undefined {
  const match = LAST_FIELD.exec(text);
  return match === null ? undefined : match.index + match[0].length;
}

/** Whether the start of a file is that of a MetaImage header. */
export function looksLikeMetaImage(text: string): boolean {
  return (
    /^\s*(?:ObjectType|NDims|Comment|BinaryData)[ \t]*[=:]/i.test(text) &&
    /^[ \t]*(?:NDims|ObjectType)[ \t]*[=:]/im.test(text)
  );
}

/** @throws HipError "unreadable-image": a line that is no field, two values for one field, no image */
export function parseMetaFields(text: string, name: string): MetaFields {
  const fields = new Map<string, string>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    // Not by one pattern: on a line of a million blanks that would take hours.
    const mark = line.search(/[=:]/);
    const [key, value] = [line.slice(0, mark).trim().toLowerCase(), line.slice(mark + 1).trim()];
    if (mark < 0 || key === "")
      failToRead(name, `line ${i + 1} of its header is no "name = value", got ${quoted(line)}`, EXPORT_AGAIN);
    const known = fields.get(key);
    if (known !== undefined && known !== value)
      failToRead(name, `its header states ${quoted(key)} twice, differently`, EXPORT_AGAIN);
    fields.set(key, value);
    if (key === "elementdatafile") break;
  }
  const kind = fields.get("objecttype") ?? "Image";
  if (kind.toLowerCase() !== "image")
    failToRead(name, `it is MetaIO's ${quoted(kind)}, not an image`, "Give the image that belongs to it");
  return { name, fields };
}

/** The value of the first field that is there. */
export function metaField({ fields }: MetaFields, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = fields.get(name.toLowerCase());
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}

export function requiredMetaField(meta: MetaFields, field: string): string {
  return metaField(meta, field) ?? failToRead(meta.name, `its header has no ${field}`, EXPORT_AGAIN);
}

/** `count` numbers of the first field that is there. */
export function metaNumbers(
  meta: MetaFields,
  count: number,
  ...names: readonly string[]
): readonly number[] | undefined {
  const value = metaField(meta, ...names);
  if (value === undefined) return undefined;
  const words = value.split(/[\s,]+/);
  const numbers = words.map(numberIn).filter((n) => n !== undefined);
  if (words.length === count && numbers.length === count) return numbers;
  const field = names.find((name) => metaField(meta, name) !== undefined);
  const what = `${field} must be ${count} ${count === 1 ? "number" : "numbers"}, got ${quoted(value)}`;
  return failToRead(meta.name, what, EXPORT_AGAIN);
}

/** A whole number; `absent` where the field is not there. */
export function metaWhole(
  meta: MetaFields,
  field: string,
  { least, most, absent }: { readonly least: number; readonly most: number; readonly absent: number },
): number {
  const [n = absent] = metaNumbers(meta, 1, field) ?? [];
  if (Number.isInteger(n) && n >= least && n <= most) return n;
  const what = `${field} must be a whole number, at least ${least}${most < Number.MAX_SAFE_INTEGER ? ` and at most ${most}` : ""}, got ${n}`;
  return failToRead(meta.name, what, EXPORT_AGAIN);
}

/** MetaIO takes whatever starts with T, t or 1 for true. */
export function metaFlag(meta: MetaFields, absent: boolean, ...names: readonly string[]): boolean {
  const value = metaField(meta, ...names);
  return value === undefined ? absent : /^[Tt1]/.test(value);
}

/** Sizes as MetaIO has them: a "long" is 4 bytes. */
const TYPES: Readonly<Record<string, NiftiDtype>> = {
  MET_CHAR: "int8",
  MET_UCHAR: "uint8",
  MET_SHORT: "int16",
  MET_USHORT: "uint16",
  MET_INT: "int32",
  MET_UINT: "uint32",
  MET_LONG: "int32",
  MET_ULONG: "uint32",
  MET_LONG_LONG: "int64",
  MET_ULONG_LONG: "uint64",
  MET_FLOAT: "float32",
  MET_DOUBLE: "float64",
};

/** @throws HipError "unreadable-image" where ElementType is none of MetaImage's scalars */
export function metaDtype(meta: MetaFields): NiftiDtype {
  const stated = requiredMetaField(meta, "ElementType");
  const dtype = TYPES[stated.toUpperCase()];
  if (dtype !== undefined) return dtype;
  const what = `ElementType must be one of MetaImage's number types, for instance MET_SHORT or MET_FLOAT, got ${quoted(stated)}`;
  return failToRead(meta.name, what, EXPORT_AGAIN);
}
