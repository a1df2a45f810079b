/**
 * HipMRI as volumes ("Labelled weekly MR images of the male pelvis", CSIRO, doi 10.25919/45t8-p065): 211 volumes of
 * 38 men, weeks 0 to 7.
 *
 *     csiro           semantic_MRs_anon/Case_004_Week0_LFOV.nii.gz
 *                     semantic_labels_anon/Case_004_Week0_SEMANTIC_LFOV.nii.gz
 *     csiro_cluster   semantic_MRs/K019_Week1_LFOV.nii
 *                     semantic_labels_only/K019_Week1_SEMANTIC.nii.gz
 *
 * Copies differ in letter case, ending and what follows the week: image and mask are the same (case, week).
 */
import { counted } from "../core/text.ts";
import { HIPMRI_LABELS } from "../volume/volume.ts";
import { readDatasetJson } from "./dataset-json.ts";
import { describeData } from "./describe.ts";
import { type Folder, type FolderItem, joinPath } from "./folder.ts";
import { withHipmriSplit } from "./hipmri-split.ts";
import { listImages, warnOfNested, warnOfSiblings, warnOfStrangers } from "./image-listing.ts";
import type { LayoutOptions } from "./layout-options.ts";
import { warnOfLeaks } from "./leaks.ts";
import { type ImageFile, quoteSome } from "./listing.ts";
import { withMappedSplit } from "./mapping-json.ts";
import { keepFaults } from "./pairing.ts";
import type { CaseEntry, DatasetIndex } from "./types.ts";

export type CsiroLayout = "csiro" | "csiro_cluster";

export const CSIRO_FOLDERS: Readonly<
  Record<CsiroLayout, { readonly images: string; readonly masks: string }>
> = {
  csiro: { images: "semantic_MRs_anon", masks: "semantic_labels_anon" },
  csiro_cluster: { images: "semantic_MRs", masks: "semantic_labels_only" },
};

const hintOf = (layout: CsiroLayout, image: string, mask: string): string =>
  `Each "${CSIRO_FOLDERS[layout].images}/${image}" needs "${CSIRO_FOLDERS[layout].masks}/${mask}", one file for each case and week: copy what is missing, or take what is too much away`;

const HINTS: Readonly<Record<CsiroLayout, string>> = {
  csiro: hintOf("csiro", "Case_004_Week0_LFOV.nii.gz", "Case_004_Week0_SEMANTIC_LFOV.nii.gz"),
  csiro_cluster: hintOf("csiro_cluster", "K019_Week1_LFOV.nii.gz", "K019_Week1_SEMANTIC_LFOV.nii.gz"),
};

const WHAT: Readonly<Record<CsiroLayout, string>> = {
  csiro: "HipMRI 3D release (CSIRO)",
  csiro_cluster: "HipMRI volumes, cluster copy",
};

/** Letters and a number, the week, and whatever follows: "Case_004_Week0_LFOV", "K019_Week1". */
const NAME = /^([a-z]+)[_-]?(\d+)[_-]?week[_-]?(\d+)(?:[_\-. ].*)?$/i;

interface Scan {
  readonly file: ImageFile;
  /** "case_004"; "K019". */
  readonly patient: string;
  readonly week: number;
  /** Equal for image and mask, however they write it. */
  readonly key: string;
  /** For sorting. */
  readonly order: readonly [letters: string, number: number, week: number];
}

/** What one pass over the folders gathers. */
interface Findings {
  readonly problems: string[];
  readonly warnings: string[];
  readonly nested: string[];
}

/** Whether a listing has a folder of this layout. */
export function isCsiro(layout: CsiroLayout, items: readonly FolderItem[]): boolean {
  const { images, masks } = CSIRO_FOLDERS[layout];
  return items.some((item) => item.kind === "folder" && (item.name === images || item.name === masks));
}

/**
 * Indexes the volumes, one case per (patient, week), in numeric order; what a conversion of ours wrote has the split
 * of its source, and the full 3D release that of the 2D one.
 * @throws HipError "bad-dataset" listing every image without mask, every mask without image, and twins.
 */
