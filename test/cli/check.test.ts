/** `hipmri check`: its text, JSON and exit code. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkText } from "../../src/cli/check-text.ts";
import { checkDataset } from "../../src/dataset/doctor/check.ts";
import type { DoctorReport } from "../../src/dataset/doctor/types.ts";
import { addVolume, imagePath, maskPath, soundVolumes } from "../dataset/doctor/support.ts";
import { type Files, memoryFolder, noInflate } from "../support/data-folder.ts";
import { hipmri, temporaryFolder, writeFiles } from "./support.ts";

const folder = temporaryFolder();
const sound = writeFiles(join(folder, "sound"), soundVolumes());

function spoilt(): Files {
  const files = soundVolumes();
  files[imagePath(8)] = files[imagePath(3)]!;
  for (let n = 1; n <= 7; n++) addVolume(files, n, { mask: { shape: [6, 5, 3] } });
  return files;
}
const bad = writeFiles(join(folder, "bad"), spoilt());

describe("hipmri check", () => {
  test("of sound data ends with 0 and says so", async () => {
    const { code, stdout, stderr } = await hipmri("check", sound, "--quiet");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Data {9}.*\/sound\nLayout {7}.*12 volumes of 12 patients, 3 labels/);
    expect(stdout).toMatch(/\nSplits {7}not stated: 12 patients are shared out by the seed\n/);
    expect(stdout).toMatch(/\n1 gland +\d+ +[\d.]+ % +24 +12 +12\n/);
    expect(stdout).toMatch(
      /\n\nNothing stands against training \(every voxel was read\): no findings\n\nTime /,
    );
  });

  test("of bad data ends with 1, the result being the report and no error", async () => {
    const { code, stdout, stderr } = await hipmri("check", bad, "--quiet");
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout).toContain("\nerror: 7 masks do not lie on the grid of their image [grid-mismatch]\n");
    expect(stdout).toContain("\n  - and 2 more\n");
    expect(stdout).toMatch(/\nTraining on this data would be wrong: 2 errors\n/);
  });

  test("--json is the report", async () => {
    const { code, stdout } = await hipmri("check", bad, "--json", "--quiet");
    expect(code).toBe(1);
    const report: DoctorReport = JSON.parse(stdout);
    expect(report).toMatchObject({ ok: false, data: bad, layout: "msd", read: "voxels" });
    expect(report.findings.map(({ code: each }) => each)).toEqual([
      "grid-mismatch",
      "duplicate-across-patients",
    ]);
    expect(report.findings[0]).toMatchObject({ fileCount: 7, files: [1, 2, 3, 4, 5, 6, 7].map(maskPath) });
    expect(report.cases).toHaveLength(12);
  });

  test("--fast reads headers, --out writes the page", async () => {
    const out = join(folder, "page");
    const fast = await hipmri("check", bad, "--fast", "--quiet", "--out", out);
    expect(fast.code).toBe(1);
    expect(fast.stdout).toContain("Read         the headers of 12 of 12 pairs, no voxels\n");
    expect(fast.stdout).toContain(`Next  look at ${join(out, "check.html")}\n`);
    expect(existsSync(join(out, "check.html"))).toBe(true);
  });

  test("tells progress on stderr", async () => {
    expect((await hipmri("check", sound)).stderr).toBe("Checking 100 % 12/12\n");
  });

  test("of a layout that the folder has not is a finding, of an unknown one wrong usage", async () => {
    const other = await hipmri("check", sound, "--layout", "csiro", "--quiet");
    expect(other.code).toBe(1);
    expect(other.stdout).toMatch(/\nerror: .*is not of the layout csiro/s);
    const unknown = await hipmri("check", sound, "--layout", "msdd", "--quiet");
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/--layout must be one of keras_slices, .*\nhint: Did you mean "msd"\?/);
    const missing = await hipmri("check", join(folder, "nowhere"), "--quiet");
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/^error: Cannot find folder/);
  });
});

describe("the text", () => {
  test("shows control characters of names instead of obeying them", async () => {
    const files = spoilt();
    const evil = "imagesTr/p\u001b[31m\u0007\n99\u202e.nii";
    files[evil] = new Uint8Array(3);
    files[evil.replace("imagesTr", "labelsTr")] = new Uint8Array(3);
    const report = await checkDataset({
      folder: memoryFolder(files),
      inflate: noInflate,
      root: "da\u009bta",
    });
    const text = checkText(report, false);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there.
    expect(text.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    expect(text).toContain("imagesTr/p\\u001b[31m\\u0007\\u000a99\\u202e.nii");
    expect(text).toContain("da\\u009bta");
  });

  test("keeps to 100 columns, but for names that are longer, and is coloured only where asked", async () => {
    const report = await checkDataset({ folder: memoryFolder(spoilt()), inflate: noInflate, root: "data" });
    const text = checkText(report, false);
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(text).not.toContain("\u001b");
    const coloured = checkText(report, true);
    expect(coloured).toContain("\u001b[31merror:\u001b[39m 7 masks");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are control characters.
    expect(coloured.replace(/\u001b\[\d+m/g, "")).toBe(text);
  });
});
