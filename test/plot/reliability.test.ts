import { expect, test } from "vitest";
import { type ReliabilityCurves, reliabilityFigure } from "../../src/plot/reliability.ts";
import { expectGolden } from "./golden.ts";

const OPTIONS = { title: "Test patients: reliability by label", leastProbability: 0.01 };
const EMPTY = { n: 0, meanProbability: null, frequency: null };

/** Four bins; the first one, up to 0.01, holds `missed` of 1000 voxels, the third is empty. */
function label(id: number, name: string, of: { readonly missed: number; readonly high: number }) {
  return {
    id,
    name,
    ece: 0.1 * id,
    bins: [
      { to: 0.01, n: 1000, meanProbability: 0.001, frequency: of.missed / 1000 },
      { to: 0.5, n: 400, meanProbability: 0.2, frequency: 0.3 },
      { to: 0.75, ...EMPTY },
      { to: 1, n: 1600, meanProbability: 0.9, frequency: of.high },
    ],
  };
}
const CURVES: ReliabilityCurves = {
  ece: 0.0123,
  labels: [
    label(1, "body", { missed: 0, high: 0.9 }),
    label(4, "rectum", { missed: 2, high: 0.6 }),
    label(5, "prostate & co", { missed: 1, high: 1 }),
    label(6, "fourth", { missed: 0, high: 0.5 }),
  ],
};

test("golden", () => expectGolden("reliability.svg", reliabilityFigure(CURVES, OPTIONS)));

const NONE: ReliabilityCurves = { ece: null, labels: [] };
const UNSEEN: ReliabilityCurves = { ece: null, labels: [{ id: 5, name: "prostate", ece: null, bins: [] }] };

test.each([
  ["four labels", CURVES],
  ["no labels", NONE],
  ["a label never seen", UNSEEN],
])("%s: one whole rounded file that needs nothing from outside, the same when drawn again", (_, curves) => {
  const svg = reliabilityFigure(curves, OPTIONS);
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="\d+" height="\d+" viewBox="/);
  expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(
    /https?:|<style|<script|href|url\(/,
  );
  expect(svg).not.toMatch(/NaN|Infinity|undefined"/);
  for (const tag of svg.match(/<[^>]*>/g) ?? []) expect(tag).not.toMatch(/\d\.\d{3}/);
  expect(reliabilityFigure(curves, OPTIONS)).toBe(svg);
});

test("each label has a panel with its name, ECE and voxels; what lies below the threshold is told in words", () => {
  const svg = reliabilityFigure(CURVES, OPTIONS);
  for (const words of [">body<", ">ECE 0.100<", ">rectum<", ">ECE 0.400<", ">prostate &amp; co<"])
    expect(svg).toContain(words);
  expect(svg.match(/n = 2,000</g)).toHaveLength(4);
  expect(svg).toContain(">below 0.01: 2 true<");
  expect(svg).toContain(">below 0.01: 1 true<");
  expect(svg.match(/below 0\.01/g)).toHaveLength(2);
  expect(svg).toContain("most probable label: ECE 0.012<");
});

test("a filled bin is a point whose area goes by its voxels; empty ones and the lowest have none", () => {
  const svg = reliabilityFigure({ ...CURVES, labels: CURVES.labels.slice(0, 1) }, OPTIONS);
  const radii = [...svg.matchAll(/<circle[^>]*? r="([\d.]+)"/g)].map((match) => Number(match[1]));
  // The swatch beside the name, then 400 and 1600 voxels; in whichever order they are drawn.
  expect(radii.sort((a, b) => a - b)).toEqual([3.5, 5, 7]);
});

test("without an ECE it says so", () => {
  const svg = reliabilityFigure(UNSEEN, OPTIONS);
  expect(svg).toContain(">ECE undefined<");
  expect(svg).toContain(">n = 0<");
  expect(svg).not.toContain("most probable label");
  expect(reliabilityFigure(NONE, OPTIONS)).toContain(">no labels<");
});
