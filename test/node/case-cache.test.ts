import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { DecodeContext } from "../../src/dataset/decode.ts";
import type { Folder } from "../../src/dataset/folder.ts";
import { readDataset } from "../../src/dataset/layouts.ts";
import type { CaseEntry, DatasetIndex } from "../../src/dataset/types.ts";
import { defaultCacheFolder, makeCaseCache } from "../../src/node/case-cache.ts";
import { openCaseStore } from "../../src/node/case-store.ts";
import { openFolder } from "../../src/node/folder.ts";
import { gzip, inflateGzip } from "../../src/node/inflate.ts";
import { addSlice, type Files, memoryFolder, niftiBytes, rejection } from "../support/data-folder.ts";

let root: string;
let cacheFolder: string;
let dataFolder: string;
let inflations: number;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hipmri-cache-"));
  cacheFolder = join(root, "cache");
  dataFolder = join(root, "data");
  inflations = 0;
});
afterEach(() => rm(root, { recursive: true, force: true }));

const inflate: DecodeContext["inflate"] = (bytes, maxBytes, options) => {
  // A look at a header is none.
  if (!options?.startOnly) inflations++;
  return inflateGzip(bytes, maxBytes, options);
};

async function writeData(files: Files): Promise<void> {
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(dataFolder, path)), { recursive: true });
    await writeFile(join(dataFolder, path), bytes);
  }
}

/** Two gzipped slices of one case on disk, large enough that a look at their headers inflates but a part of them. */
async function writeSlices(): Promise<void> {
  const files: Files = {};
  for (const slice of [0, 1]) {
    const size = { shape: [24, 20], originMm: [0, 0, slice] as const };
    addSlice(files, { split: "train", case: "004", week: 0, slice, image: size, mask: size });
  }
  await writeData(
    Object.fromEntries(Object.entries(files).map(([path, bytes]) => [`${path}.gz`, gzip(bytes)])),
  );
}

async function open(folder: Folder = openFolder(dataFolder)): Promise<{
  index: DatasetIndex;
  entry: CaseEntry;
  context: DecodeContext;
}> {
  const index = await readDataset(folder, "DATA", inflate);
  return { index, entry: index.cases[0]!, context: { folder, inflate, labels: index.labels } };
}

/** A single file cut into header and voxels. */
function pairBytes(single: Uint8Array): { readonly hdr: Uint8Array; readonly img: Uint8Array } {
  const hdr = single.slice(0, 352);
  hdr.set(new TextEncoder().encode("ni1\0"), 344);
  new DataView(hdr.buffer).setFloat32(108, 0, true);
  return { hdr, img: single.slice(352) };
}

async function caseFiles(): Promise<string[]> {
  const names = await readdir(join(cacheFolder, "cases"), { recursive: true });
  return names.filter((name) => name.endsWith(".case")).map((name) => join(cacheFolder, "cases", name));
}

test("the second get comes from memory, another process's from disk, and neither inflates", async () => {
  await writeSlices();
  const { entry, context } = await open();
  const cache = makeCaseCache({ folder: cacheFolder });
  const first = await cache.get(entry, context);
  expect(inflations).toBe(4);
  expect(await cache.get(entry, context)).toBe(first);
  expect(cache.stats()).toEqual({ hits: 1, misses: 1, inflated: 4 });

  const later = makeCaseCache({ folder: cacheFolder, memoryMb: 0 });
  const fresh = await open();
  const second = await later.get(fresh.entry, fresh.context);
  expect(second).toEqual(first);
  expect(second.entry).toBe(fresh.entry);
  expect(inflations).toBe(4);
  expect(later.stats()).toEqual({ hits: 1, misses: 0, inflated: 0 });
  expect([...cache.warnings(), ...later.warnings()]).toEqual([]);
});

test("gets of one case at the same time decode it once", async () => {
  await writeSlices();
  const { entry, context } = await open();
  const cache = makeCaseCache({ folder: cacheFolder });
  const [a, b] = await Promise.all([cache.get(entry, context), cache.get(entry, context)]);
  expect(a).toBe(b);
  expect(cache.stats()).toEqual({ hits: 1, misses: 1, inflated: 4 });
});

