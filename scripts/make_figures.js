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
