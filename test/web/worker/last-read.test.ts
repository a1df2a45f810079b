import { describe, expect, test, vi } from "vitest";
import type { Scan } from "../../../src/apply/scan.ts";
import type { IntensityVolume } from "../../../src/volume/volume.ts";
import { LastRead } from "../../../web/src/worker/last-read.ts";

const volume = (): IntensityVolume => ({
  kind: "intensity",
  data: new Float32Array(1),
  grid: {
    shape: [1, 1, 1],
    spacingMm: [1, 1, 1],
    affine: [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ],
  },
});
const readable = () => ({ load: vi.fn<Scan["load"]>(() => Promise.resolve(volume())) });

describe("LastRead", () => {
  test("reads a scan once, and again after another or when it was forgotten", async () => {
    const last = new LastRead();
    const [first, second] = [readable(), readable()];
    expect(await last.volumeOf(first)).toBe(await last.volumeOf(first));
    expect(first.load).toHaveBeenCalledTimes(1);
    await last.volumeOf(second);
    await last.volumeOf(first);
    expect(first.load).toHaveBeenCalledTimes(2);
    last.forget();
    await last.volumeOf(first);
    expect(first.load).toHaveBeenCalledTimes(3);
  });
  test("reads a scan again that could not be read", async () => {
    const last = new LastRead();
    const scan = readable();
    scan.load.mockRejectedValueOnce(new Error("gone"));
    await expect(last.volumeOf(scan)).rejects.toThrow("gone");
    await last.volumeOf(scan);
    expect(scan.load).toHaveBeenCalledTimes(2);
  });
  test("keeps what was read while an earlier read was still to fail", async () => {
    const last = new LastRead();
    let fail = (_: Error): void => {};
    const late = new Promise<IntensityVolume>((_, reject) => {
      fail = reject;
    });
    const failing = last.volumeOf({ load: () => late });
    const scan = readable();
    await last.volumeOf(scan);
    fail(new Error("gone"));
    await expect(failing).rejects.toThrow("gone");
    await last.volumeOf(scan);
    expect(scan.load).toHaveBeenCalledTimes(1);
  });
});
