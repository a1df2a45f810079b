/**
 * What outlives a reload or a crash, in the browser's own file system (OPFS): the files that were opened, the model, the
 * masks and a journal of corrections. It lies on this machine, and goes when the user closes the scans.
 */
import type { CasePassport } from "../../../src/browser/index.ts";
import type { NamedFile } from "./protocol.ts";

const ROOT = "hipmri";
const INDEX = "session.json";
/** Held for as long as the tab lives: a second tab would overwrite what this one keeps. */
const LOCK = "hipmri-session";

export type KeptOpening =
  | { readonly kind: "demo" }
  | { readonly kind: "files"; readonly files: readonly { readonly name: string; readonly stored: string }[] };

export interface KeptIndex {
  readonly format: 1;
  readonly openings: readonly KeptOpening[];
  /** The scan shown last. */
  readonly current: number | null;
  /** null: the demo model. */
  readonly model: { readonly name: string; readonly stored: string } | null;
}

export interface KeptMask {
  readonly scan: number;
  readonly mask: Uint8Array;
  readonly journal: Uint8Array;
  /** What was said of scan and mask when it was made; undefined where nothing was. */
  readonly passport: CasePassport | null | undefined;
}

const EMPTY: KeptIndex = { format: 1, openings: [], current: null, model: null };

export interface Store {
  readonly index: KeptIndex;
  /** Keeps copies of the files. */
  addOpening(
    opening: { readonly kind: "demo" } | { readonly kind: "files"; readonly files: readonly NamedFile[] },
  ): Promise<void>;
  setCurrent(scan: number): Promise<void>;
  setModel(model: { readonly name: string; readonly bytes: Uint8Array } | null): Promise<void>;
  /** Replaces the mask of a scan, and empties its journal. */
  keepMask(scan: number, bytes: Uint8Array): Promise<void>;
  keepEdit(scan: number, bytes: Uint8Array): Promise<void>;
  keepPassport(scan: number, passport: CasePassport | null): Promise<void>;
  readFile(stored: string, name: string): Promise<File>;
  readMask(scan: number): Promise<KeptMask | undefined>;
  /** Of the first `scans` scans, those with a mask. */
  keptMasks(scans: number): Promise<readonly number[]>;
  /** Cuts a journal behind the last record that is whole. */
  cutJournal(scan: number, bytes: number): Promise<void>;
  forget(): Promise<void>;
}

async function write(
  folder: FileSystemDirectoryHandle,
  name: string,
  data: Blob | Uint8Array,
): Promise<void> {
  const handle = await folder.getFileHandle(name, { create: true });
  // It writes beside, and takes the file's place when it is closed.
  const stream = await handle.createWritable();
  try {
    await stream.write(data as FileSystemWriteChunkType);
    await stream.close();
  } catch (error) {
    await stream.abort().catch(() => {});
    throw error;
  }
}

async function read(folder: FileSystemDirectoryHandle, name: string): Promise<File | undefined> {
  try {
    return await (await folder.getFileHandle(name)).getFile();
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotFoundError") return undefined;
    throw error;
  }
}

async function readIndex(folder: FileSystemDirectoryHandle): Promise<KeptIndex> {
  const file = await read(folder, INDEX);
  if (file === undefined) return EMPTY;
  try {
    const index = JSON.parse(await file.text()) as KeptIndex;
    return index.format === 1 ? index : EMPTY;
  } catch {
    return EMPTY;
  }
}

/** Waits for no other tab: it has the session, and this one keeps nothing. @returns whether this tab has it */
async function takeLock(): Promise<boolean> {
  return new Promise((resolve) => {
    void navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      // For as long as this worker lives.
      return lock === null ? undefined : new Promise(() => {});
    });
  });
}

const journalOf = (scan: number): string => `${scan}.journal`;
const passportOf = (scan: number): string => `${scan}.passport.json`;
const maskOf = (scan: number): string => `${scan}.mask`;

