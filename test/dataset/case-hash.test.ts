import { expect, test } from "vitest";
import { hashImage, hashMask, shortHash } from "../../src/dataset/case-hash.ts";

// Python: h = b'["float32",[1,2,1],[1.5,1.25,3]]\n'; hashlib.sha256(h + struct.pack("<2f", 1, -2.5)).hexdigest(),
// the same with "uint8" and bytes([0, 5]).
test("a case's image and mask have the SHA-256 of what Python packs, wherever in a buffer they lie", () => {
  const image = Float32Array.of(9, 1, -2.5, 9).subarray(1, 3);
  const content = { width: 1, height: 2, depth: 1, spacingMm: [1.5, 1.250001, 3] as const };
  const whole = hashImage({ ...content, image });
  expect(whole).toBe("15218a093e2b04b69e0ffd8d52336ac5f55f606c5e9532481df55837daf9d44c");
  expect(shortHash(whole)).toBe("15218a093e2b04b6");
  expect(hashMask({ ...content, mask: Uint8Array.of(0, 5) })).toBe(
    "c38fcafac1b216188018e0f9093e47fda0e74adbf71688023074f8a56733469c",
  );
});
