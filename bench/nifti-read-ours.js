// One process of bench/nifti-read.js: node nifti-read-ours.js FILE WARM_UP TIMED
import { existsSync, readFileSync } from "node:fs";
import { readNifti } from "../dist/nifti/read.js";
import { openFile } from "../dist/node/files.js";
import { inflateGzip } from "../dist/node/inflate.js";

const [path, warmUp, timed] = process.argv.slice(2);

async function read() {
  const source = await openFile(path);
  const { values } = await readNifti(source, { name: path, inflate: inflateGzip });
  await source.close();
  return values;
}

for (let i = 0; i < Number(warmUp); i++) await read();
const ms = [];
const cpuMs = [];
let sum = 0;
for (let i = 0; i < Number(timed); i++) {
  const start = performance.now();
  const before = process.cpuUsage();
  const values = await read();
  const { user, system } = process.cpuUsage(before);
  ms.push(performance.now() - start);
  cpuMs.push((user + system) / 1000);
  // Each 997th value, so that the two sides can be compared.
  sum = 0;
  for (let at = 0; at < values.length; at += 997) sum += values[at];
}
/** Linux's maxRSS starts at the parent's, its VmHWM does not. */
function peakKb() {
  const status = "/proc/self/status";
  if (!existsSync(status)) return process.resourceUsage().maxRSS;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(status, "utf8"))[1]);
}
const peakMb = peakKb() / 1024;
console.log(JSON.stringify({ ms, cpuMs, peakMb, sum: Math.round(sum) }));
