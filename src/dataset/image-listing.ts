/** The images of one folder of a data set, wherever an unzip program put them. */
import { mapParallel } from "../core/parallel.ts";
import { counted } from "../core/text.ts";
import { imageStem } from "../formats/image-file.ts";
import { type Folder, type FolderItem, joinPath } from "./folder.ts";
import { type ImageFile, isLitter, quoteSome, sortListing, sortNaturally } from "./listing.ts";

/** Folders looked into at once. */
const AT_ONCE = 16;

/** What a folder of images holds. */
export interface ImageListing {
  readonly files: readonly ImageFile[];
  readonly strangers: readonly string[];
  /** Paths of folders named as an image with that image inside. */
  readonly nested: readonly string[];
  /** What is wrong with such folders. */
  readonly problems: readonly string[];
}

/**
 * The images of a folder. Some programs unzip "X.nii.gz" to a folder of that name with the file inside: it is looked
 * for one level down, and must be the only image there.
 * @param isSame whether folder and file mean the same image, by their names without endings; default: equal names.
 */
export async function listImages(
  folder: Folder,
  path: string,
  isSame: (outer: string, inner: string) => boolean = (outer, inner) =>
    outer.toLowerCase() === inner.toLowerCase(),
): Promise<ImageListing> {
  const items = await folder.list(path);
  const { files, strangers } = sortListing(items);
  const suspects = strangers.filter((name) => name.endsWith("/") && imageStem(name.slice(0, -1)));
  const problems: string[] = [];
  const nested: string[] = [];
  const found = await mapParallel(suspects, AT_ONCE, async (suspect): Promise<ImageFile | undefined> => {
    const at = joinPath(path, suspect.slice(0, -1));
    const outer = imageStem(suspect.slice(0, -1)) ?? suspect;
    const inside = sortListing(await folder.list(at)).files;
    const [file] = inside;
    if (file === undefined || inside.length > 1 || !isSame(outer, file.name)) {
      const what = file === undefined ? "no image" : quoteSome(inside.map((each) => each.fileName));
      problems.push(`Folder "${at}/" must hold one image of its own name, found ${what}`);
      return undefined;
    }
    nested.push(`${at}/`);
    return { fileName: `${suspect}${file.fileName}`, name: outer };
  });
  return {
    files: sortNaturally([...files, ...found.filter((file) => file !== undefined)], (file) => file.fileName),
    strangers: strangers.filter((name) => !suspects.includes(name)),
    nested: sortNaturally(nested),
    problems: sortNaturally(problems),
  };
}

/** One line for all images that lie in folders of their own names. */
export function warnOfNested(nested: readonly string[]): string[] {
  if (nested.length === 0) return [];
  const which =
    nested.length === 1
      ? `1 image lies in a folder of its own name (${quoteSome(nested)})`
      : `${nested.length} images lie in folders of their own names (${quoteSome(nested)})`;
  return [`${which}, as some programs unzip them: read from there`];
}

/** One line for what a folder holds beside its images. */
export function warnOfStrangers(path: string, strangers: readonly string[], what: string): string[] {
  if (strangers.length === 0) return [];
  return [
    `"${path}" holds ${counted(strangers.length, "item")} ${what}, left out: ${quoteSome(sortNaturally(strangers))}`,
  ];
}

/**
 * One line for the folders and images that lie beside the folders of a layout: parts of a data set must not be
 * dropped without a word.
 * @param used the names of the layout's folders, and of those that it leaves aside by design
 */
export function warnOfSiblings(at: string, items: readonly FolderItem[], used: readonly string[]): string[] {
  const left = items.filter(({ name, kind }) => {
    if (isLitter(name) || used.includes(name)) return false;
    return kind === "folder" || imageStem(name) !== undefined;
  });
  if (left.length === 0) return [];
  const names = sortNaturally(
    left.map(({ name, kind }) => joinPath(at, kind === "folder" ? `${name}/` : name)),
  );
  const [first = ""] = used;
  return [`${counted(left.length, "item")} beside "${joinPath(at, first)}" left out: ${quoteSome(names)}`];
}

/** What two images of one name are told by. */
const TWINS = "have the same name";

/** The hint of a reader, or, where all that is wrong are two files of one name, one that fits. */
export function hintOfPairing(problems: readonly string[], hint: string): string {
  return problems.every((problem) => problem.endsWith(TWINS))
    ? "Keep one of the two files, or give the other another name"
    : hint;
}

/** Images by name; twins become problems. */
export function imagesByName(
  files: readonly ImageFile[],
  path: string,
  problems: string[],
): Map<string, ImageFile> {
  const byName = new Map<string, ImageFile>();
  for (const file of files) {
    const twin = byName.get(file.name);
    if (twin === undefined) byName.set(file.name, file);
    else problems.push(`"${joinPath(path, twin.fileName)}" and "${joinPath(path, file.fileName)}" ${TWINS}`);
  }
  return byName;
}

/** What stands behind the name: ".nii.gz". */
export function endingOf({ fileName, name }: ImageFile): string {
  const at = fileName.lastIndexOf(name);
  return at < 0 ? ".nii.gz" : fileName.slice(at + name.length);
}
