// Makes the pictures of the README: node scripts/make_figures.js [DEMO_FOLDER]
// The phantom and the network diagrams are drawn anew; the demo's contact sheet is taken from DEMO_FOLDER/test.
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureBuilt } from "../bin/build.js";

ensureBuilt();
const { HIPMRI_LABELS } = await import("../dist/volume/volume.js");
const { contactSheet } = await import("../dist/plot/contact-sheet.js");
const { defaultPhantomOptions, makePhantomVolume } = await import("../dist/dataset/phantom/phantom.js");
const { networkDiagram } = await import("../dist/report/network-diagram.js");
const { presets } = await import("../dist/unet/presets.js");
const { rasterToPng } = await import("../dist/plot/png.js");

const folder = join(import.meta.dirname, "../docs/figures");

/** One slice of four scans: another man in each row but the second, which is the first man a week later. */
const rows = [
  [0, 0, 11],
  [0, 1, 9],
  [5, 0, 14],
  [23, 1, 9],
].map(([man, week, slice]) => {
  const volume = makePhantomVolume(defaultPhantomOptions, man, week);
  const [width, height] = volume.shape;
  const length = width * height;
  return {
    title: `Synthetic man ${man + 4}, week ${week}, slice ${slice}`,
    width,
    height,
    image: volume.image.slice(slice * length, (slice + 1) * length),
    truth: volume.mask.slice(slice * length, (slice + 1) * length),
    prediction: volume.mask.slice(slice * length, (slice + 1) * length),
    spacingMm: [volume.spacingMm[0], volume.spacingMm[1]],
  };
});
const sheet = contactSheet(rows, { labels: HIPMRI_LABELS, columns: ["image", "truth"], flipVertical: true });
await writeFile(join(folder, "phantom.png"), rasterToPng(sheet));

/** One slice under each change of training, every change at its full strength and by itself. */
async function augmentationSheet() {
  const { noAugmentation, standardAugmentation } = await import("../dist/augment/config.js");
  const { augment } = await import("../dist/augment/augment.js");
  const { drawAugmentation, drawShapes } = await import("../dist/augment/draws.js");
  const { input } = await import("../dist/graph/build.js");
  const { buildModel } = await import("../dist/onnx/model.js");
  const { makeNodeRuntime } = await import("../dist/node/runtime.js");
  const runtime = makeNodeRuntime({ threads: 1 });
  const { width, height, spacingMm } = rows[0];
  const pixels = width * height;
  const { truth } = rows[0];
  const mean = rows[0].image.reduce((sum, value) => sum + value, 0) / pixels;
  const deviation = Math.sqrt(rows[0].image.reduce((sum, value) => sum + (value - mean) ** 2, 0) / pixels);
  const image = rows[0].image.map((value) => (value - mean) / deviation);
  const on = { probability: 1 };
  const kinds = [
    ["unchanged", {}],
    ["rotation", { rotation: { ...standardAugmentation.rotation, ...on } }],
    ["scale", { scale: { ...standardAugmentation.scale, ...on } }],
    ["shift", { shift: { share: 0.15, ...on } }],
    ["elastic", { elastic: { pixels: 12, ...on } }],
    ["mirror", { mirror: { width: true, height: false } }],
    ["brightness", { brightness: { ...standardAugmentation.brightness, ...on } }],
    ["contrast", { contrast: { ...standardAugmentation.contrast, ...on } }],
    ["gamma", { gamma: { ...standardAugmentation.gamma, ...on, negativeProbability: 0 } }],
    ["gamma of the negative", { gamma: { ...standardAugmentation.gamma, ...on, negativeProbability: 1 } }],
    ["noise", { noise: { deviation: 0.3, ...on } }],
    ["blur", { blur: { low: 1, high: 1, ...on } }],
    ["low resolution", { lowResolution: { low: 0.5, ...on } }],
    ["bias field", { bias: { strength: 0.5, ...on } }],
  ];
  const size = { batchSize: 8, channels: 1, width, height };
  const changed = [];
  for (const [title, change] of kinds) {
    const config = { ...noAugmentation, strength: 1, ...change };
    const shapes = drawShapes(config, size);
    const source = {
      image: input("image", [8, 1, height, width]),
      labels: input("labels", [8, height, width]),
    };
    const result = augment(source, {
      config,
      size,
      labelSize: size,
      outside: 255,
      draw: (name) => input(name, shapes[name]),
    });
    const program = await runtime.load(buildModel({ outputs: { seen: result.image, truth: result.labels } }));
    const batch = (data) => Float32Array.from({ length: 8 * pixels }, (_, i) => data[i % pixels]);
    const vector = (shape, data) => ({ dtype: "float32", shape, data });
    const draws = drawAugmentation(config, size, { seed: 3, step: 2 });
    const found = await program.run({
      image: vector([8, 1, height, width], batch(image)),
      labels: vector([8, height, width], batch(truth)),
      ...Object.fromEntries(
        Object.entries(draws).map(([name, { shape, data }]) => [name, vector(shape, data)]),
      ),
    });
    await program.dispose();
    const chosen = mostChanged(found.seen.data, image, pixels);
    const labels = Uint8Array.from(
      found.truth.data.subarray(chosen * pixels, (chosen + 1) * pixels),
      (label) => (label === 255 ? 0 : label),
    );
    changed.push({
      title,
      width,
      height,
      image: found.seen.data.slice(chosen * pixels, (chosen + 1) * pixels),
      truth: labels,
      prediction: labels,
      spacingMm,
    });
  }
  return changed;
}

/** Of the images of a batch the one that differs most from what they were. */
function mostChanged(seen, image, pixels) {
  const difference = (i) => image.reduce((sum, value, k) => sum + Math.abs(value - seen[i * pixels + k]), 0);
  return [0, 1, 2, 3, 4, 5, 6, 7].reduce((best, i) => (difference(i) > difference(best) ? i : best), 0);
}

const changes = contactSheet(await augmentationSheet(), {
  labels: HIPMRI_LABELS,
  columns: ["image", "truth"],
  flipVertical: true,
});
await writeFile(join(folder, "augmentation.png"), rasterToPng(changes));

const size = { width: 256, height: 256 };
await writeFile(join(folder, "unet-seed.svg"), networkDiagram(presets.seed, size, 'U-Net "seed"'));
await writeFile(
  join(folder, "unet-sakboonyara.svg"),
  networkDiagram(presets.sakboonyara, size, 'U-Net "sakboonyara"'),
);

const [demo] = process.argv.slice(2);
if (demo !== undefined) {
  await copyFile(join(demo, "test/figures/test-contact-sheet.png"), join(folder, "demo-test.png"));
}