test("a changed file is noticed, even with the size and time of the old one", async () => {
  const files: Files = {};
  for (const slice of [0, 1]) addSlice(files, { split: "train", case: "004", week: 0, slice });
  await writeData(files);
  const path = join(dataFolder, "keras_slices_seg_train/seg_004_week_0_slice_1.nii");
  const time = new Date("2020-01-01");
  await utimes(path, time, time);
  const before = await open();
  await makeCaseCache({ folder: cacheFolder }).get(before.entry, before.context);
  const other = niftiBytes({ shape: [4, 3], dtype: "uint8", value: () => 2 });
  expect(other).toHaveLength((await readFile(path)).length);
  await writeFile(path, other);
  await utimes(path, time, time);
  const after = await open();
  const cache = makeCaseCache({ folder: cacheFolder });
  const decoded = await cache.get(after.entry, after.context);
  expect([...decoded.mask.subarray(12)]).toEqual(Array.from({ length: 12 }, () => 2));
  expect(cache.stats()).toEqual({ hits: 0, misses: 1, inflated: 4 });
});

test("files of a known fingerprint are not read; of another they are", async () => {
  const files: Files = {};
  addSlice(files, { split: "train", case: "004", week: 0, slice: 0 });
  let opened = 0;
  let fingerprint = "1";
  const plain = memoryFolder(files);
  const folder: Folder = {
    list: plain.list,
    open: (path) => {
      opened++;
      return plain.open(path);
    },
    fingerprint: (path) => Promise.resolve(`${path}-${fingerprint}`),
  };
  const { entry, context } = await open(folder);
  await makeCaseCache({ folder: cacheFolder }).get(entry, context);
  // Decoded from the bytes that were hashed.
  expect(opened).toBe(2);
  await makeCaseCache({ folder: cacheFolder }).get(entry, context);
  expect(opened).toBe(2);
  fingerprint = "2";
  const cache = makeCaseCache({ folder: cacheFolder });
  await cache.get(entry, context);
  expect(opened).toBe(4);
  expect(cache.stats().hits).toBe(1);
});

test("files whose hashes are known are read where their case is not kept, and scanned masks once", async () => {
  const files: Files = {};
  for (const name of ["a", "b"]) {
    files[`imagesTr/${name}.nii`] = niftiBytes({ shape: [4, 3, 2] });
    files[`labelsTr/${name}.nii`] = niftiBytes({ shape: [4, 3, 2], dtype: "uint8", value: (i) => i % 2 });
  }
  await writeData(files);
  const opened: string[] = [];
  const disk = openFolder(dataFolder);
  const folder: Folder = {
    list: disk.list,
    open: (path) => {
      opened.push(path);
      return disk.open(path);
    },
    fingerprint: (path) => Promise.resolve(path),
  };
  const cache = makeCaseCache({ folder: cacheFolder, memoryMb: 0 });
  expect(await cache.scanLabels({ folder, inflate, masks: ["labelsTr/a.nii", "labelsTr/b.nii"] })).toEqual([
    0, 1,
  ]);
  expect(opened.splice(0)).toEqual(["labelsTr/a.nii", "labelsTr/b.nii"]);
  const index = await readDataset(disk, "DATA", inflate);
  await cache.get(index.cases[0]!, { folder, inflate, labels: index.labels });
  expect(opened.sort()).toEqual(["imagesTr/a.nii", "labelsTr/a.nii"]);
});

test("a damaged or cut cache file is rebuilt silently", async () => {
  await writeSlices();
  const { entry, context } = await open();
  const first = await makeCaseCache({ folder: cacheFolder }).get(entry, context);
  const [path = ""] = await caseFiles();
  const whole = await readFile(path);
  const damaged = Buffer.from(whole);
  damaged[damaged.length >> 1]! ^= 1;
  for (const bytes of [damaged, whole.subarray(0, -1), Buffer.alloc(0)]) {
    await writeFile(path, bytes);
    const cache = makeCaseCache({ folder: cacheFolder });
    expect(await cache.get(entry, context)).toEqual(first);
    expect(cache.stats().misses).toBe(1);
    expect(cache.warnings()).toEqual([]);
    expect(await readFile(path)).toEqual(whole);
  }
});

