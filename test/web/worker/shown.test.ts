import { describe, expect, test } from "vitest";
import { openScans } from "../../../src/apply/open-scans.ts";
import type { Scan } from "../../../src/apply/scan.ts";
import { makeByteSource } from "../../../src/core/bytes.ts";
import { inflateGzip } from "../../../src/node/inflate.ts";
import { fromShown, shownGrid, shownScan, toShown } from "../../../web/src/worker/shown.ts";
import { niftiBytes } from "../../support/data-folder.ts";

/** Its axes run to the front, the left and the feet. */
async function turnedScan(): Promise<Scan> {
  const bytes = niftiBytes({
    shape: [4, 3, 2],
    value: (i) => i,
    spacingMm: [2, 3, 5],
    affine: [
      [0, -3, 0, 10],
      [2, 0, 0, 20],
      [0, 0, -5, 30],
      [0, 0, 0, 1],
    ],
  });
  const { scans } = await openScans([{ name: "scan.nii", source: makeByteSource(bytes) }], {
    inflate: inflateGzip,
  });
  return scans[0]!;
}

describe("a scan as viewers have it", () => {
  test("runs to the right, the front and the head, and every voxel keeps its place", async () => {
    const scan = await turnedScan();
    const shown = shownScan(scan, await scan.load());
    expect(shown).toMatchObject({ shape: [3, 4, 2], spacingMm: [3, 2, 5] });
    const { affine } = shownGrid(scan);
    expect(affine.slice(0, 3).map((row, i) => Math.sign(row[i]!))).toEqual([1, 1, 1]);
    // The file's voxel (3, 1, 0) lies at (7, 26, 30) mm.
    const at = [7, 26, 30].map((mm, i) => (mm - affine[i]![3]) / affine[i]![i]!) as [number, number, number];
    expect(shown.data[at[0] + 3 * (at[1] + 4 * at[2])]).toBe(3 + 4 * 1);
    expect(shown.affine).toEqual(affine);
    expect(shown.brightness.range).toEqual({ low: 0, high: 23 });
  });

  test("a mask goes there and back", async () => {
    const scan = await turnedScan();
    const mask = Uint8Array.from({ length: 24 }, (_, i) => i);
    const shown = toShown(scan, mask);
    expect([...shown]).not.toEqual([...mask]);
    expect([...fromShown(scan, shown)]).toEqual([...mask]);
    // It is turned as the image is.
    const { data } = shownScan(scan, await scan.load());
    expect([...shown]).toEqual([...data]);
  });
});
