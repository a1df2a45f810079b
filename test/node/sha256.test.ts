import { expect, test } from "vitest";
import { sha256Of } from "../../src/node/sha256.ts";

test("the example of FIPS 180-2, appendix B.1, as bytes and as text", () => {
  const digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  expect(sha256Of("abc")).toBe(digest);
  expect(sha256Of(new TextEncoder().encode("abc"))).toBe(digest);
});
