/** What `hipmri score` is given: masks on either side, paired, and what their numbers or names mean. */
import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { HipError } from "../../core/errors.ts";
import { type DatasetJson, readDatasetJson } from "../../dataset/dataset-json.ts";
import {
  type LabelMap,
  mapByName,
  parseLabelList,
  parseLabelMap,
  parseOrganMap,
} from "../../dataset/label-map.ts";
import { quoteSome } from "../../dataset/listing.ts";
import { readMaskIds } from "../../dataset/mask-file.ts";
import { type MaskFolder, type PairedMasks, pairMasks, readOrganFolder } from "../../dataset/mask-pairs.ts";
import { organKey } from "../../dataset/organ-files.ts";
import { type OrganMap, organsByName } from "../../dataset/organ-masks.ts";
import { organNames } from "../../dataset/organ-notes.ts";
import { patientOf } from "../../dataset/patient.ts";
import { imageStem } from "../../formats/image-file.ts";
import { closestWord } from "../../train/suggest.ts";
import type { LabelDefinition } from "../../volume/volume.ts";
import { openFolder } from "../folder.ts";
import { inflateGzip } from "../inflate.ts";

export interface ScoreInputs {
  /** Folders of masks, or two mask files. */
  readonly prediction: string;
  readonly truth: string;
  /** `1=bladder,2=prostate`; by default those of a dataset.json, else the numbers found in the truth. */
  readonly labels?: string | undefined;
  /** `21=bladder,22=prostate`: the prediction's numbers, or the names of its files for each organ, where they are not the truth's. */
  readonly map?: string | undefined;
  /** Both folders hold one case, with a file for each organ. */
  readonly perOrgan?: boolean | undefined;
}

export interface Masks extends PairedMasks {
  readonly prediction: MaskFolder;
  readonly truth: MaskFolder;
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined) return found.isDirectory();
  throw new HipError("not-found", `Cannot find masks "${path}"`, { hint: "Check the path" });
}

const asFolder = (path: string): MaskFolder => ({ folder: openFolder(path), path });

/** One case of whose masks at least one side is a folder with a file for each organ. */
async function openOrgans({ prediction, truth }: ScoreInputs, isTruthFolder: boolean): Promise<Masks> {
  const id = isTruthFolder ? basename(resolve(truth)) : (imageStem(basename(truth)) ?? basename(truth));
  const sides = {
    prediction: asFolder(prediction),
    truth: asFolder(isTruthFolder ? truth : dirname(truth)),
  };
  const files = {
    truth: isTruthFolder ? await readOrganFolder(sides.truth, id) : basename(truth),
    prediction: await readOrganFolder(sides.prediction, id),
  };
  const cases = [{ id, patient: patientOf(id), files: [files], sliceNumbers: undefined }];
  return { ...sides, cases, warnings: [] };
}

/** @throws HipError "not-found", "usage", "bad-dataset" */
export async function openMasks(options: ScoreInputs): Promise<Masks> {
  const { prediction, truth, perOrgan = false } = options;
  const [ofPrediction, ofTruth] = [await isFolder(prediction), await isFolder(truth)];
  if (ofPrediction && (perOrgan || !ofTruth)) return openOrgans(options, ofTruth);
  if (ofPrediction !== ofTruth || perOrgan) {
    const [one, other] = [ofPrediction, ofTruth].map((isOne) => (isOne ? "a folder" : "a file"));
    throw new HipError(
      "usage",
      `Cannot score ${one} against ${other}${perOrgan ? " organ by organ" : ""}: "${prediction}", "${truth}"`,
      {
        hint: "Give two folders of masks, two mask files, or a folder with a file for each organ and the true mask",
      },
    );
  }
  if (ofTruth) {
    const sides = { prediction: asFolder(prediction), truth: asFolder(truth) };
    return { ...sides, ...(await pairMasks(sides.prediction, sides.truth)) };
  }
  const id = imageStem(basename(truth)) ?? basename(truth);
  const files = [{ truth: basename(truth), prediction: basename(prediction) }];
  return {
    prediction: asFolder(dirname(prediction)),
    truth: asFolder(dirname(truth)),
    cases: [{ id, patient: patientOf(id), files, sliceNumbers: undefined }],
    warnings: [],
  };
}

