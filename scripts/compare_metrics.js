// Our figures beside those of other tools, as Markdown: node scripts/compare_metrics.js
// What the tools printed was gathered by make_convention_fixtures.py; ours is worked out now.
import { readFileSync } from "node:fs";
import { ensureBuilt } from "../bin/build.js";

ensureBuilt();
const { scoreCase } = await import("../dist/index.js");
const { cases } = JSON.parse(
  readFileSync(new URL("../test/metrics/fixtures/conventions.json", import.meta.url), "utf8"),
);

const SHOWN = [
  "2D, shifted disc, spacing 2 x 1",
  "2D, hole",
  "2D, one pixel each",
  "3D, shifted ball, spacing 0.5 x 2 x 3",
  "3D, hole",
  "3D, one voxel each",
  "3D, one voxel against a ball",
  "3D, at the edge",
  "3D, prediction empty",
  "3D, truth empty",
  "3D, both empty",
  "3D, smooth noise",
];
const FIGURES = { dice: "Dice", hd95Mm: "HD95, mm", assdMm: "ASSD, mm", nsd: "NSD at 2 mm" };
const TOOLS = ["monai", "medpy", "deepmind", "metricsReloaded"];

const digits = (text) => Uint8Array.from(text, Number);
const format = (value) => (typeof value === "number" ? `${Number(value.toFixed(3))}` : (value ?? "NaN"));

function ourScore({ shape, spacingMm, truth, prediction }) {
  const [sx, sy, sz = 1] = spacingMm;
  const [x, y, z = 1] = shape;
  const masks = { truth: digits(truth), prediction: digits(prediction) };
  const labels = [{ id: 1, name: "object" }];
  const found = scoreCase({
    id: "a",
    patient: "a",
    ...masks,
    shape: [x, y, z],
    spacingMm: [sx, sy, sz],
    labels,
  });
  return found.labels[0];
}

const absent = (state) => (state === "undefined" ? "undefined" : "infinite");

for (const [key, title] of Object.entries(FIGURES)) {
  console.log(`\n### ${title}\n`);
  console.log("| case | ours | MONAI | MedPy | surface-distance | MetricsReloaded |");
  console.log("| --- | --- | --- | --- | --- | --- |");
  for (const name of SHOWN) {
    const found = cases.find((each) => each.name === name);
    const ours = ourScore(found);
    const cells = [
      ours[key] === null ? absent(ours.state) : format(ours[key]),
      ...TOOLS.map((tool) => (key in found[tool] ? format(found[tool][key]) : "–")),
    ];
    console.log(`| ${[name, ...cells].join(" | ")} |`);
  }
}
