import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { makeFolder, writeError, writeFileAtomic, writeFileOnce } from "../../src/node/atomic.ts";
import { hipErrorOf } from "../support/nifti.ts";

const ROOT = mkdtempSync(join(tmpdir(), "hipmri-atomic-"));
const PATH = "Check the path, or make the folder first";
let folder = "";
let count = 0;
beforeEach(() => {
  folder = join(ROOT, `${count++}`);
  mkdirSync(folder);
});
afterAll(() => rmSync(ROOT, { recursive: true }));

describe("writeFileAtomic()", () => {
  test("writes bytes and text, replaces a file, and leaves nothing else", async () => {
    const path = join(folder, "log.json");
    await writeFileAtomic(path, "prostate \u00b5m");
    expect(readFileSync(path, "utf8")).toBe("prostate \u00b5m");
    await writeFileAtomic(path, Uint8Array.of(1, 2, 3));
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    expect(readdirSync(folder)).toEqual(["log.json"]);
  });
  test("writes an empty file, and a long name", async () => {
    const name = "n".repeat(240);
    await writeFileAtomic(join(folder, name), new Uint8Array(0));
    expect(readdirSync(folder)).toEqual([name]);
  });
  test("leaves a whole file when many write the same one at once", async () => {
    const path = join(folder, "race");
    await Promise.all(Array.from({ length: 20 }, (_, i) => writeFileAtomic(path, `${i} `.repeat(5000))));
    expect(new Set(readFileSync(path, "utf8").trim().split(" ")).size).toBe(1);
    expect(readdirSync(folder)).toEqual(["race"]);
  });
  test("removes its temporary file when it fails at the last step", async () => {
    const path = join(folder, "taken");
    mkdirSync(join(path, "inner"), { recursive: true });
    expect(await hipErrorOf(() => writeFileAtomic(path, "abc"))).toEqual({
      code: "disk",
      message: `Cannot write "${path}" (3 bytes): a folder of that name is in the way`,
      hint: "Move the folder away, or choose another name",
    });
    expect(readdirSync(folder)).toEqual(["taken"]);
    expect(existsSync(join(path, "inner"))).toBe(true);
  });
  test("names a folder that does not exist, and one that is a file", async () => {
    const missing = join(folder, "no", "x.json");
    expect(await hipErrorOf(() => writeFileAtomic(missing, "abc"))).toEqual({
      code: "not-found",
      message: `Cannot write "${missing}" (3 bytes): its folder does not exist`,
      hint: PATH,
    });
    writeFileSync(join(folder, "file"), "");
    const through = join(folder, "file", "x.json");
    expect(await hipErrorOf(() => writeFileAtomic(through, "abc"))).toEqual({
      code: "not-found",
      message: `Cannot write "${through}" (3 bytes): a part of its path is a file, not a folder`,
      hint: PATH,
    });
  });
  // root may write anywhere
  test.skipIf(process.getuid?.() === 0)("names a folder that may not be written", async () => {
    chmodSync(folder, 0o500);
    const path = join(folder, "x.json");
    const error = await hipErrorOf(() => writeFileAtomic(path, "abc"));
    chmodSync(folder, 0o700);
    expect(error.code).toBe("disk");
    expect(error.message).toBe(`Cannot write "${path}" (3 bytes): permission denied`);
  });
});

describe("writeError()", () => {
  const told = (code: string) =>
    hipErrorOf(() => {
      throw writeError(
        'write "run/model.onnx" (1234 bytes)',
        Object.assign(new Error(`${code}: text`), { code }),
      );
    });
  test.each([
    ["ENOSPC", "no space is left on the disk", "Free some space, or choose another disk with --out"],
    ["EDQUOT", "your disk quota is used up", "Delete files of yours, or choose another disk with --out"],
    ["EROFS", "the disk is read-only", "Choose another folder with --out"],
    [
      "EACCES",
      "permission denied",
      "Give yourself the right to write there (chmod, chown), or choose another folder with --out",
    ],
    ["EIO", "EIO: text", "Check the disk, or choose another one with --out"],
  ])("explains %s", async (code, reason, hint) => {
    const message = `Cannot write "run/model.onnx" (1234 bytes): ${reason}`;
    expect(await told(code)).toEqual({ code: "disk", message, hint });
  });
  test("passes on what no system call caused", () => {
    const error = new TypeError("x");
    expect(writeError("write", error)).toBe(error);
  });
});

describe("writeFileOnce()", () => {
  test("of several at once exactly one wins, and leaves nothing else", async () => {
    const path = join(folder, "plan.json");
    const texts = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(1000));
    const won = await Promise.all(texts.map((text) => writeFileOnce(path, text)));
    expect(won.filter((is) => is)).toHaveLength(1);
    expect(readFileSync(path, "utf8")).toBe(texts[won.indexOf(true)]);
    expect(await writeFileOnce(path, "late")).toBe(false);
    expect(readdirSync(folder)).toEqual(["plan.json"]);
  });
  test("names a folder that is not there", async () => {
    expect((await hipErrorOf(() => writeFileOnce(join(folder, "no", "x"), ""))).code).toBe("not-found");
  });
});

describe("makeFolder()", () => {
  test("makes folders above too, and is fine with one that is there", async () => {
    const path = join(folder, "a", "b");
    await makeFolder(path);
    await makeFolder(path);
    expect(existsSync(path)).toBe(true);
  });
  test("names a file that is in the way", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "");
    expect(await hipErrorOf(() => makeFolder(path))).toEqual({
      code: "disk",
      message: `Cannot make the folder "${path}": a file of that name is in the way`,
      hint: "Move the file away, or choose another name",
    });
  });
});
