/** Against scipy: fixtures made by scripts/make_metrics_fixture.py. */
import { describe, expect, it } from "vitest";
import { scoreCase } from "../../src/metrics/score-case.ts";
import references from "./fixtures/scipy.json" with { type: "json" };
import { drawSlice } from "./masks.ts";

describe("scoreCase against scipy", () => {
  it.each(
    references.map(
      (reference) =>
        [`${reference.shape.join("x")} at ${reference.spacingMm.join("x")} mm`, reference] as const,
    ),
  )("%s", (_, reference) => {
    const [nx, ny, nz] = reference.shape;
    const [sx, sy, sz] = reference.spacingMm;
    const scored = scoreCase({
      id: "scipy",
      patient: "scipy",
      truth: drawSlice(reference.truth),
      prediction: drawSlice(reference.prediction),
      shape: [nx!, ny!, nz!],
      spacingMm: [sx!, sy!, sz!],
      labels: [{ id: 1, name: "object" }],
      toleranceMm: 2,
    });
    const label = scored.labels[0]!;
    for (const key of ["dice", "hdMm", "hd95Mm", "assdMm", "nsd"] as const)
      expect(label[key], key).toBeCloseTo(reference[key], 10);
  });
});
