import { describe, expect, test } from "vitest";
import type { DecodedCase } from "../../src/dataset/types.ts";
import { decodeCorrected } from "../../src/learn/cases.ts";
import { holdOut } from "../../src/learn/hold-out.ts";
import { makeCard } from "../support/model-card.ts";

/** A case of single pixels, by their labels. */
function decoded(name: string, patient: string, labels: readonly number[] = [1]): DecodedCase {
  const size = { width: 1, height: 1, depth: labels.length };
  const stack = { ...size, spacingMm: [1, 1, 1] as const, hasSpacing: true };
  const data = { image: new Float32Array(labels.length), mask: Uint8Array.from(labels) };
  return decodeCorrected([{ name, patient, ...stack, ...data }], makeCard())[0]!;
}
const names = (cases: readonly DecodedCase[]): readonly string[] => cases.map(({ entry }) => entry.id);

describe("holdOut()", () => {
  test("of three patients keeps one, always the same", () => {
    const cases = ["a", "b", "c"].map((patient) => decoded(patient, patient));
    const { learn, judge, heldOut } = holdOut(cases, 1);
    expect(learn).toHaveLength(2);
    expect(heldOut).toEqual({
      kind: "patients",
      names: names(judge),
      note: "Judged on 1 scan of 1 patient from whom nothing was learnt",
    });
    expect(holdOut(cases, 1).heldOut).toEqual(heldOut);
    const chosen = new Set(Array.from({ length: 20 }, (_, seed) => holdOut(cases, seed).heldOut.names[0]));
    expect(chosen.size).toBe(3);
  });

  test("never shares a patient, and keeps him whose scans have the most labels", () => {
    const cases = [
      decoded("a1", "a", [1, 2, 0]),
      decoded("b1", "b", [1, 2, 3]),
      decoded("a2", "a", [1, 1, 1]),
      decoded("c1", "c", [255, 1, 0]),
    ];
    for (let seed = 0; seed < 10; seed++) {
      const { learn, judge } = holdOut(cases, seed);
      expect(names(judge)).toEqual(["b1"]);
      expect(names(learn)).toEqual(["a1", "a2", "c1"]);
    }
  });

  test("rather keeps a patient of few scans than most of what there is to learn from", () => {
    const cases = [..."1234"].map((week) => decoded(`a${week}`, "a", [1, 2]));
    const { judge } = holdOut([...cases, decoded("b", "b", [1])], 3);
    expect(names(judge)).toEqual(["b"]);
  });

  test("of eight patients keeps two", () => {
    const cases = [..."abcdefgh"].map((patient) => decoded(patient, patient));
    expect(holdOut(cases, 1).heldOut.note).toBe(
      "Judged on 2 scans of 2 patients from whom nothing was learnt",
    );
  });

  test("of one patient keeps scans, and says what that is worth", () => {
    const { heldOut, learn } = holdOut([decoded("w1", "a"), decoded("w2", "a"), decoded("w3", "a")], 1);
    expect(learn).toHaveLength(2);
    expect(heldOut).toMatchObject({
      kind: "scans",
      note: "All scans are of one patient: judged on 1 scan of this patient that was not learnt from, which says little of others",
    });
  });

  test("of one scan keeps runs of slices: each slice has its truth on one side alone", () => {
    const whole = decoded("a", "a", [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3]);
    const { learn, judge, heldOut } = holdOut([whole], 1);
    expect([...learn[0]!.mask]).toEqual([0, 1, 2, 3, 255, 255, 0, 1, 2, 3, 4, 5, 255, 255, 2, 3]);
    expect([...judge[0]!.mask]).toEqual([...Array(4).fill(255), 4, 5, ...Array(6).fill(255), 0, 1, 255, 255]);
    expect(whole.mask[4]).toBe(4);
    expect(heldOut).toEqual({
      kind: "slices",
      names: ["a"],
      note: "There is one scan only, so none could be held out: judged on 4 slices of it that were not learnt from though the next ones were, which says little of other scans",
    });
  });

  test("does not learn from a single slice, by which it would have to judge", () => {
    expect(() => holdOut([decoded("a", "a", [1])], 1)).toThrow(
      'Cannot learn from "a" alone: of 1 slice none can be kept to judge by',
    );
  });
});
