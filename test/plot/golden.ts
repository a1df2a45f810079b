/** Golden files: a missing one is written on a developer's machine and is an error under CI. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";

const FOLDER = new URL("./golden/", import.meta.url);

/** Holds `text` against test/plot/golden/`name`; look at a new file before it is committed. */
export function expectGolden(name: string, text: string): void {
  const file = new URL(name, FOLDER);
  if (!existsSync(file)) {
    if (process.env.CI !== undefined) throw new Error(`Golden file "${name}" is missing`);
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(file, text);
  }
  expect(text).toBe(readFileSync(file, "utf8"));
}
