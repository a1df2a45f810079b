/** Small data sets in memory, sound unless a test spoils them, and the doctor on them. */
import { checkDataset, type DoctorOptions } from "../../../src/dataset/doctor/check.ts";
import type { DoctorFinding, DoctorReport, FindingCode } from "../../../src/dataset/doctor/types.ts";
import {
  addSlice,
  type Files,
  memoryFolder,
  type NiftiOptions,
  niftiBytes,
  noInflate,
} from "../../support/data-folder.ts";

const SHAPE = [6, 5, 4];
export const JSON_LABELS = { background: 0, gland: 1, cyst: 2 };

/** Every case has other values; label 1 in the middle slices, label 2 in one of them. */
const intensityOf = (seed: number) => (i: number) => ((i * 37 + seed * 11) % 101) + (i % 7) * seed;
const labelOf = (seed: number) => (i: number) => {
  const slice = Math.floor(i / 30);
  if (slice === 0 || slice === 3) return 0;
  return i % 30 === 7 + (seed % 15) ? 2 : Number(i % 30 > 11 && i % 6 < 4);
};

export interface VolumeFault {
  readonly image?: Partial<NiftiOptions>;
  readonly mask?: Partial<NiftiOptions>;
}

export const imagePath = (n: number): string => `imagesTr/p${String(n).padStart(2, "0")}.nii`;
export const maskPath = (n: number): string => `labelsTr/p${String(n).padStart(2, "0")}.nii`;

/** Adds or replaces the volume of one patient. */
export function addVolume(files: Files, n: number, fault: VolumeFault = {}): void {
  files[imagePath(n)] = niftiBytes({ shape: SHAPE, value: intensityOf(n), ...fault.image });
  files[maskPath(n)] = niftiBytes({ shape: SHAPE, dtype: "uint8", value: labelOf(n), ...fault.mask });
}

/** Twelve patients in the layout of the Medical Segmentation Decathlon. */
export function soundVolumes(): Files {
  const files: Files = { "dataset.json": new TextEncoder().encode(JSON.stringify({ labels: JSON_LABELS })) };
  for (let n = 1; n <= 12; n++) addVolume(files, n);
  return files;
}

/** Two patients a split in HipMRI's 2D layout, four slices each, with all five labels. */
export function soundSlices(): Files {
  const files: Files = {};
  const splits = { train: ["001", "002"], validate: ["003", "004"], test: ["005", "006"] } as const;
  for (const [split, patients] of Object.entries(splits)) {
    for (const patient of patients) {
      for (let slice = 0; slice < 4; slice++) addSoundSlice(files, split as "train", patient, slice);
    }
  }
  return files;
}

export function addSoundSlice(
  files: Files,
  split: "train" | "validate" | "test",
  patient: string,
  slice: number,
  fault: VolumeFault & { readonly week?: number } = {},
): void {
  const seed = Number(patient) * 10 + slice;
  addSlice(files, {
    split,
    case: patient,
    week: fault.week ?? 0,
    slice,
    image: { originMm: [0, 0, slice * 2], value: intensityOf(seed), ...fault.image },
    mask: {
      originMm: [0, 0, slice * 2],
      value: (i) => (i < 6 ? i : ((i * i + (i + 7) * seed) % 11) % 6),
      ...fault.mask,
    },
  });
}

export function check(files: Files, options: Partial<DoctorOptions> = {}): Promise<DoctorReport> {
  return checkDataset({ folder: memoryFolder(files), inflate: noInflate, root: "data", ...options });
}

/** The one finding of a code. */
export function findingOf(report: DoctorReport, code: FindingCode): DoctorFinding {
  const found = report.findings.filter((finding) => finding.code === code);
  if (found.length === 1) return found[0]!;
  const codes = report.findings.map((finding) => finding.code).join(", ") || "none";
  throw new Error(`Expected one finding "${code}", got ${found.length}; findings: ${codes}`);
}

export const codesOf = (report: DoctorReport): string[] => report.findings.map(({ code }) => code);
