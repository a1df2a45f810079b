/**
 * Masks of one case as a file for each organ, as TotalSegmentator writes them and its data set has them:
 *
 *     predicted/s0001/urinary_bladder.nii.gz                    s0001: a folder a case
 *     TotalsegmentatorDataset/s0001/segmentations/prostate.nii.gz
 *     predicted/prostate.nii.gz                                 one case
 */
import { mapParallel } from "../core/parallel.ts";
import { type Folder, joinPath } from "./folder.ts";
import { listImages } from "./image-listing.ts";
import { type ImageFile, isLitter, sortNaturally } from "./listing.ts";

/** Folders looked into at once. */
const AT_ONCE = 8;

const INNER = "segmentations";

export interface OrganFile {
  /** The file's name without its ending, e.g. "urinary_bladder". */
  readonly organ: string;
  /** Path within the folder of masks. */
  readonly file: string;
}

export interface OrganCase {
  /** The case folder's name. */
  readonly name: string;
  /** Path within the folder of masks, for messages. */
  readonly path: string;
  readonly organs: readonly OrganFile[];
}

/** "Urinary bladder", "urinary-bladder" and "urinary_bladder" are one name. */
export const organKey = (name: string): string => name.toLowerCase().replace(/[\s_-]+/g, "_");

const toOrgans = (files: readonly ImageFile[], path: string): OrganFile[] =>
  files.map(({ name, fileName }) => ({ organ: name, file: joinPath(path, fileName) }));

/** The organs of the masks in one folder. Twins ("liver.nii" beside "liver.nii.gz") are told as problems. */
async function readOrganCase(
  folder: Folder,
  path: string,
  problems: string[],
): Promise<readonly OrganFile[]> {
  const listing = await listImages(folder, path);
  problems.push(...listing.problems);
  const organs = toOrgans(listing.files, path);
  const byKey = new Map<string, OrganFile>();
  for (const each of organs) {
    const twin = byKey.get(organKey(each.organ));
    if (twin === undefined) byKey.set(organKey(each.organ), each);
    else problems.push(`"${twin.file}" and "${each.file}" are masks of one organ`);
  }
  return [...byKey.values()];
}

/** The masks lying in the folder itself, as one case. */
export async function readOneOrganCase(
  folder: Folder,
  name: string,
  problems: string[],
): Promise<OrganCase | undefined> {
  const organs = await readOrganCase(folder, "", problems);
  return organs.length === 0 ? undefined : { name, path: "", organs };
}

/** A folder for each case; none where the folder has images of its own or its folders hold no images. */
export async function listOrganCases(folder: Folder, problems: string[]): Promise<readonly OrganCase[]> {
  const own = await listImages(folder, "");
  if (own.files.length > 0 || own.problems.length > 0) return [];
  const items = await folder.list("");
  const names = items.filter(({ name, kind }) => kind === "folder" && !isLitter(name));
  const found = await mapParallel(names, AT_ONCE, async ({ name }): Promise<OrganCase | undefined> => {
    const inside = await folder.list(name);
    const hasInner = inside.some((item) => item.kind === "folder" && item.name === INNER);
    const path = hasInner ? joinPath(name, INNER) : name;
    const organs = await readOrganCase(folder, path, problems);
    return organs.length === 0 ? undefined : { name, path, organs };
  });
  return sortNaturally(
    found.filter((each) => each !== undefined),
    ({ name }) => name,
  );
}
