/** Between a scan's own axes and those of the viewer, which run to the right, the front and the head. */
import {
  axisCodesOf,
  type Grid,
  type IntensityVolume,
  inverseOf,
  type Reorientation,
  reorientation,
  reorientData,
  reorientGrid,
  type Scan,
} from "../../../src/browser/index.ts";
import { brightnessOf } from "./brightness.ts";
import type { ShownScan } from "./protocol.ts";

const VIEW = "RAS";

/** A grid that spans no space is shown as it lies. */
function turnOf({ grid }: Scan): Reorientation {
  return reorientation(axisCodesOf(grid.affine) ?? VIEW, VIEW);
}

export const shownGrid = (scan: Scan): Grid => reorientGrid(scan.grid, turnOf(scan));

export function shownScan(scan: Scan, { data }: IntensityVolume): Omit<ShownScan, "kept"> {
  const turn = turnOf(scan);
  const { shape, spacingMm, affine } = shownGrid(scan);
  const turned = reorientData(data, scan.grid.shape, turn);
  return { shape, spacingMm, affine, data: turned, brightness: brightnessOf(turned, shape) };
}

export function toShown(scan: Scan, mask: Uint8Array): Uint8Array {
  return reorientData(mask, scan.grid.shape, turnOf(scan));
}

/** What undoes toShown(). */
export function fromShown(scan: Scan, mask: Uint8Array): Uint8Array {
  const turn = turnOf(scan);
  return reorientData(mask, reorientGrid(scan.grid, turn).shape, inverseOf(turn));
}
