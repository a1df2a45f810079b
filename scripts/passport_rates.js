// How often the input passport is right, as Markdown:
//
//     hipmri phantom train --patients 16 --weeks 2 --seed 1 && hipmri train train --minutes 2 --out run
//     hipmri phantom other --patients 44 --weeks 1 --seed 77
//     node scripts/passport_rates.js run other
//
// Ordinary scans: every case of the second folder. Scans that must be flagged: one of them upside down, with a wrong
// voxel size, or replaced by noise; brains and hearts from the folder that HIPMRI_DATA names, where there is one.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { ensureBuilt } from "../bin/build.js";

ensureBuilt();
const { makeRandom, readImage, writeNifti } = await import("../dist/index.js");
const { inflateGzip, predictInputs, withImageFile } = await import("../dist/node/index.js");

const [run, data] = process.argv.slice(2);
if (run === undefined || data === undefined) throw new Error("usage: passport_rates.js RUN DATA");
const scratch = mkdtempSync(join(tmpdir(), "hipmri-passport-"));
let folders = 0;

/** Passports by case: slices of one volume share theirs. */
async function passportsOf(inputs) {
  const { outputs, failures } = await predictInputs({
    model: run,
    inputs,
    out: join(scratch, `masks${folders++}`),
  });
  for (const { input, error } of failures) console.error(`${input}: ${error.message}`);
  const byCase = new Map();
  for (const { input, passport } of outputs) byCase.set(basename(input).split("_slice_")[0], passport);
  return [...byCase];
}

const count = (verdicts, wanted) => verdicts.filter((verdict) => verdict === wanted).length;
const row = (...cells) => console.log(`| ${cells.join(" | ")} |`);

const folder = (split) => join(data, `keras_slices_${split}`);
const ordinary = await passportsOf(["train", "validate", "test"].map(folder).filter(existsSync));
console.log(`Ordinary scans: ${ordinary.length} cases of ${data}\n`);
row("judged", "ok", "look", "doubtful");
row("---", "---", "---", "---");
const print = (name, verdicts) =>
  row(name, ...["ok", "look", "doubtful"].map((wanted) => count(verdicts, wanted)));
print(
  "the case",
  ordinary.map(([, { verdict }]) => verdict),
);
print(
  "the image",
  ordinary.map(([, { image }]) => image.verdict),
);
for (const { name } of ordinary[0][1].labels)
  print(
    name,
    ordinary.map(([, { labels }]) => labels.find((label) => label.name === name).verdict),
  );

/** The slices of one case, changed. */
async function changed(name, change) {
  const [id] = ordinary.at(-1);
  const source = ["train", "validate", "test"]
    .map(folder)
    .find((path) => existsSync(path) && readdirSync(path).some((file) => file.startsWith(`${id}_slice_`)));
  const target = join(scratch, name);
  mkdirSync(target);
  for (const file of readdirSync(source).filter((each) => each.startsWith(`${id}_slice_`))) {
    const image = await withImageFile(join(source, file), (opened) => readImage(opened, inflateGzip));
    const { shape, affine } = image.header;
    const found = change({
      shape,
      affine,
      values: image.values,
      slice: Number(/_slice_(\d+)/.exec(file)[1]),
    });
    writeFileSync(
      join(target, file.replace(/\.gz$/, "")),
      writeNifti({
        shape,
        dtype: "float32",
        data: found.values,
        affine: found.affine ?? affine,
        spacingMm: spacingOf(found.affine ?? affine),
      }),
    );
  }
  return [target];
}

const spacingOf = (affine) =>
  [0, 1, 2].map((column) => Math.hypot(affine[0][column], affine[1][column], affine[2][column]));
const scaled =
  (factor) =>
  ({ affine, values }) => ({
    values,
    affine: affine.map((cells, i) => (i === 3 ? cells : cells.map((cell) => cell * factor))),
  });
const flipped =
  (axis) =>
  ({ shape: [width, height], values }) => ({
    values: values.map((_, i) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      return values[axis === 0 ? width - 1 - x + width * y : x + width * (height - 1 - y)];
    }),
  });
const noise = ({ values, slice }) => {
  const random = makeRandom(5, "noise", slice);
  return { values: values.map(() => 100 + 30 * random.normal()) };
};

console.log("\nScans that must be flagged\n");
row("input", "verdict", "first reason");
row("---", "---", "---");
function printFlags(name, passports) {
  for (const [id, { verdict, image, labels }] of passports) {
    const reasons = [
      ...image.reasons,
      ...labels.flatMap(({ name, reasons }) => reasons.map((text) => `${name}: ${text}`)),
    ];
    row(passports.length > 1 ? `${name}, ${id}` : name, verdict, reasons[0] ?? "");
  }
}
printFlags("upside down", await passportsOf(await changed("upside-down", flipped(1))));
printFlags("voxel size doubled", await passportsOf(await changed("double", scaled(2))));
printFlags("voxel size halved", await passportsOf(await changed("half", scaled(0.5))));
printFlags("voxel size 1.3 times", await passportsOf(await changed("more", scaled(1.3))));
printFlags("noise", await passportsOf(await changed("noise", noise)));
const real = process.env.HIPMRI_DATA;
if (real !== undefined) {
  const brains = [
    "NIfTI.jl/avg152T1_LR_nifti.nii.gz",
    "nibabel/someones_anatomy.nii.gz",
    "niivue_tests/nifti_space/RAS.nii.gz",
  ];
  for (const file of brains.map((name) => join(real, "tricky-nifti", name)).filter(existsSync))
    printFlags(`brain (${basename(file)})`, await passportsOf([file]));
  const hearts = join(real, "acdc/imagesTr");
  if (existsSync(hearts)) {
    const files = readdirSync(hearts)
      .filter((name) => name.endsWith(".nii.gz"))
      .map((name) => join(hearts, name));
    const verdicts = (await passportsOf(files)).map(([, { verdict }]) => verdict);
    row(
      `${verdicts.length} hearts (ACDC)`,
      ["ok", "look", "doubtful"].map((wanted) => `${count(verdicts, wanted)} ${wanted}`).join(", "),
      "",
    );
  }
}
rmSync(scratch, { recursive: true, force: true });
