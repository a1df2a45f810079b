/** Imports go one way: DESIGN's table of folders, held against every import in src. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

/** A folder may import what stands here, what that may import in its turn, and core. "index" is src/index.ts. */
const TABLE: Readonly<Record<string, string>> = {
  core: "",
  nifti: "",
  volume: "nifti",
  edit: "volume",
  formats: "volume",
  dataset: "volume formats",
  graph: "",
  autodiff: "graph",
  onnx: "graph",
  unet: "graph",
  loss: "graph",
  optimizer: "graph",
  augment: "graph",
  metrics: "volume",
  plot: "",
  runtime: "",
  predict: "volume unet onnx runtime",
  train: "dataset autodiff onnx unet loss optimizer augment metrics runtime predict",
  plan: "dataset unet",
  passport: "volume metrics",
  apply: "dataset predict passport",
  report: "metrics plot train",
  learn: "train plan passport report",
  index:
    "core nifti volume edit formats dataset graph autodiff onnx unet loss optimizer augment metrics plot runtime predict train plan passport apply report learn",
  node: "index",
  browser: "index",
  server: "node",
  cluster: "node",
  cli: "node server cluster",
};
/** Folders that may use Node. */
const ON_NODE = new Set(["node", "server", "cluster", "cli"]);

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const SOURCE = join(ROOT, "src");

/** Everything that a folder may import. */
function allowed(folder: string): ReadonlySet<string> {
  const found = new Set<string>(["core", folder]);
  const add = (name: string): void => {
    for (const next of (TABLE[name] ?? "").split(" ").filter((word) => word !== "")) {
      if (!found.has(next)) {
        found.add(next);
        add(next);
      }
    }
  };
  add(folder);
  return found;
}

/** Static and dynamic imports, types and re-exports, and imports in type position. */
function importsOf(text: string): readonly string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const statements = code.matchAll(/^\s*(?:import|export)\b[^;"'`]*?\bfrom\s*["']([^"']+)["']/gm);
  const bare = code.matchAll(/^\s*import\s*["']([^"']+)["']/gm);
  const dynamic = code.matchAll(/\bimport\s*\(\s*["'`]([^"'`]+)["'`]/g);
  return [...statements, ...bare, ...dynamic].map((match) => match[1]!);
}

const files = readdirSync(SOURCE, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith(".ts"))
  .sort();

/** The folder of a file in src; "index" for index.ts itself. */
function folderOf(path: string): string {
  return path.includes(sep) ? path.split(sep)[0]! : path.replace(/\.ts$/, "");
}

interface Import {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const imports: readonly Import[] = files.flatMap((file) =>
  importsOf(readFileSync(join(SOURCE, file), "utf8")).map((to) => ({ file, from: folderOf(file), to })),
);
const local = imports.filter(({ to }) => to.startsWith("."));
const targetOf = ({ file, to }: Import): string => relative(SOURCE, join(SOURCE, dirname(file), to));
const describeImport = (one: Import): string => `${one.file} imports ${one.to}`;

describe("importsOf()", () => {
  test("finds every kind of import and no comment", () => {
    const text = `
/** import { no } from "./comment.ts"; */
// import "./line.ts";
import a from "./a.ts";
import {
  type B,
  c,
} from './b.ts';
import "./c.ts";
export { d } from "./d.ts";
export * from "./e.ts";
import type { F } from "node:fs";
const g = await import("./g.ts");
type H = import("./h.ts").H;
export const from = "./not.ts";
`;
    expect(importsOf(text)).toEqual([
      "./a.ts",
      "./b.ts",
      "./d.ts",
      "./e.ts",
      "node:fs",
      "./c.ts",
      "./g.ts",
      "./h.ts",
    ]);
  });
});

describe("src", () => {
  test("is read in full", () => {
    expect(files.length).toBeGreaterThan(100);
    expect(local.length).toBeGreaterThan(files.length);
  });

  test("has only folders of the table", () => {
    expect([...new Set(files.map(folderOf))].filter((folder) => !(folder in TABLE))).toEqual([]);
  });

  test("imports go one way", () => {
    const wrong = local.filter((one) => !allowed(one.from).has(folderOf(targetOf(one))));
    expect(wrong.map(describeImport)).toEqual([]);
  });

  test("local imports name a file that exists, with its ending", () => {
    const known = new Set(files);
    expect(local.filter((one) => !known.has(targetOf(one))).map(describeImport)).toEqual([]);
  });

  test("nothing but node, server, cluster and cli imports Node's modules or what is built on them", () => {
    const onNode = /^(node:|onnxruntime-node$|cli-progress$|commander$|yaml$)/;
    const wrong = imports.filter(({ from, to }) => !ON_NODE.has(from) && onNode.test(to));
    expect(wrong.map(describeImport)).toEqual([]);
    const bare = imports.filter(({ to }) => /^(fs|path|os|crypto|zlib|url|process|buffer)(\/|$)/.test(to));
    expect(bare.map(describeImport)).toEqual([]);
  });

  test("packages are dependencies of ours", () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const wrong = imports.filter(({ to }) => {
      if (to.startsWith(".") || to.startsWith("node:")) return false;
      const name = to
        .split("/")
        .slice(0, to.startsWith("@") ? 2 : 1)
        .join("/");
      return !(name in dependencies);
    });
    expect(wrong.map(describeImport)).toEqual([]);
  });

  test("the core is compiled with neither Node's nor the DOM's types", () => {
    const core = JSON.parse(readFileSync(join(ROOT, "tsconfig.core.json"), "utf8"));
    expect(core.compilerOptions.lib).toEqual(["es2023", "webworker"]);
    expect(core.compilerOptions.types).toEqual([]);
    expect(core.include).toEqual(["src"]);
    expect([...core.exclude].sort()).toEqual([...ON_NODE, "browser"].map((name) => `src/${name}`).sort());
    // A file could bring them back with a directive of its own.
    const directives = files.filter((file) =>
      /^\s*\/\/\/\s*<reference/m.test(readFileSync(join(SOURCE, file), "utf8")),
    );
    expect(directives).toEqual([]);
  });
});
