import { expect, test } from "vitest";
import { firstWords } from "../../src/nifti/foreign.ts";

const wordsOf = (text: string): string | undefined => firstWords(new TextEncoder().encode(text));

test("firstWords() shows the beginning of what is text, on one line", () => {
  expect(wordsOf("patient,age\r\n1,\t70\n")).toBe("patient,age 1, 70");
  expect(wordsOf("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146")).toBe(
    "version https://git-lfs.github.com/spec/…",
  );
  expect(wordsOf("x".repeat(50))).toBe(`${"x".repeat(40)}…`);
});

test("firstWords() knows text by its bytes", () => {
  expect(wordsOf("\n \n")).toBeUndefined();
  expect(wordsOf("a\0b")).toBeUndefined();
  expect(firstWords(Uint8Array.of(0x61, 0xff, 0x62))).toBeUndefined();
  const cut = new TextEncoder().encode("Prüfung").subarray(0, 3);
  expect(firstWords(cut)).toBe("Pr");
});
