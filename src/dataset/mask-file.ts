/** One file of label numbers as it stands. */
import type { Inflate } from "../core/bytes.ts";
import { readImage } from "../formats/image-file.ts";
import type { ImageHeader } from "../volume/image.ts";
import { joinPath, openInFolder } from "./folder.ts";
import { withoutTrailingOnes } from "./geometry.ts";
import type { MaskFolder } from "./mask-pairs.ts";
import { toLabelIds } from "./mask-values.ts";

export interface ReadMask {
  /** For messages. */
  readonly path: string;
  readonly header: ImageHeader;
  /** Without trailing 1s. */
  readonly shape: readonly number[];
  /** x fastest. */
  readonly ids: Uint8Array;
}

/** The ids of a mask as they stand in its file. @throws HipError "bad-mask" where a value is no label */
export async function readMaskIds(
  { folder, path }: MaskFolder,
  file: string,
  inflate: Inflate,
): Promise<ReadMask> {
  const { header, values } = await readImage(await openInFolder(folder, file), inflate);
  const shape = withoutTrailingOnes(header.shape);
  const name = joinPath(path, file);
  return { path: name, header, shape, ids: toLabelIds(values, { name, shape }) };
}
