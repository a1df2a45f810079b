/** Which files belong together, by nibabel's rules: the name decides what a file is, not the magic in it. */

/** What a NIfTI file holds: both, the header of a pair, or the voxels of a pair. */
export type FileRole = "single" | "header" | "voxels";

const ENDING = /\.(nii|hdr|img)(\.gz)?$/i;
const ROLES: Readonly<Record<string, FileRole>> = { nii: "single", hdr: "header", img: "voxels" };

/** undefined where the name says nothing. */
export function roleOfName(name: string): FileRole | undefined {
  return ROLES[ENDING.exec(name)?.[1]?.toLowerCase() ?? ""];
}

export function endsInGz(name: string): boolean {
  return /\.gz$/i.test(name);
}

/** The last part of a path, and what stands before it. */
function splitPath(path: string): readonly [folder: string, file: string] {
  const at = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
  return [path.slice(0, at), path.slice(at)];
}

export interface PartnerNames {
  /** The folder as `path` has it, for messages. */
  readonly folder: string;
  /** Bare file names to try in turn. */
  readonly files: readonly string[];
}

/**
 * Where the other half of a pair may be: of x.hdr x.img, then x.img.gz; of x.HDR.gz X.IMG.gz, then X.IMG.
 * nibabel knows the first of each only. An ending in capitals has a partner in capitals.
 */
export function partnersOf(path: string): PartnerNames {
  const [folder, file] = splitPath(path);
  const [whole, ending = "hdr", gz = ""] = ENDING.exec(file) ?? [""];
  const capitals = ending === ending.toUpperCase();
  const other = ending.toLowerCase() === "hdr" ? ".img" : ".hdr";
  const stem = `${file.slice(0, file.length - whole.length)}${capitals ? other.toUpperCase() : other}`;
  const packed = `${stem}${gz || (capitals ? ".GZ" : ".gz")}`;
  return { folder, files: gz === "" ? [stem, packed] : [packed, stem] };
}
