import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parsePlaceId, placeId, readLines } from "../../src/server/log-lines.ts";
import { temporaryFolder } from "./support.ts";

const folder = temporaryFolder();

async function linesOf(path: string, ...rest: readonly [Parameters<typeof readLines>[1]?]) {
  const chunk = await readLines(path, rest[0]);
  if (chunk.kind !== "lines") throw new Error(`Expected lines, got ${chunk.kind}`);
  return chunk;
}

it("reads whole lines and goes on behind them", async () => {
  const path = join(folder, "a.jsonl");
  expect(await readLines(path, undefined)).toEqual({ kind: "none" });
  writeFileSync(path, "one\ntwø\nthr");
  const first = await linesOf(path);
  expect(first.lines.map(({ text, end }) => [text, end.offset])).toEqual([
    ["one", 4],
    ["twø", 9],
  ]);
  expect(first.left).toBe(3);
  expect((await linesOf(path, first.place)).lines).toEqual([]);
  appendFileSync(path, "ee\n\n");
  const second = await linesOf(path, first.place);
  expect(second.lines.map(({ text }) => text)).toEqual(["three", ""]);
  expect(second).toMatchObject({ left: 0, place: { offset: 16 } });
});

it("reads on in pieces, and passes over what is no line", async () => {
  const path = join(folder, "big.jsonl");
  const size = 3 << 20;
  writeFileSync(path, `${"a".repeat(size)}\n${"b".repeat(size)}\nc\n`);
  const first = await linesOf(path);
  expect(first.lines.map(({ text }) => text.length)).toEqual([size]);
  expect(first.left).toBe(size + 3);
  const second = await linesOf(path, first.place);
  expect(second.lines.map(({ text }) => text.at(-1))).toEqual(["b", "c"]);
  writeFileSync(path, "x".repeat(5 << 20));
  expect((await linesOf(path)).place.offset).toBe(4 << 20);
});

it("ids are the offset and the file; others are none", () => {
  expect(parsePlaceId(placeId({ offset: 12, file: "a1" }))).toEqual({ offset: 12, file: "a1" });
  for (const id of [undefined, "", "12", "-1.a", "1.A", "1.a.b", "1e3.a", `${"9".repeat(16)}.a`])
    expect(parsePlaceId(id)).toBeUndefined();
});
