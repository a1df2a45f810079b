// Prints what hipmri-unet reads in NIfTI files, one line of JSON each: node scripts/dump_nifti.js < LIST_OF_PATHS
// scripts/check_nifti.py holds it against nibabel.
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { ensureBuilt } from "../bin/build.js";

ensureBuilt();
const { readNifti, readNiftiHeader } = await import("../dist/nifti/read.js");
const { inflateGzip } = await import("../dist/node/inflate.js");
const { openFile } = await import("../dist/node/files.js");

/** As check_nifti.py's: all NaN alike, and -0 as 0. */
function digest(values) {
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  for (let i = 0; i < values.length; i++) {
    if (values[i] === 0) bits[i] = 0;
    else if (Number.isNaN(values[i])) bits[i] = 0x7fc00000;
  }
  return createHash("sha256").update(new Uint8Array(bits.buffer)).digest("hex");
}

for await (const path of createInterface({ input: process.stdin })) {
  const row = { path };
  const opened = [];
  const open = async (file) => {
    opened.push(await openFile(file));
    return opened.at(-1);
  };
  const source = await open(path);
  const openBeside = (file) => open(join(dirname(path), file));
  const options = { name: basename(path), inflate: inflateGzip, openBeside };
  try {
    const { raw, extensions, ...header } = await readNiftiHeader(source, options);
    row.header = { ...header, extensions: extensions.map(({ code, bytes }) => [code, bytes.length]) };
    row.values = digest((await readNifti(source, options)).values);
  } catch (error) {
    row.error = error.code === undefined ? `CRASH ${error.stack}` : `${error.code}: ${error.message}`;
  }
  for (const file of opened) await file.close();
  console.log(JSON.stringify(row));
}
