import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openFile, readWholeFile } from "../../src/node/files.ts";
import { hipErrorOf } from "../support/nifti.ts";

let folder = "";
let file = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hipmri-files-"));
  file = join(folder, "ten");
  writeFileSync(
    file,
    Uint8Array.from({ length: 10 }, (_, i) => i),
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("openFile()", () => {
  test("reads any stretch of bytes", async () => {
    const source = await openFile(file);
    expect(source.size).toBe(10);
    expect(await source.read(3, 4)).toEqual(Uint8Array.of(3, 4, 5, 6));
    expect(await source.read(10, 0)).toEqual(new Uint8Array(0));
    await source.close();
  });
  test.each([
    [8, 3],
    [-1, 2],
    [0, -1],
  ])("rejects bytes that are not there: %i, %i", async (offset, length) => {
    const source = await openFile(file);
    await expect(source.read(offset, length)).rejects.toThrow(
      new RangeError(`Cannot read bytes ${offset} to ${offset + length}: "${file}" has 10`),
    );
    await source.close();
  });
  test("rejects when the file has become shorter", async () => {
    const shrinking = join(folder, "shrinking");
    writeFileSync(shrinking, "0123456789");
    const source = await openFile(shrinking);
    writeFileSync(shrinking, "0123");
    await expect(source.read(0, 10)).rejects.toThrow(
      new RangeError("Cannot read bytes 0 to 10: the file ends at 4"),
    );
    await source.close();
  });
});

describe.each([openFile, readWholeFile])("%o", (read) => {
  test("names a file that is not there", async () => {
    const path = join(folder, "missing.nii");
    expect(await hipErrorOf(() => read(path))).toEqual({
      code: "not-found",
      message: `Cannot read "${path}": there is no such file`,
      hint: "Check the path",
    });
  });
  test("names a folder, and a path through a file", async () => {
    expect(await hipErrorOf(() => read(folder))).toEqual({
      code: "not-found",
      message: `Cannot read "${folder}": it is a folder, not a file`,
      hint: "Name a file in it",
    });
    const path = join(file, "x.nii");
    expect(await hipErrorOf(() => read(path))).toEqual({
      code: "not-found",
      message: `Cannot read "${path}": a part of its path is a file, not a folder`,
      hint: "Check the path",
    });
  });
});

describe("readWholeFile()", () => {
  test("reads all bytes", async () => {
    expect(await readWholeFile(file)).toEqual(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  });
  test.skipIf(process.platform === "win32")("reads what has no size, such as a device", async () => {
    expect(await readWholeFile("/dev/null")).toEqual(new Uint8Array(0));
  });
});
