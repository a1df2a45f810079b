/** `hipmri convert`: a data set of one layout written anew in another, one case at a time. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { HipError } from "../../core/errors.ts";
import { hintOfAll, problemsOf } from "../../core/joined-errors.ts";
import { counted } from "../../core/text.ts";
import { foldersOf } from "../../dataset/convert-names.ts";
import {
  type Conversion,
  type ConversionPlan,
  type PlannedCase,
  planConversion,
} from "../../dataset/convert-plan.ts";
import { readWholeCase, type WholeCase } from "../../dataset/convert-read.ts";
import { caseFiles, describingFiles, type SliceRange, sliceRangeOf } from "../../dataset/convert-write.ts";
import { type DatasetJson, readDatasetJson } from "../../dataset/dataset-json.ts";
import type { Folder } from "../../dataset/folder.ts";
import { readDataset } from "../../dataset/layouts.ts";
import { datasetError, quoteSome, sortNaturally } from "../../dataset/listing.ts";
import { patientsOf } from "../../dataset/split.ts";
import { readSyntheticReadme, topOf } from "../../dataset/synthetic.ts";
import type { DatasetIndex, LayoutName, Split } from "../../dataset/types.ts";
import { openFolder } from "../folder.ts";
import { inflateGzip } from "../inflate.ts";
import { checkNewFolder, type NewFolderOptions, writeNewFolder } from "../new-folder.ts";
import { whyNotConversion, writeFiles } from "./converted-files.ts";

export interface ConvertOptions {
  readonly data: string;
  readonly out: string;
  /** Default: keras_slices of volumes, volumes of slices. */
  readonly to?: Conversion | undefined;
  /** How the data is laid out; by default that is found. */
  readonly layout?: LayoutName | undefined;
  /** Which slices keras_slices gets; default all. */
  readonly slices?: SliceRange | undefined;
  /** Of the split, where it must be drawn. Default 0. */
  readonly seed?: number | undefined;
  /** Replace a conversion that is there already. */
  readonly overwrite?: boolean | undefined;
  /** Called with what was found, before the first case is read. */
  readonly onStart?: (description: string) => void;
  readonly onProgress?: (done: number, total: number) => void;
  /** Aborted: what was written is removed and the promise rejects. */
  readonly signal?: AbortSignal | undefined;
}

export interface ConvertedData {
  readonly path: string;
  readonly from: LayoutName;
  readonly to: Conversion;
  readonly description: string;
  readonly volumes: number;
  readonly patients: number;
  /** Of keras_slices; else 0. */
  readonly slices: number;
  readonly files: number;
  /** Patients by split, and where the split comes from; undefined where none is written. */
  readonly splits: (Readonly<Record<Split, number>> & { readonly reason: string }) | undefined;
  /** Whether cases were renamed: mapping.json says how. */
  readonly isRenamed: boolean;
  readonly warnings: readonly string[];
}

interface Work {
  readonly index: DatasetIndex;
  readonly plan: ConversionPlan;
  readonly options: ConvertOptions;
}

/**
 * Reads and writes case by case. After the first bad case nothing more is written, but the rest is still looked at,
 * so that all problems are told together.
 */
async function convertCases(
  folder: string,
  { index, plan, options }: Work,
): Promise<{
  files: number;
  slicesOf: ReadonlyMap<PlannedCase, SliceRange>;
  warnings: readonly string[];
}> {
  const { signal, onProgress, slices } = options;
  const context = {
    folder: openFolder(options.data),
    inflate: inflateGzip,
    labels: index.labels,
    layout: index.layout,
  };
  const errors: HipError[] = [];
  const metIn = new Map<string, string[]>();
  const slicesOf = new Map<PlannedCase, SliceRange>();
  let files = 0;
  for (const [done, planned] of plan.cases.entries()) {
    signal?.throwIfAborted();
    onProgress?.(done, plan.cases.length);
    try {
      const whole: WholeCase = await readWholeCase(planned.entry, context);
      for (const note of whole.warnings) {
        metIn.set(note, [...(metIn.get(note) ?? []), planned.entry.id]);
      }
      if (plan.to === "keras_slices") slicesOf.set(planned, sliceRangeOf(whole, slices));
      const made = caseFiles(planned, whole, { to: plan.to, slices });
      if (errors.length === 0) files += await writeFiles(folder, made, signal);
    } catch (error) {
      if (!(error instanceof HipError) || error.code === "disk" || error.code === "usage") throw error;
      errors.push(error);
    }
  }
  onProgress?.(plan.cases.length, plan.cases.length);
  throwAll(errors, index);
  const warnings = [...metIn].map(([note, ids]) =>
    ids.length === 1 ? `"${ids[0]}": ${note}` : `${ids.length} cases (${quoteSome(ids)}): ${note}`,
  );
  return { files, slicesOf, warnings };
}