/** The dataset.json beside masks, or in the folder above them, as MSD and nnU-Net have it. */
async function findJson({ folder, path }: MaskFolder): Promise<DatasetJson | undefined> {
  return (await readDatasetJson(folder, "")) ?? (await readDatasetJson(openFolder(join(path, "..")), ""));
}

/** The numbers in the true masks, which have no other name; or the names of their files for each organ. */
async function findNumbers({ cases, truth }: Masks): Promise<readonly LabelDefinition[]> {
  const names = organNames(cases);
  if (names.length > 0)
    return [
      { id: 0, name: "background" },
      ...names.map((name, i) => ({ id: i + 1, name: name.toLowerCase() })),
    ];
  const seen = new Uint8Array(256);
  for (const file of cases.flatMap(({ files }) => files)) {
    if (typeof file.truth !== "string") continue;
    const { ids } = await readMaskIds(truth, file.truth, inflateGzip);
    for (let i = 0; i < ids.length; i++) seen[ids[i]!] = 1;
  }
  const ids = [...seen.keys()].filter((id) => id > 0 && seen[id] === 1);
  if (ids.length > 0)
    return [{ id: 0, name: "background" }, ...ids.map((id) => ({ id, name: `label ${id}` }))];
  throw new HipError("bad-dataset", `Cannot score against "${truth.path}": its masks are all background`, {
    hint: "Give the true masks; or name the labels with --labels, to count false alarms",
  });
}

export interface Labelling {
  readonly labels: readonly LabelDefinition[];
  readonly map: LabelMap;
  readonly organMap: OrganMap;
  readonly labelsFrom: string;
}

/** @throws HipError "usage" where a pair names a file that no case has: a slip of the pen would be scored as nothing found */
function checkOrganMap(map: string | undefined, { cases }: Masks): void {
  const found = new Set(
    cases.flatMap(({ files }) =>
      files.flatMap(({ prediction }) =>
        typeof prediction === "object" ? prediction.organs.map(({ organ }) => organKey(organ)) : [],
      ),
    ),
  );
  const named = (map ?? "").split(",").map((pair) => pair.split("=")[0]!.trim());
  const wrong = named.find((name) => name !== "" && !found.has(organKey(name)));
  if (wrong === undefined) return;
  const near = closestWord(organKey(wrong), [...found]);
  throw new HipError("usage", `--map must name files of the predictions, got "${wrong}"`, {
    hint: near === undefined ? `They are named ${quoteSome([...found])}` : `Did you mean "${near}"?`,
  });
}

/** Whether predictions are a file for each organ: then names, and no numbers, say what is what. */
export const isPerOrgan = ({ cases }: Masks): boolean =>
  cases.some(({ files }) => files.some(({ prediction }) => typeof prediction === "object"));

/** @throws HipError "usage", "bad-dataset" */
export async function findLabelling(options: ScoreInputs, masks: Masks): Promise<Labelling> {
  const ofTruth = await findJson(masks.truth);
  const ofPrediction = await findJson(masks.prediction);
  const json = ofTruth?.labels ?? ofPrediction?.labels;
  const isFromJson = options.labels === undefined && json !== undefined;
  const labels = isFromJson
    ? json
    : options.labels === undefined
      ? await findNumbers(masks)
      : parseLabelList(options.labels);
  const found =
    organNames(masks.cases).length > 0 ? "the names of the true masks" : "the numbers in the true masks";
  if (
    options.labels === undefined &&
    !isFromJson &&
    organNames(masks.cases).length > 0 &&
    !isPerOrgan(masks)
  ) {
    throw new HipError(
      "usage",
      "Cannot score label numbers against true masks in a file for each organ: nothing says which number is which organ",
      {
        hint: `Say it, e.g. --labels ${organNames(masks.cases)
          .slice(0, 3)
          .map((name, i) => `${i + 1}=${name}`)
          .join(",")}`,
      },
    );
  }
  const labelsFrom = options.labels !== undefined ? "--labels" : isFromJson ? "dataset.json" : found;
  if (isPerOrgan(masks)) {
    checkOrganMap(options.map, masks);
    return { labels, map: new Map(), organMap: parseOrganMap(options.map, labels), labelsFrom };
  }
  const byName =
    options.map === undefined && ofPrediction?.labels !== undefined
      ? mapByName(ofPrediction.labels, labels)
      : undefined;
  const map = byName ?? parseLabelMap(options.map, labels);
  return { labels, map, organMap: organsByName(labels), labelsFrom };
}