test("torn lines of files.txt count as absent", async () => {
  const files: Files = {};
  addSlice(files, { split: "train", case: "004", week: 0, slice: 0 });
  const folder: Folder = { ...memoryFolder(files), fingerprint: (path) => Promise.resolve(path) };
  const { entry, context } = await open(folder);
  await makeCaseCache({ folder: cacheFolder }).get(entry, context);
  const path = join(cacheFolder, "files.txt");
  const text = await readFile(path, "utf8");
  await writeFile(path, text.replaceAll(/[0-9a-f]{64}/g, "0".repeat(64)));
  const cache = makeCaseCache({ folder: cacheFolder });
  await cache.get(entry, context);
  expect(cache.stats()).toMatchObject({ hits: 1, misses: 0 });
});

test("other labels are another case", async () => {
  await writeSlices();
  const { entry, context } = await open();
  const cache = makeCaseCache({ folder: cacheFolder });
  await cache.get(entry, context);
  const fewer = { ...context, labels: [{ id: 0, name: "background" }] };
  expect(await rejection(cache.get(entry, fewer))).toMatchObject({ code: "bad-dataset" });
  expect(await caseFiles()).toHaveLength(1);
});

test("where the cache cannot be written, the work goes on with one warning", async () => {
  await writeSlices();
  const { entry, context } = await open();
  await writeFile(cacheFolder, "a file is in the way");
  const cache = makeCaseCache({ folder: cacheFolder, memoryMb: 0 });
  const decoded = await cache.get(entry, context);
  expect(decoded.depth).toBe(2);
  await cache.get(entry, context);
  expect(cache.stats()).toEqual({ hits: 0, misses: 2, inflated: 8 });
  expect(cache.warnings()).toHaveLength(1);
  expect(cache.warnings()[0]).toMatch(
    new RegExp(`^Cannot write the cache in "${cacheFolder}", going on without it: `),
  );
});

test("labels of masks are remembered by content", async () => {
  const mask = niftiBytes({ shape: [8, 6, 4], value: (i) => i % 3 });
  const files: Files = { "imagesTr/a.nii": mask, "labelsTr/a.nii.gz": gzip(mask) };
  const read = (scan = makeCaseCache({ folder: cacheFolder }).scanLabels) =>
    readDataset(memoryFolder(files), "DATA", inflate, scan);
  const labels = [
    { id: 0, name: "background" },
    { id: 1, name: "label_1" },
    { id: 2, name: "label_2" },
  ];
  expect((await read()).labels).toEqual(labels);
  expect((await read()).labels).toEqual(labels);
  expect(inflations).toBe(1);
  files["labelsTr/a.nii.gz"] = gzip(niftiBytes({ shape: [2, 2, 2], value: () => 5 }));
  expect((await read()).labels.map((label) => label.id)).toEqual([0, 5]);
});

test("another orientation is another case, in memory and on disk", async () => {
  await writeSlices();
  const { entry, context } = await open();
  const cache = makeCaseCache({ folder: cacheFolder });
  const asItLies = await cache.get(entry, { ...context, orientation: "RAS" });
  const turned = await cache.get(entry, { ...context, orientation: "ARS" });
  expect([asItLies.width, turned.width]).toEqual([24, 20]);
  const later = makeCaseCache({ folder: cacheFolder });
  expect(await later.get(entry, { ...context, orientation: "ARS" })).toEqual(turned);
  expect(later.stats()).toEqual({ hits: 1, misses: 0, inflated: 0 });
});

test("voxels beside a header are read each time: its bytes do not show that they changed", async () => {
  const { hdr, img } = pairBytes(niftiBytes({ shape: [4, 3, 2], dtype: "uint8", value: (i) => i % 2 }));
  const other = pairBytes(niftiBytes({ shape: [4, 3, 2], dtype: "uint8", value: (i) => i % 4 }));
  expect(other.hdr).toEqual(hdr);
  const files: Files = {
    "imagesTr/a.hdr": hdr,
    "imagesTr/a.img": img,
    "labelsTr/a.hdr": hdr,
    "labelsTr/a.img": img,
  };
  const folder = memoryFolder(files);
  const read = async () => {
    const cache = makeCaseCache({ folder: cacheFolder, memoryMb: 0 });
    const index = await readDataset(folder, "DATA", inflate, cache.scanLabels);
    const { mask } = await cache.get(index.cases[0]!, { folder, inflate, labels: index.labels });
    return [index.labels.length, Math.max(...mask)];
  };
  expect(await read()).toEqual([2, 1]);
  files["labelsTr/a.img"] = other.img;
  expect(await read()).toEqual([4, 3]);
});

