/** What segments are called and how they look: codes of PS3.16 CID 7150 and 7151, colours in CIELab. */
import { digest } from "./uid.ts";
import type { Attributes } from "./write.ts";

export interface Code {
  readonly value: string;
  readonly scheme: "SCT" | "DCM" | "99HIPMRI";
  readonly meaning: string;
}

export const ANATOMICAL_STRUCTURE: Code = {
  value: "91723000",
  scheme: "SCT",
  meaning: "Anatomical Structure",
};
export const ARTIFICIAL_INTELLIGENCE: Code = {
  value: "123109",
  scheme: "DCM",
  meaning: "Artificial Intelligence",
};
export const SEGMENTATION: Code = { value: "113076", scheme: "DCM", meaning: "Segmentation" };
export const SOURCE_IMAGE: Code = {
  value: "121322",
  scheme: "DCM",
  meaning: "Source image for image processing operation",
};

type Rgb = readonly [red: number, green: number, blue: number];

/** HipMRI's labels. */
const KNOWN: Readonly<Record<string, { readonly code: Code; readonly colour: Rgb }>> = {
  body: { code: { value: "38266002", scheme: "SCT", meaning: "Entire body" }, colour: [141, 160, 179] },
  bone: { code: { value: "272673000", scheme: "SCT", meaning: "Bone" }, colour: [232, 200, 30] },
  bladder: { code: { value: "89837001", scheme: "SCT", meaning: "Bladder" }, colour: [86, 180, 233] },
  rectum: { code: { value: "34402009", scheme: "SCT", meaning: "Rectum" }, colour: [213, 94, 0] },
  prostate: { code: { value: "41216001", scheme: "SCT", meaning: "Prostate" }, colour: [0, 138, 96] },
};

const OTHER_COLOURS: readonly Rgb[] = [
  [204, 121, 167],
  [0, 114, 178],
  [240, 228, 66],
  [148, 103, 189],
  [140, 86, 75],
  [127, 201, 127],
];

/** Declared in the object where it is used. */
export const PRIVATE_SCHEME: Attributes = {
  CodingSchemeDesignator: "99HIPMRI",
  CodingSchemeName: "Labels of models of hipmri-unet",
  CodingSchemeResponsibleOrganization: "hipmri-unet",
};

/** A code of our own for a label that no dictionary here knows: its name, or a hash of one of over 16 characters. */
function privateCode(name: string): Code {
  const hash = [...digest([name]).subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const value = /^[^\\\P{ASCII}\p{C}]{1,16}$/u.test(name) ? name : `L-${hash}`;
  return { value, scheme: "99HIPMRI", meaning: name };
}

export function codeOfLabel(name: string): Code {
  return KNOWN[name.toLowerCase()]?.code ?? privateCode(name);
}

export function codeItem({ value, scheme, meaning }: Code): Attributes {
  return { CodeValue: value, CodingSchemeDesignator: scheme, CodeMeaning: meaning };
}

/** sRGB to XYZ under D50, the white of DICOM's CIELab: linear values times this (Bradford-adapted), over the white. */
const TO_XYZ: readonly (readonly [number, number, number])[] = [
  [0.4360747 / 0.96422, 0.3850649 / 0.96422, 0.1430804 / 0.96422],
  [0.2225045, 0.7168786, 0.0606169],
  [0.0139322 / 0.82521, 0.0971045 / 0.82521, 0.7141733 / 0.82521],
];

/** The colour in CIELab, each of L*, a* and b* scaled to 16 bits (PS3.3 section C.10.7.1.1). */
export function cielabOf(rgb: Rgb): readonly [number, number, number] {
  const linear = rgb.map((each) => {
    const c = each / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  const [fx, fy, fz] = TO_XYZ.map((row) => {
    const t = row.reduce((sum, weight, i) => sum + weight * linear[i]!, 0);
    return t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29;
  }) as [number, number, number];
  const scaled = (value: number, low: number, span: number): number =>
    Math.min(65535, Math.max(0, Math.round(((value - low) / span) * 65535)));
  return [
    scaled(116 * fy - 16, 0, 100),
    scaled(500 * (fx - fy), -128, 255),
    scaled(200 * (fy - fz), -128, 255),
  ];
}

export function colourOfLabel(id: number, name: string): readonly [number, number, number] {
  const other =
    OTHER_COLOURS[(((id - 1) % OTHER_COLOURS.length) + OTHER_COLOURS.length) % OTHER_COLOURS.length]!;
  return cielabOf(KNOWN[name.toLowerCase()]?.colour ?? other);
}