export async function readCsiro(
  folder: Folder,
  options: LayoutOptions & { readonly layout: CsiroLayout },
): Promise<DatasetIndex> {
  const { root, at, layout } = options;
  const findings: Findings = { problems: [], warnings: [], nested: [] };
  const found = await readCases(folder, options, findings);
  const { problems } = findings;
  const message = `Cannot pair the volumes of "${root}": ${counted(problems.length, "problem")}`;
  const kept = keepFaults({ message, hint: HINTS[layout], problems }, options.isPartial);
  const mapped = await withMappedSplit(folder, at, found);
  const isSplit = mapped.cases.some((entry) => entry.split !== undefined);
  const cases = layout === "csiro" && !isSplit ? withHipmriSplit(found) : mapped.cases;
  const json = await readDatasetJson(folder, at);
  const labels = json?.labels ?? HIPMRI_LABELS;
  const { images, masks } = CSIRO_FOLDERS[layout];
  const warnings = [
    ...findings.warnings,
    ...warnOfSiblings(at, await folder.list(at), [images, masks]),
    ...(json?.warnings ?? []),
    ...warnOfNested(findings.nested),
    ...mapped.warnings,
    ...warnOfLeaks(cases),
  ];
  const unit = "volume";
  const description = describeData(WHAT[layout], { cases, labels, unit });
  return { layout, unit, description, root, labels, cases, warnings, ...kept };
}

async function readCases(
  folder: Folder,
  { at, layout }: { readonly at: string; readonly layout: CsiroLayout },
  findings: Findings,
): Promise<CaseEntry[]> {
  const { images, masks } = CSIRO_FOLDERS[layout];
  const items = await folder.list(at);
  const present = new Set(items.filter((item) => item.kind === "folder").map((item) => item.name));
  if (!present.has(images) || !present.has(masks)) {
    const [has, lacks] = present.has(images) ? [images, masks] : [masks, images];
    findings.problems.push(`Folder "${joinPath(at, has)}" lacks its partner "${lacks}"`);
    return [];
  }
  const imageOf = await readScans(folder, joinPath(at, images), findings);
  const maskOf = await readScans(folder, joinPath(at, masks), findings);
  const cases: CaseEntry[] = [];
  for (const [key, { file, patient, week }] of imageOf) {
    const image = joinPath(at, images, file.fileName);
    const mask = maskOf.get(key);
    if (mask === undefined) {
      findings.problems.push(`Image "${image}" lacks its mask of week ${week} in "${joinPath(at, masks)}"`);
      continue;
    }
    const pair = { name: file.name, image, mask: joinPath(at, masks, mask.file.fileName) };
    cases.push({ id: `${patient}_week_${week}`, patient, split: undefined, files: [pair] });
  }
  for (const [key, { file, week }] of maskOf) {
    if (imageOf.has(key)) continue;
    const mask = joinPath(at, masks, file.fileName);
    findings.problems.push(`Mask "${mask}" lacks its image of week ${week} in "${joinPath(at, images)}"`);
  }
  return cases;
}

/** The volumes of one folder by (case, week), in numeric order. */
async function readScans(folder: Folder, path: string, findings: Findings): Promise<Map<string, Scan>> {
  const isSame = (outer: string, inner: string): boolean => keyOf(inner) === keyOf(outer);
  const { files, strangers: others, nested, problems } = await listImages(folder, path, isSame);
  findings.nested.push(...nested);
  findings.problems.push(...problems);
  const strangers = [...others];
  const byKey = new Map<string, Scan[]>();
  for (const file of files) {
    const scan = parseScan(file);
    if (scan === undefined) strangers.push(file.fileName);
    else byKey.set(scan.key, [...(byKey.get(scan.key) ?? []), scan]);
  }
  findings.warnings.push(...warnOfStrangers(path, strangers, "whose name has no case and week"));
  const scans: Scan[] = [];
  for (const twins of byKey.values()) {
    const [first] = twins;
    if (first !== undefined) scans.push(first);
    if (twins.length === 1) continue;
    const names = quoteSome(twins.map(({ file }) => joinPath(path, file.fileName)));
    findings.problems.push(
      `${counted(twins.length, "file")} are ${first?.patient} week ${first?.week}: ${names}`,
    );
  }
  scans.sort(
    ({ order: a }, { order: b }) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0) || a[1] - b[1] || a[2] - b[2],
  );
  return new Map(scans.map((scan) => [scan.key, scan]));
}

function parseScan(file: ImageFile): Scan | undefined {
  const match = NAME.exec(file.name);
  if (match === null) return undefined;
  const [, letters = "", digits = "", weekText = ""] = match;
  const number = String(Number(digits)).padStart(3, "0");
  const week = Number(weekText);
  const order = [letters.toLowerCase(), Number(digits), week] as const;
  return {
    file,
    patient: /^case$/i.test(letters) ? `case_${number}` : `${letters.toUpperCase()}${number}`,
    week,
    key: order.join(" "),
    order,
  };
}

/** What case and week a name speaks of; the name itself where it speaks of none. */
function keyOf(name: string): string {
  return parseScan({ fileName: name, name })?.key ?? name.toLowerCase();
}
