import { describe, expect, test } from "vitest";
import { measuring } from "../../src/apply/case-passport.ts";
import { openScans } from "../../src/apply/open-scans.ts";
import { type Scan, segmentScan } from "../../src/apply/scan.ts";
import { type NiftiOptions, niftiBytes, withoutPlace } from "../support/data-folder.ts";
import { dropped, oddFinder, PLATFORM } from "./support.ts";

async function open(files: Readonly<Record<string, Uint8Array>>): Promise<Scan> {
  const { scans } = await openScans(dropped(files), PLATFORM);
  return scans[0]!;
}

/** Three slice files. */
function slices(
  of: (z: number) => Partial<NiftiOptions>,
  change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
) {
  const files = [0, 1, 2].map((z) => {
    const bytes = niftiBytes({ shape: [4, 3], value: (i) => 12 * z + i, spacingMm: [2, 3, 1], ...of(z) });
    return [`case_1_slice_${z}.nii`, change(bytes)] as const;
  });
  return open(Object.fromEntries(files));
}

/** pixdim[3] as programs leave it that write 2D images. */
function withoutDepth(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  new DataView(changed.buffer).setFloat32(88, 0, true);
  return changed;
}

describe("slices of one volume", () => {
  test("have the distance of their places, and so a volume", async () => {
    const scan = await slices((z) => ({ originMm: [1, 1, 5 * z] }), withoutDepth);
    expect(scan.grid.spacingMm).toEqual([2, 3, 5]);
    expect(scan.voxelMl).toBeCloseTo(0.03, 6);
    expect(scan).toMatchObject({ isPlaced: true, hasSpacing: true });
    expect(scan.warnings.filter((warning) => /distance|apart/.test(warning))).toEqual([]);
  });

  test("that all state one place have no volume, and say so", async () => {
    const scan = await slices(() => ({ originMm: [1, 1, 1] }), withoutDepth);
    expect(scan.voxelMl).toBeNull();
    expect(scan).toMatchObject({ isPlaced: false, hasSpacing: false });
    expect(scan.warnings).toContain(
      "the slice distance is not known (all slices state the same place); the mean pixel size, 2.5 mm, is used",
    );
  });

  test("that state a thickness have a volume, and a warning", async () => {
    const scan = await slices(() => ({ originMm: [1, 1, 1], spacingMm: [2, 3, 4] }));
    expect(scan.voxelMl).toBeCloseTo(0.024, 6);
    expect(scan.warnings[0]).toMatch(/pixdim\[3\], 4 mm, is used$/);
  });

  test("are segmented as they were given, and read no second time", async () => {
    const scan = await slices((z) => ({ originMm: [1, 1, 5 * z] }));
    const volume = await scan.load();
    const odd = { ...volume, data: volume.data.map((value) => value + 1) };
    const predictor = oddFinder();
    const { mask } = await scan.segment(predictor, odd, {});
    expect([...mask]).toEqual(Array.from({ length: 36 }, (_, i) => (i + 1) % 2));
    expect(scan.masks(mask).map(({ name }) => name)).toEqual([0, 1, 2].map((z) => `case_1_slice_${z}.nii`));
  });
});

describe("a volume in one file", () => {
  test("says what it does not state", async () => {
    const placed = niftiBytes({ shape: [4, 3, 2], spacingMm: [2, 3, 4] });
    expect(await open({ "a.nii": placed })).toMatchObject({ isPlaced: true, hasSpacing: true });
    expect(await open({ "a.nii": withoutPlace(placed) })).toMatchObject({
      isPlaced: false,
      hasSpacing: true,
    });
  });

  test("is segmented and judged; without a fingerprint there is no passport", async () => {
    const scan = await open({ "a.nii": niftiBytes({ shape: [4, 3], value: (i) => i, originMm: [1, 1, 1] }) });
    const judged = await segmentScan(scan, await scan.load(), {
      predictor: measuring(oddFinder()),
      fingerprint: undefined,
    });
    expect(judged.passport).toBeNull();
    expect([...judged.mask]).toEqual(Array.from({ length: 12 }, (_, i) => i % 2));
  });
});
