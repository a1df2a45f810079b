import { describe, expect, test } from "vitest";
import { changesText, mlText } from "../../web/src/volume-text.ts";

describe("volumes", () => {
  test.each([
    [0, "0.0 ml"],
    [0.03, "< 0.1 ml"],
    [4.75, "4.8 ml"],
    [99.94, "99.9 ml"],
    [99.96, "100 ml"],
    [1234.5, "1,235 ml"],
  ])("%d: %s", (ml, text) => {
    expect(mlText(ml)).toBe(text);
  });
});

describe("changes", () => {
  test("are told label by label, the largest first, none that stayed", () => {
    const changes = [
      { name: "rectum", voxels: -100 },
      { name: "bone", voxels: 0 },
      { name: "prostate", voxels: 1200 },
      { name: "bladder", voxels: 2 },
    ];
    expect(changesText(changes, 0.01)).toBe("prostate +12.0 ml, rectum −1.0 ml, bladder +2 voxels");
    expect(changesText(changes, null)).toBe("prostate +1,200 voxels, rectum −100 voxels, bladder +2 voxels");
  });
});
