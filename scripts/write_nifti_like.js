// Writes a mask and images on the grid of NIfTI files: node scripts/write_nifti_like.js FOLDER < LIST_OF_PATHS
// scripts/check_nifti_write.py reads them with nibabel. Line n of the list becomes FOLDER/n.uint8.nii and so on.
import { writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { ensureBuilt } from "../bin/build.js";

ensureBuilt();
const { readNiftiHeader } = await import("../dist/nifti/read.js");
const { writeImageLike, writeMaskLike } = await import("../dist/nifti/write.js");
const { inflateGzip } = await import("../dist/node/inflate.js");
const { openFile } = await import("../dist/node/files.js");

const folder = process.argv[2];
let n = 0;
for await (const path of createInterface({ input: process.stdin })) {
  const opened = [];
  const open = async (file) => {
    opened.push(await openFile(file));
    return opened.at(-1);
  };
  const source = await open(path);
  const openBeside = (file) => open(join(dirname(path), file));
  try {
    const header = await readNiftiHeader(source, { name: basename(path), inflate: inflateGzip, openBeside });
    const voxels = header.shape.reduce((product, size) => product * size, 1);
    // check_nifti_write.py makes the same numbers.
    const fill = (array, value) => array.map((_, i) => value(i));
    const labels = fill(new Uint8Array(voxels), (i) => (i * 7) % 251);
    const int16 = fill(new Int16Array(voxels), (i) => ((i * 13) % 65521) - 32768);
    const float32 = fill(new Float32Array(voxels), (i) => ((i * 17) % 9973) / 7);
    writeFileSync(join(folder, `${n}.uint8.nii`), writeMaskLike(header, labels));
    writeFileSync(join(folder, `${n}.int16.nii`), writeImageLike(header, int16, "int16"));
    const kept = writeImageLike(header, float32, "float32", { keepTexts: true });
    writeFileSync(join(folder, `${n}.float32.nii`), kept);
  } catch (error) {
    writeFileSync(join(folder, `${n}.error`), String(error.code === undefined ? error.stack : error.message));
  }
  for (const file of opened) await file.close();
  n++;
}
