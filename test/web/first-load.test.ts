/** How much is fetched before the page can be used: the viewer, the worker and the runtimes come later. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { ensureWebBuilt } from "../../bin/build.js";

const DIST = fileURLToPath(new URL("../../web/dist/", import.meta.url));
const MOST_BYTES = 300_000;

test("scripts and styles of the first visit stay small", () => {
  expect(ensureWebBuilt()).toBe(0);
  const page = readFileSync(`${DIST}index.html`, "utf8");
  const names = [...page.matchAll(/(?:src|href)="\.\/([^"]+\.(?:js|css))"/g)].map(([, name]) => name!);
  expect(names.some((name) => name.endsWith(".js"))).toBe(true);
  expect(names.some((name) => name.endsWith(".css"))).toBe(true);
  const sizes = names.map((name) => gzipSync(readFileSync(DIST + name)).length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(MOST_BYTES);
});