/** @returns undefined where the browser has no such file system, or another tab uses it */
export async function openStore(): Promise<Store | undefined> {
  if (navigator.storage?.getDirectory === undefined || navigator.locks === undefined) return undefined;
  if (!(await takeLock())) return undefined;
  const root = await navigator.storage.getDirectory();
  let folder = await root.getDirectoryHandle(ROOT, { create: true });
  let index = await readIndex(folder);
  let files = index.openings.reduce((sum, each) => sum + (each.kind === "files" ? each.files.length : 0), 0);
  const journals = new Map<number, FileSystemSyncAccessHandle>();

  async function save(next: KeptIndex): Promise<void> {
    await write(folder, INDEX, new TextEncoder().encode(JSON.stringify(next)));
    index = next;
  }
  async function journal(scan: number): Promise<FileSystemSyncAccessHandle> {
    const known = journals.get(scan);
    if (known !== undefined) return known;
    const handle = await folder.getFileHandle(journalOf(scan), { create: true });
    const opened = await handle.createSyncAccessHandle();
    journals.set(scan, opened);
    return opened;
  }
  return {
    get index() {
      return index;
    },
    async addOpening(opening) {
      if (opening.kind === "demo") return save({ ...index, openings: [...index.openings, opening] });
      const kept: { readonly name: string; readonly stored: string }[] = [];
      for (const { name, file } of opening.files) {
        const stored = `${files++}.input`;
        await write(folder, stored, file);
        kept.push({ name, stored });
      }
      await save({ ...index, openings: [...index.openings, { kind: "files", files: kept }] });
    },
    setCurrent: (scan) => save({ ...index, current: scan }),
    async setModel(model) {
      if (model === null) return save({ ...index, model: null });
      await write(folder, "model.onnx", model.bytes);
      await save({ ...index, model: { name: model.name, stored: "model.onnx" } });
    },
    async keepMask(scan, bytes) {
      // In this order: edits that the mask already holds are known by their number and left out.
      await write(folder, maskOf(scan), bytes);
      const handle = await journal(scan);
      handle.truncate(0);
      handle.flush();
    },
    async keepEdit(scan, bytes) {
      const handle = await journal(scan);
      handle.write(bytes, { at: handle.getSize() });
      handle.flush();
    },
    keepPassport: (scan, passport) =>
      write(folder, passportOf(scan), new TextEncoder().encode(JSON.stringify(passport))),
    async readFile(stored, name) {
      const file = await read(folder, stored);
      if (file === undefined) throw new Error(`The kept copy of "${name}" is gone`);
      return new File([file], name.slice(name.lastIndexOf("/") + 1));
    },
    async readMask(scan) {
      const mask = await read(folder, maskOf(scan));
      if (mask === undefined) return undefined;
      const handle = await journal(scan);
      const bytes = new Uint8Array(handle.getSize());
      handle.read(bytes, { at: 0 });
      const passport = await read(folder, passportOf(scan));
      return {
        scan,
        mask: new Uint8Array(await mask.arrayBuffer()),
        journal: bytes,
        passport:
          passport === undefined ? undefined : (JSON.parse(await passport.text()) as CasePassport | null),
      };
    },
    async keptMasks(scans) {
      const all = Array.from({ length: scans }, (_, scan) => scan);
      const found = await Promise.all(
        all.map(async (scan) => (await read(folder, maskOf(scan))) !== undefined),
      );
      return all.filter((scan) => found[scan]);
    },
    async cutJournal(scan, bytes) {
      const handle = await journal(scan);
      handle.truncate(bytes);
      handle.flush();
    },
    async forget() {
      for (const handle of journals.values()) handle.close();
      journals.clear();
      await root.removeEntry(ROOT, { recursive: true });
      folder = await root.getDirectoryHandle(ROOT, { create: true });
      index = EMPTY;
      files = 0;
    },
  };
}