test("the default folder", () => {
  expect(defaultCacheFolder({ HIPMRI_CACHE: "/c", XDG_CACHE_HOME: "/x" })).toBe("/c");
  expect(defaultCacheFolder({ XDG_CACHE_HOME: "/x" })).toBe(join("/x", "hipmri-unet"));
  expect(defaultCacheFolder({})).toMatch(/\.cache.hipmri-unet$/);
  // Where the guides say that it lies.
  for (const page of ["README.md", "docs/cluster.md"])
    expect(readFileSync(join(import.meta.dirname, "../..", page), "utf8")).toContain(
      "`~/.cache/hipmri-unet`",
    );
});

test("a folder on disk follows links and tells what is missing", async () => {
  await writeData({ "a/x.nii": niftiBytes({ shape: [1] }) });
  await symlink(join(dataFolder, "a"), join(dataFolder, "b"));
  await symlink(join(dataFolder, "nowhere"), join(dataFolder, "dangling"));
  const folder = openFolder(dataFolder);
  expect([...(await folder.list(""))].sort((p, q) => (p.name < q.name ? -1 : 1))).toEqual([
    { name: "a", kind: "folder" },
    { name: "b", kind: "folder" },
  ]);
  expect(await folder.list("b")).toEqual([{ name: "x.nii", kind: "file" }]);
  expect(await rejection(folder.list("c"))).toMatchObject({
    code: "not-found",
    message: `Cannot find folder "${join(dataFolder, "c")}"`,
  });
  expect(await rejection(folder.list("a/x.nii"))).toMatchObject({
    code: "not-found",
    message: `Cannot list "${join(dataFolder, "a/x.nii")}": it must be a folder, got a file`,
  });
});

test("a file has a fingerprint once it has been left alone for two seconds", async () => {
  await writeData({ "new.nii": niftiBytes({ shape: [1] }) });
  expect(await openFolder(dataFolder).fingerprint?.("new.nii")).toBeUndefined();
  // Node's own binary is older than that.
  const old = openFolder(dirname(process.execPath));
  expect(await old.fingerprint?.(basename(process.execPath))).toMatch(/^\d+-\d+-\d+-\d+-\d+$/);
});

test("a file is read with its fingerprint, unless that is known", async () => {
  const folder = openFolder(dirname(process.execPath));
  const name = basename(process.execPath);
  const seen: string[] = [];
  const known = await folder.readMarked!(name, (fingerprint) => {
    seen.push(fingerprint);
    return true;
  });
  expect(known).toEqual({ bytes: undefined, fingerprint: await folder.fingerprint?.(name) });
  expect(new Set(seen)).toEqual(new Set([known.fingerprint]));
  const read = await folder.readMarked!(name, () => false);
  expect(read.fingerprint).toBe(known.fingerprint);
  expect(Buffer.compare(read.bytes!, await readFile(process.execPath))).toBe(0);

  await writeData({ "new.nii": niftiBytes({ shape: [1] }) });
  const young = await openFolder(dataFolder).readMarked!("new.nii", () => true);
  expect(young).toEqual({ bytes: niftiBytes({ shape: [1] }), fingerprint: undefined });
  for (const path of ["missing.nii", ""]) {
    expect(await rejection(openFolder(dataFolder).readMarked!(path, () => false))).toMatchObject({
      code: "not-found",
    });
  }
});

test("a mask with 255 is refused where the mask is, though an earlier version remembered its labels", async () => {
  const mask = niftiBytes({ shape: [2, 2, 2], value: (i) => (i === 6 ? 255 : 1) });
  const folder = memoryFolder({ "imagesTr/a.nii": mask, "labelsTr/a.nii": mask });
  const store = openCaseStore(cacheFolder);
  const { hash } = await store.hashFile(folder, "labelsTr/a.nii");
  await store.writeLabels(new Map([[hash, [1, 255]]]));
  const { scanLabels } = makeCaseCache({ folder: cacheFolder });
  expect(await rejection(readDataset(folder, "DATA", inflate, scanLabels))).toEqual({
    code: "bad-mask",
    message:
      'Cannot use mask "labelsTr/a.nii": labels must be whole numbers from 0 to 254, got 255 at voxel [0, 1, 1] (1 such voxel)',
    hint: '255 means "ignore" here and is no label: renumber the labels (0 to 254)',
    problems: [],
  });
});
