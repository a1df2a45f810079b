/** A mask from a file, for a scan that is open: it must lie on the scan's very grid. */
import { HipError } from "../core/errors.ts";
import { AFFINE_TOLERANCE, affineDifference, withoutTrailingOnes } from "../dataset/geometry.ts";
import { toLabelIds } from "../dataset/mask-values.ts";
import type { DicomPlatform } from "../formats/dicom/content.ts";
import { readImage } from "../formats/image-file.ts";
import type { DroppedFile } from "./open-scans.ts";
import type { Scan } from "./scan.ts";

const HINT =
  "Open the mask that belongs to this scan, or resample it to the scan's grid with nearest neighbour";

/**
 * @returns label ids on the scan's grid
 * @throws HipError "bad-mask": another shape or place, or values that are no labels; as readImage()
 */
export async function readMaskOn(
  scan: Pick<Scan, "grid" | "name">,
  { name, source }: DroppedFile,
  { inflate }: DicomPlatform,
): Promise<Uint8Array> {
  const { header, values } = await readImage({ name, source }, inflate);
  const shape = withoutTrailingOnes(header.shape).join(" x ");
  const wanted = withoutTrailingOnes(scan.grid.shape).join(" x ");
  if (shape !== wanted) {
    throw new HipError(
      "bad-mask",
      `Cannot use mask "${name}": it must have the shape ${wanted} of "${scan.name}", got ${shape}`,
      { hint: HINT },
    );
  }
  const difference = affineDifference(scan.grid.affine, header.affine);
  if (!(difference <= AFFINE_TOLERANCE)) {
    throw new HipError(
      "bad-mask",
      `Cannot use mask "${name}": its affine must be that of "${scan.name}", an entry differs by ${Number(difference.toPrecision(3))}`,
      { hint: HINT },
    );
  }
  return toLabelIds(values, { name, shape: header.shape });
}
