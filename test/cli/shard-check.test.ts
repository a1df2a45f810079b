/** `hipmri check --shard` and `merge`: findings that need all cases together are made at merge. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { DoctorReport } from "../../src/dataset/doctor/types.ts";
import { addVolume, imagePath, soundVolumes } from "../dataset/doctor/support.ts";
import { addSlice, type Files } from "../support/data-folder.ts";
import { expectRedone } from "./shard-redone.ts";
import { filesBelow, hipmri, temporaryFolder, writeFiles } from "./support.ts";

const folder = temporaryFolder();

/** The same image for two patients, masks on other grids, a file that cannot be read. */
function spoiltVolumes(): Files {
  const files = soundVolumes();
  files[imagePath(8)] = files[imagePath(3)]!;
  for (let n = 1; n <= 3; n++) addVolume(files, n, { mask: { shape: [6, 5, 3] } });
  files[imagePath(5)] = files[imagePath(5)]!.slice(0, 360);
  return files;
}

/** Slices, one patient in two splits. */
function leakingSlices(): Files {
  const files: Files = {};
  for (const [split, patient] of [
    ["train", "004"],
    ["train", "005"],
    ["validate", "036"],
    ["test", "004"],
  ] as const)
    for (let slice = 0; slice < 3; slice++) addSlice(files, { split, case: patient, week: 0, slice });
  return files;
}

const DATA: Readonly<Record<string, Files>> = {
  "sound volumes": soundVolumes(),
  "bad volumes": spoiltVolumes(),
  "slices with a patient in two splits": leakingSlices(),
};

describe.each(Object.keys(DATA))("of %s", (name) => {
  const data = writeFiles(join(folder, name), DATA[name]!);
  const out = join(folder, `${name}, checked`);
  const check = (...flags: readonly string[]) => hipmri("check", data, "--out", out, "--quiet", ...flags);

  test.each([2, 5])("%i shards give the report, the page and the exit code of one task", async (count) => {
    rmSync(out, { recursive: true, force: true });
    const whole = await check("--json");
    const page = readFileSync(join(out, "check.html"), "utf8");
    rmSync(out, { recursive: true });
    for (let i = 1; i <= count; i++) {
      const { code, stdout } = await check("--shard", `${i}/${count}`, "--json");
      expect([code, JSON.parse(stdout).doneBefore]).toEqual([0, false]);
    }
    expect(existsSync(join(out, "check.html"))).toBe(false);
    expect(await hipmri("merge", out, "--json")).toEqual(whole);
    expect(readFileSync(join(out, "check.html"), "utf8")).toBe(page);
    expect(JSON.parse((await check("--shard", `1/${count}`, "--json")).stdout).doneBefore).toBe(true);
  });
});

test("what two shards hold of each other is found", async () => {
  const out = join(folder, "bad volumes, checked");
  const report: DoctorReport = JSON.parse((await hipmri("merge", out, "--json")).stdout);
  const codes = report.findings.map(({ code }) => code);
  expect(codes).toEqual(
    expect.arrayContaining(["grid-mismatch", "duplicate-across-patients", "unreadable-file"]),
  );
});

test("a folder that is no data set gives the same refusal", async () => {
  const data = writeFiles(join(folder, "nothing"), { "notes.txt": new Uint8Array(1) });
  const out = join(folder, "nothing, checked");
  const whole = await hipmri("check", data, "--out", out, "--json", "--quiet");
  expect(whole.code).toBe(1);
  for (const shard of ["1/2", "2/2"]) await hipmri("check", data, "--out", out, "--quiet", "--shard", shard);
  expect(await hipmri("merge", out, "--json")).toEqual(whole);
});

test("is no work to share with --fast", async () => {
  const out = join(folder, "fast");
  const data = join(folder, "sound volumes");
  const { code, stderr } = await hipmri("check", data, "--out", out, "--fast", "--shard", "1/2", "--quiet");
  expect(code).toBe(2);
  expect(stderr).toBe(
    "error: --fast cannot be used with shards: it reads headers only, which is soon done\nhint: Leave one of the two away; --shard 1/1 does all where a cluster's variables ask for a share\n",
  );
  expect(filesBelow(out)).toEqual([]);
});

test("files that were changed since are done again, once that is asked for", async () => {
  const data = writeFiles(join(folder, "mended"), soundVolumes());
  const to = join(folder, "mended, checked");
  const share = (...more: readonly string[]) =>
    hipmri("check", data, "--out", to, "--quiet", "--json", "--shard", "1/2", ...more);
  expect((await share()).code).toBe(0);
  writeFiles(data, { [imagePath(3)]: new Uint8Array([...soundVolumes()[imagePath(3)]!, 0]) });
  await expectRedone(share);
});
