// For check_dicom_seg.py: reads the series of a folder, and writes what was read and a segmentation of it.
//   node scripts/dicom_seg_for_check.js FOLDER OUT [anonymise]
// OUT gets one pair a series: volume-1.json (affine, shape, values, mask), seg-1.dcm.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureBuilt } from "../bin/build.js";

ensureBuilt();
const { readDicomSeries } = await import("../dist/formats/dicom/read.js");
const { writeDicomSeg } = await import("../dist/formats/dicom/seg.js");
const { listDicomSeries } = await import("../dist/formats/dicom/series.js");
const { DICOM_ON_NODE, findDicomFiles } = await import("../dist/node/dicom-folder.js");

const [, , folder = "", out = "", anonymise] = process.argv;
mkdirSync(out, { recursive: true });
const { files } = await findDicomFiles(folder);
const { series } = await listDicomSeries(files, DICOM_ON_NODE);
for (const one of series.filter(({ problems }) => problems.length === 0)) {
  const { header, values } = await readDicomSeries(one);
  const [nx = 1, ny = 1] = header.shape;
  // An L without a symmetry, in three labels, the last of them missing; the first and last slices are empty if possible.
  const mask = new Uint8Array(values.length);
  const depth = values.length / (nx * ny);
  for (let at = 0; at < mask.length; at++) {
    const [x, y, z] = [at % nx, Math.floor(at / nx) % ny, Math.floor(at / nx / ny)];
    if (depth > 2 && (z === 0 || z === depth - 1)) continue;
    if (x >= 1 && x <= 2 && y >= 1) mask[at] = 5;
    else if (y === 1 && x > 2 && z % 2 === 1) mask[at] = 3;
  }
  writeFileSync(
    join(out, `volume-${one.index}.json`),
    JSON.stringify({ ...header, values: [...values], mask: [...mask], series: one }),
  );
  const bytes = await writeDicomSeg(one, {
    mask,
    labels: [
      { id: 0, name: "background" },
      { id: 3, name: "bladder" },
      { id: 5, name: "prostate" },
      { id: 7, name: "mesorectum" },
    ],
    algorithm: { name: "hipmri-unet pelvis", version: "0.1.0" },
    created: { date: "20261123", time: "172458" },
    anonymise: anonymise === undefined ? undefined : {},
  });
  writeFileSync(join(out, `seg-${one.index}.dcm`), bytes);
}
