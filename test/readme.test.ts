import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { resolveConfig } from "../src/train/recipes.ts";
import { hipmri, tinyModel } from "./cli/support.ts";

const root = join(import.meta.dirname, "..");
const readme = await readFile(join(root, "README.md"), "utf8");

/** The fenced blocks of a language. */
const blocksOf = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(
    (match) => match[1]!,
  );

it("has every figure filled in", () => {
  expect(readme).not.toContain("@@");
});

it("every YAML block is a valid configuration", () => {
  const blocks = blocksOf("yaml");
  expect(blocks.length).toBeGreaterThan(0);
  for (const block of blocks) expect(resolveConfig(parse(block), "README.md").preset).toBe("sakboonyara");
});

it("every hipmri command names a verb and flags that exist", async () => {
  const commands = blocksOf("sh").flatMap((block) => block.match(/hipmri [^#&\n]+/g) ?? []);
  expect(commands.length).toBeGreaterThan(4);
  for (const command of commands) {
    const [, verb, ...rest] = command.trim().split(/\s+/);
    const help = await hipmri(verb!, "--help");
    expect(help.code, command).toBe(0);
    for (const flag of rest.filter((word) => word.startsWith("--")))
      expect(help.stdout, command).toContain(flag);
  }
});

it("npm scripts and files that it names exist", async () => {
  const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { scripts: object };
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(["test", "demo", "ok"]));
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((match) => match[1]!);
  expect(links.length).toBeGreaterThan(3);
  for (const link of links) await expect(readFile(join(root, link)), link).resolves.toBeDefined();
});

it("the TypeScript example runs as it stands", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hipmri-readme-"));
  try {
    const path = join(folder, "model.onnx");
    await writeFile(path, tinyModel());
    const [example] = blocksOf("ts");
    const source = example!
      .replace('"hipmri-unet"', JSON.stringify(join(root, "src/index.ts")))
      .replace('"hipmri-unet/node"', JSON.stringify(join(root, "src/node/index.ts")))
      .replace('"runs/pelvis/model.onnx"', JSON.stringify(path))
      .concat("export { labels };\n");
    const file = join(folder, "example.ts");
    await writeFile(file, source);
    const { labels } = (await import(file)) as { labels: Uint8Array };
    expect(labels).toHaveLength(256 * 128);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
