/** RUN/samples: after each validation the same few slices with truth and prediction, so that learning can be watched. */
import type { CaseEntry, DecodedCase } from "../../dataset/types.ts";
import { contactSheet, type SheetRow } from "../../plot/contact-sheet.ts";
import { rasterToPng } from "../../plot/png.ts";
import { rowOfSlice, tellingSlice } from "../../report/sheet-rows.ts";
import type { LabelDefinition } from "../../volume/volume.ts";

/** Bound what a sheet costs: some ten milliseconds at HipMRI's size, beside validations of seconds. */
const MOST_CASES = 3;
const PANEL_PX = 320;

/** The first case of each of the first patients; further ones of theirs where there are too few patients. */
export function chooseSampleCases(cases: readonly CaseEntry[], most = MOST_CASES): readonly CaseEntry[] {
  const seen = new Set<string>();
  const firsts = cases.filter(({ patient }) => !seen.has(patient) && seen.add(patient));
  const others = cases.filter((entry) => !firsts.includes(entry));
  return [...firsts, ...others].slice(0, most);
}

export interface EpochSamples {
  /** Is shown every case that was validated; keeps what it needs of those that were chosen. */
  add(decoded: DecodedCase, prediction: Uint8Array): void;
  /** The sheet of the cases since the last one; undefined where none was chosen. */
  draw(): Uint8Array | undefined;
}

export function makeEpochSamples(options: {
  /** Of the validation split. */
  readonly cases: readonly CaseEntry[];
  readonly labels: readonly LabelDefinition[];
  readonly isSynthetic: boolean;
}): EpochSamples {
  const chosen = chooseSampleCases(options.cases);
  const slices = new Map<string, number>();
  let rows = new Map<string, SheetRow>();
  const stamp = options.isSynthetic ? " (SYNTHETIC data)" : "";
  return {
    add(decoded, prediction) {
      const { id } = decoded.entry;
      if (!chosen.some((entry) => entry.id === id)) return;
      // By the truth alone, so that it is the same slice in every epoch.
      const slice = slices.get(id) ?? tellingSlice(decoded.mask, decoded.width * decoded.height);
      slices.set(id, slice);
      const { name, row } = rowOfSlice(decoded, prediction, slice);
      rows.set(id, { ...row, title: `${name}${stamp}` });
    },
    draw() {
      const drawn = chosen.flatMap(({ id }) => rows.get(id) ?? []);
      rows = new Map();
      if (drawn.length === 0) return undefined;
      return rasterToPng(
        contactSheet(drawn, {
          labels: options.labels.filter(({ id }) => id !== 0),
          columns: ["image", "contours", "prediction"],
          panelWidthPx: PANEL_PX,
        }),
      );
    },
  };
}
