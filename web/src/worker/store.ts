/**
 * What outlives a reload or a crash, in the browser's own file system (OPFS): the files that were opened, the model, the
 * masks and a journal of corrections. It lies on this machine, and goes when the user closes the scans.
 */
import { readFileIn, writeFileIn } from "./opfs.ts";
import type { Opening } from "./protocol.ts";
import { takeStoreLock } from "./store-lock.ts";

const ROOT = "hipmri";
const INDEX = "session.json";
const MODEL = "model.onnx";

export type KeptOpening =
  | { readonly kind: "demo" }
  | { readonly kind: "files"; readonly files: readonly { readonly name: string; readonly stored: string }[] };

export interface KeptIndex {
  readonly format: 2;
  readonly openings: readonly KeptOpening[];
  /** The scan shown last. */
  readonly current: number | null;
  /** Name of the model that was kept; null: the demo model. */
  readonly model: string | null;
}

export interface KeptMask {
  readonly mask: Uint8Array;
  readonly journal: Uint8Array;
  /** JSON of what belongs to the mask; undefined where nothing was said. */
  readonly about: string | undefined;
}

const EMPTY: KeptIndex = { format: 2, openings: [], current: null, model: null };

/** Masks go by a key that tells their scan (mask-key.ts). */
export interface Store {
  readonly index: KeptIndex;
  /** Keeps copies of the files. */
  addOpening(opening: Opening): Promise<void>;
  setCurrent(scan: number): Promise<void>;
  setModel(model: { readonly name: string; readonly bytes: Uint8Array } | null): Promise<void>;
  readModel(): Promise<Uint8Array | undefined>;
  /** Replaces the mask of a scan, and empties its journal. */
  keepMask(key: string, bytes: Uint8Array): Promise<void>;
  keepEdit(key: string, bytes: Uint8Array): Promise<void>;
  keepAbout(key: string, json: string): Promise<void>;
  hasMask(key: string): Promise<boolean>;
  readMask(key: string): Promise<KeptMask | undefined>;
  /** Cuts a journal behind the last record that is whole. */
  cutJournal(key: string, bytes: number): Promise<void>;
  /** @returns undefined where the copy is gone */
  readFile(stored: string, name: string): Promise<File | undefined>;
  /** Scans and masks; the model stays. */
  forget(): Promise<void>;
}

async function readIndex(folder: FileSystemDirectoryHandle): Promise<KeptIndex> {
  const file = await readFileIn(folder, INDEX);
  if (file === undefined) return EMPTY;
  try {
    const index = JSON.parse(await file.text()) as KeptIndex;
    return index.format === EMPTY.format ? index : EMPTY;
  } catch {
    return EMPTY;
  }
}

const text = (json: string): Uint8Array => new TextEncoder().encode(json);

/** Why nothing can be kept here; undefined where it can. */
function whyNot(): string | undefined {
  const hasFiles =
    navigator.storage?.getDirectory !== undefined &&
    "FileSystemFileHandle" in globalThis &&
    "createWritable" in FileSystemFileHandle.prototype &&
    "createSyncAccessHandle" in FileSystemFileHandle.prototype;
  if (!hasFiles || navigator.locks === undefined) return "this browser has no place for it";
  return undefined;
}

/** @returns the store, or why there is none */
export async function openStore(): Promise<Store | string> {
  const missing = whyNot();
  if (missing !== undefined) return missing;
  if (!(await takeStoreLock())) return "another tab of this page keeps its own";
  const root = await navigator.storage.getDirectory();
  let folder = await root.getDirectoryHandle(ROOT, { create: true });
  let index = await readIndex(folder);
  let files = index.openings.reduce((sum, each) => sum + (each.kind === "files" ? each.files.length : 0), 0);
  const journals = new Map<string, FileSystemSyncAccessHandle>();

  async function save(next: KeptIndex): Promise<void> {
    await writeFileIn(folder, INDEX, text(JSON.stringify(next)));
    index = next;
  }
  async function journal(key: string): Promise<FileSystemSyncAccessHandle> {
    const known = journals.get(key);
    if (known !== undefined) return known;
    const handle = await folder.getFileHandle(`${key}.journal`, { create: true });
    const opened = await handle.createSyncAccessHandle();
    journals.set(key, opened);
    return opened;
  }
  async function cut(key: string, bytes: number): Promise<void> {
    const handle = await journal(key);
    handle.truncate(bytes);
    handle.flush();
  }
  const store: Store = {
    get index() {
      return index;
    },
    async addOpening(opening) {
      if (opening.kind === "demo") return save({ ...index, openings: [...index.openings, opening] });
      const kept: { readonly name: string; readonly stored: string }[] = [];
      for (const { name, file } of opening.files) {
        const stored = `${files++}.input`;
        await writeFileIn(folder, stored, file);
        kept.push({ name, stored });
      }
      await save({ ...index, openings: [...index.openings, { kind: "files", files: kept }] });
    },
    setCurrent: (scan) => save({ ...index, current: scan }),
    async setModel(model) {
      if (model !== null) await writeFileIn(folder, MODEL, model.bytes);
      await save({ ...index, model: model?.name ?? null });
    },
    async readModel() {
      const file = await readFileIn(folder, MODEL);
      return file === undefined ? undefined : new Uint8Array(await file.arrayBuffer());
    },
    async keepMask(key, bytes) {
      // In this order: edits that the mask already holds are known by their number and left out.
      await writeFileIn(folder, `${key}.mask`, bytes);
      await cut(key, 0);
    },
    async keepEdit(key, bytes) {
      const handle = await journal(key);
      handle.write(bytes, { at: handle.getSize() });
      handle.flush();
    },
    keepAbout: (key, json) => writeFileIn(folder, `${key}.json`, text(json)),
    hasMask: async (key) => (await readFileIn(folder, `${key}.mask`)) !== undefined,
    async readMask(key) {
      const mask = await readFileIn(folder, `${key}.mask`);
      if (mask === undefined) return undefined;
      const handle = await journal(key);
      const bytes = new Uint8Array(handle.getSize());
      handle.read(bytes, { at: 0 });
      const about = await (await readFileIn(folder, `${key}.json`))?.text();
      return { mask: new Uint8Array(await mask.arrayBuffer()), journal: bytes, about };
    },
    cutJournal: cut,
    async readFile(stored, name) {
      const file = await readFileIn(folder, stored);
      return file === undefined ? undefined : new File([file], name.slice(name.lastIndexOf("/") + 1));
    },
    async forget() {
      for (const handle of journals.values()) handle.close();
      journals.clear();
      const model = index.model === null ? undefined : await store.readModel();
      const name = index.model;
      await root.removeEntry(ROOT, { recursive: true });
      folder = await root.getDirectoryHandle(ROOT, { create: true });
      index = EMPTY;
      files = 0;
      if (model !== undefined && name !== null) await store.setModel({ name, bytes: model });
    },
  };
  return store;
}
