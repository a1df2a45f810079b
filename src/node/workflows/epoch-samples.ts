/** RUN/samples: after each validation the same few slices with truth and prediction, so that learning can be watched. */
import type { CaseEntry, DecodedCase } from "../../dataset/types.ts";
import { contactSheet, type SheetRow } from "../../plot/contact-sheet.ts";
import { rasterToPng } from "../../plot/png.ts";
import { rowOfSlice, tellingSlice } from "../../report/sheet-rows.ts";
import type { LabelDefinition } from "../../volume/volume.ts";

const MOST_CASES = 3;
/** Of all cases of a sheet, so that large slices do not make it slow; one case is always shown. */
const MOST_PIXELS = 2 * 256 * 256;
const PANEL_PX = 320;
/** Of the time since the last sheet, at most this share goes into the next one. */
const MOST_SHARE = 0.01;

/** The first case of each of the first patients; further ones of theirs where there are too few patients. */
export function chooseSampleCases(cases: readonly CaseEntry[], most = MOST_CASES): readonly CaseEntry[] {
  const seen = new Set<string>();
  const firsts = cases.filter(({ patient }) => !seen.has(patient) && seen.add(patient));
  const others = cases.filter((entry) => !firsts.includes(entry));
  return [...firsts, ...others].slice(0, most);
}

function withinPixels(rows: readonly SheetRow[]): readonly SheetRow[] {
  let left = MOST_PIXELS;
  return rows.filter(({ width, height }, i) => {
    left -= width * height;
    return i === 0 || left >= 0;
  });
}

export interface EpochSamples {
  /** Is shown every case that was validated; keeps what it needs of those that were chosen. */
  add(decoded: DecodedCase, prediction: Uint8Array): void;
  /**
   * The sheet of the cases since the last call; undefined where none was chosen, or where sheets would take more than
   * a hundredth of the time.
   * @param isNeeded draws it whatever it takes: of the last epoch
   */
  draw(isNeeded: boolean): Uint8Array | undefined;
}

export function makeEpochSamples(options: {
  /** Of the validation split. */
  readonly cases: readonly CaseEntry[];
  readonly labels: readonly LabelDefinition[];
  readonly isSynthetic: boolean;
  /** Milliseconds. */
  readonly now: () => number;
}): EpochSamples {
  const { now } = options;
  const chosen = chooseSampleCases(options.cases);
  const slices = new Map<string, number>();
  let rows = new Map<string, SheetRow>();
  let last = { at: Number.NEGATIVE_INFINITY, tookMs: 0 };
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
    draw(isNeeded) {
      const drawn = withinPixels(chosen.flatMap(({ id }) => rows.get(id) ?? []));
      rows = new Map();
      const at = now();
      const isCheap = last.tookMs <= MOST_SHARE * (at - last.at);
      if (drawn.length === 0 || !(isNeeded || isCheap)) return undefined;
      const sheet = contactSheet(drawn, {
        labels: options.labels.filter(({ id }) => id !== 0),
        columns: ["image", "contours", "prediction"],
        panelWidthPx: PANEL_PX,
      });
      const png = rasterToPng(sheet);
      last = { at, tookMs: now() - at };
      return png;
    },
  };
}
