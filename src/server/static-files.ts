/** The page's own files: a list made at the start, so that no request can name anything else. */
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json; charset=utf-8",
  ".svg": "image/svg+xml; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
};
/** Also of .onnx, .nii.gz and whatever else. */
const OTHER_TYPE = "application/octet-stream";

/** By the file's name. */
export const contentTypeOf = (path: string): string => TYPES[extname(path).toLowerCase()] ?? OTHER_TYPE;

const isText = (type: string): boolean => type.includes("charset=");
/** Smaller ones are not worth it. */
const LEAST_GZIP_BYTES = 1024;

/**
 * Vite puts a digest of the content, 8 characters of base64url, into the names of what lies there. One without capital
 * and digit may be a word ("ort-wasm-simd-threaded.wasm"), and is asked for again.
 */
const isHashed = (path: string): boolean => /^\/assets\/.+-(?=[\w-]{0,7}[A-Z0-9])[\w-]{8}\.\w+$/.test(path);

export interface StaticFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

export interface StaticFiles {
  /** Whether there is a page at all. */
  readonly hasPage: boolean;
  /**
   * @param path as asked, e.g. "/assets/index-1a2b3c4d.js"; "/" is index.html
   * @returns undefined where the list has no such file, or it is gone
   */
  read(path: string, options: { readonly isGzipTaken: boolean }): Promise<StaticFile | undefined>;
}

export interface StaticFilesOptions {
  /** Whether the page is to show live runs. It reads so in its own text: a question that fails is an error to a browser. */
  readonly isWatching: boolean;
}

/** What tells the page that there are runs to watch. */
const WATCHING_TAG = '<meta name="hipmri-server" content="watching" />';

function withTag(html: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const text = new TextDecoder().decode(html);
  return new TextEncoder().encode(text.replace(/<head[^>]*>/, (head) => `${head}\n    ${WATCHING_TAG}`));
}

/** Paths from the folder on, with "/"; neither links nor hidden files. */
async function listFiles(folder: string, under = ""): Promise<readonly string[]> {
  const items = await readdir(join(folder, under), { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    items
      .filter(({ name }) => !name.startsWith("."))
      .map((item) => {
        const path = `${under}/${item.name}`;
        if (item.isDirectory()) return listFiles(folder, path);
        return item.isFile() ? [path] : [];
      }),
  );
  return found.flat();
}

/**
 * A file's bytes, as long as it lies where it seems to lie.
 * @param root a folder without links in its path
 * @returns undefined where there is none, or a link leads elsewhere
 */
export async function readWithin(root: string, path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const full = join(root, path);
  const real = await realpath(full).catch(() => undefined);
  if (real === undefined || real !== full || !real.startsWith(root + sep)) return undefined;
  return readFile(real).catch(() => undefined);
}

/** The version of a file, without reading it: its size and its date. */
export async function versionOf(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? `${found.size.toString(36)}-${found.mtimeMs.toString(36)}` : undefined;
}

function toPath(asked: string): string | undefined {
  try {
    return decodeURIComponent(asked);
  } catch {
    return undefined;
  }
}

/** @param folder of a built page; a missing one has no files */
export async function listStaticFiles(
  folder: string,
  { isWatching }: StaticFilesOptions = { isWatching: false },
): Promise<StaticFiles> {
  const root = await realpath(folder).catch(() => folder);
  const known = new Set(await listFiles(root));
  const zipped = new Map<string, { readonly version: string; readonly bytes: Uint8Array<ArrayBuffer> }>();

  /** Once for each version of a file. */
  async function gzipped(path: string, version: string, bytes: Uint8Array<ArrayBuffer>) {
    const before = zipped.get(path);
    if (before?.version === version) return before.bytes;
    const made = { version, bytes: new Uint8Array(await promisify(gzip)(bytes)) };
    zipped.set(path, made);
    return made.bytes;
  }

  return {
    hasPage: known.has("/index.html"),
    async read(asked, { isGzipTaken }) {
      const path = asked === "/" ? "/index.html" : toPath(asked);
      if (path === undefined || !known.has(path)) return undefined;
      const version = await versionOf(join(root, path));
      const read = version === undefined ? undefined : await readWithin(root, path);
      if (version === undefined || read === undefined) return undefined;
      const isTagged = isWatching && path === "/index.html";
      const bytes = isTagged ? withTag(read) : read;
      const type = contentTypeOf(path);
      const isZippable = isText(type) && bytes.length >= LEAST_GZIP_BYTES;
      const isZipped = isGzipTaken && isZippable;
      return {
        bytes: isZipped ? await gzipped(path, version, bytes) : bytes,
        headers: {
          "Content-Type": type,
          "Cache-Control": isHashed(path) ? "public, max-age=31536000, immutable" : "no-cache",
          // Of each form another, as a strong tag stands for bytes.
          ETag: `"${version}${isTagged ? "-watching" : ""}${isZipped ? "-gzip" : ""}"`,
          ...(isZippable ? { Vary: "Accept-Encoding" } : {}),
          ...(isZipped ? { "Content-Encoding": "gzip" } : {}),
        },
      };
    },
  };
}
