import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { commandLine } from "../../src/node/shell.ts";

test("plain words stay bare, others are quoted", () => {
  expect(commandLine(["hipmri", "train", "a b", "--set", "x=1,y", "it's"])).toBe(
    "hipmri train 'a b' --set x=1,y 'it'\\''s'",
  );
});

test.skipIf(process.platform === "win32")("a shell reads the words back", () => {
  const words = ["", "a b", "it's", '"$HOME"', "*", "\\", "~", "a\nb", "!;&|<>"];
  const text = execFileSync("sh", ["-c", `printf '%s\\0' ${commandLine(words)}`], { encoding: "utf8" });
  expect(text.split("\0").slice(0, -1)).toEqual(words);
});