function throwAll(errors: readonly HipError[], index: DatasetIndex): void {
  const [first] = errors;
  if (first === undefined) return;
  if (errors.length === 1) throw first;
  throw datasetError(
    `Cannot convert "${index.root}": ${errors.length} of ${counted(index.cases.length, "case")} have problems`,
    hintOfAll(errors) ?? "Repair these cases, or take them away",
    sortNaturally(errors.flatMap(problemsOf)),
  );
}

/** nnU-Net wants labels without a gap. */
function warnOfLabels({ index, plan }: Pick<Work, "index" | "plan">): string[] {
  const isEven = index.labels.every(({ id }, i) => id === i);
  return plan.to !== "nnunet" || isEven
    ? []
    : [
        `nnU-Net wants labels 0, 1, 2 … without a gap, the data has ${index.labels.map(({ id }) => id).join(", ")}: kept as they are`,
      ];
}

function countPatients(plan: ConversionPlan): ConvertedData["splits"] {
  if (plan.splitReason === undefined) return undefined;
  const count = (split: Split): number =>
    patientsOf(plan.cases.filter((each) => each.split === split).map(({ entry }) => entry)).length;
  return {
    train: count("train"),
    validate: count("validate"),
    test: count("test"),
    reason: plan.splitReason,
  };
}

/** The dataset.json beside the source's folders; undefined of one that the layout did not read, and that is bad. */
async function sourceJson(source: Folder, index: DatasetIndex): Promise<DatasetJson | undefined> {
  try {
    return (await readDatasetJson(source, topOf(index))) ?? (await readDatasetJson(source, ""));
  } catch (error) {
    if (error instanceof HipError) return undefined;
    throw error;
  }
}

/**
 * Converts a data set. The new folder appears when it is complete.
 * @throws HipError "usage": a folder that must not be replaced, slices of what has none; "bad-dataset", "bad-image",
 *   "bad-mask": all problems of all cases at once; "disk"
 */
export async function convertData(options: ConvertOptions): Promise<ConvertedData> {
  const { data, out, layout, slices, seed = 0, signal } = options;
  const target: NewFolderOptions = {
    out,
    overwrite: options.overwrite ?? false,
    what: "conversion",
    whyNotOurs: whyNotConversion,
    sources: [data],
    signal,
  };
  // Before the data is read, which may take minutes.
  await checkNewFolder(target);
  const source = openFolder(data);
  const index = await readDataset(source, data, inflateGzip, undefined, { layout });
  const to = options.to ?? (index.unit === "slice" ? "volumes" : "keras_slices");
  if (slices !== undefined && to !== "keras_slices") {
    throw new HipError("usage", `--slices is for --to keras_slices, and this is --to ${to}`, {
      hint: "Leave --slices out",
    });
  }
  const plan = planConversion(index, { to, seed });
  options.onStart?.(index.description);
  const written = await writeNewFolder(target, async (folder) => {
    for (const name of foldersOf(plan)) await mkdir(join(folder, name));
    const cases = await convertCases(folder, { index, plan, options });
    const readme = await readSyntheticReadme(source, ["", topOf(index)]);
    const about = { readme, source: await sourceJson(source, index), slicesOf: cases.slicesOf };
    const described = await writeFiles(folder, describingFiles(index, plan, about), signal);
    return { ...cases, described };
  });
  return {
    path: out,
    from: index.layout,
    to,
    description: index.description,
    volumes: plan.cases.length,
    patients: patientsOf(index.cases).length,
    slices: to === "keras_slices" ? written.files / 2 : 0,
    files: written.files + written.described,
    splits: countPatients(plan),
    isRenamed: plan.isRenamed,
    warnings: [...index.warnings, ...plan.warnings, ...warnOfLabels({ index, plan }), ...written.warnings],
  };
}
