/** Writes sw.js: the list of what the page is made of, and a version that changes with any of it. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { Plugin } from "vite";

/** Fetched only where a browser has WebGPU, and kept from then on: it is larger than all else together. */
const ON_USE = /asyncify.*\.wasm$/;

function listFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((item) => item.isFile())
    .map((item) => relative(folder, join(item.parentPath, item.name)).split(sep).join("/"))
    .sort();
}

/** @param template the script, with __FILES__ and __VERSION__ in it */
export function serviceWorker(template: string, publicFolder: string): Plugin {
  return {
    name: "service-worker",
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      const hash = createHash("sha256");
      const built = Object.values(bundle).map((file) => {
        hash.update(file.fileName).update(file.type === "chunk" ? file.code : file.source);
        return file.fileName;
      });
      const own = listFiles(publicFolder);
      for (const name of own) hash.update(name).update(readFileSync(join(publicFolder, name)));
      const files = [...new Set([...built, ...own, "index.html"])]
        .filter((name) => !ON_USE.test(name))
        .sort();
      const list = JSON.stringify(["./", ...files.map((name) => `./${name}`)]);
      const source = readFileSync(template, "utf8")
        .replace("__FILES__", list)
        .replace("__VERSION__", hash.digest("hex").slice(0, 16));
      this.emitFile({ type: "asset", fileName: "sw.js", source });
    },
  };
}
