import { type ChildProcess, spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const REPO = dirname(dirname(fileURLToPath(import.meta.url)));
let copy = "";

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function node(args: readonly string[]): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn(process.execPath, args, { cwd: tmpdir() });
    let stdout = "";
    let stderr = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}
const hipmri = (...args: readonly string[]): Promise<Result> =>
  node([join(copy, "bin", "hipmri.js"), ...args]);

function writeMain(body: string): void {
  writeFileSync(
    join(copy, "src", "cli", "main.ts"),
    `import { word } from "../word.ts";\nexport async function main(argv: readonly string[]): Promise<number> {\n${body}\n}\n`,
  );
}
const GOOD = '  console.log(word, argv.join(","));\n  return argv.length;';

// A small house with the real bin/ and the real compiler settings.
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "hipmri-bin-"));
  for (const name of ["bin", "package.json", "tsconfig.base.json", "tsconfig.build.json"]) {
    cpSync(join(REPO, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(REPO, "node_modules"), join(copy, "node_modules"));
  mkdirSync(join(copy, "src", "cli"), { recursive: true });
  writeFileSync(join(copy, "src", "word.ts"), 'export const word: string = "one";\n');
  writeMain(GOOD);
});
afterAll(() => rmSync(copy, { recursive: true }));

/** What a finished build leaves behind. */
function expectTidy(): void {
  expect(readdirSync(join(copy, ".cache"))).toEqual([]);
  expect(existsSync(join(copy, "dist", "cli", "main.js"))).toBe(true);
}

describe("bin/hipmri.js", () => {
  test("builds at first, also four at a time, and hands over arguments and exit code", async () => {
    const results = await Promise.all([1, 2, 3, 4].map(() => hipmri("a", "b", "c")));
    for (const { code, stdout, stderr } of results) {
      expect(stdout).toBe("one a,b,c\n");
      expect(stderr).toMatch(
        /^(hipmri: building dist\/ \((first run|the source has changed), about \d+ s\)…\n)?$/,
      );
      expect(code).toBe(3);
    }
    expect(results.some(({ stderr }) => stderr.includes("first run"))).toBe(true);
    expectTidy();
  });

  test("does not build again while nothing has changed", async () => {
    const builtAtMs = statSync(join(copy, "dist", "cli", "main.js")).mtimeMs;
    const now = new Date();
    utimesSync(join(copy, "src", "word.ts"), now, now);
    expect(await hipmri()).toEqual({ code: 0, stdout: "one \n", stderr: "" });
    expect(statSync(join(copy, "dist", "cli", "main.js")).mtimeMs).toBe(builtAtMs);
  });

  test("builds where a source has changed, even to one with an older date, and drops what has no source", async () => {
    writeFileSync(join(copy, "src", "extra.ts"), "export const extra = 1;\n");
    writeFileSync(join(copy, "src", "word.ts"), 'export const word: string = "two";\n');
    utimesSync(join(copy, "src", "word.ts"), new Date(0), new Date(0));
    const changed = await hipmri();
    expect(changed.stdout).toBe("two \n");
    expect(changed.stderr).toMatch(/^hipmri: building dist\/ \(the source has changed, about \d+ s\)…\n$/);
    expect(existsSync(join(copy, "dist", "extra.js"))).toBe(true);
    rmSync(join(copy, "src", "extra.ts"));
    expect((await hipmri()).stderr).toContain("the source has changed");
    expect(existsSync(join(copy, "dist", "extra.js"))).toBe(false);
    expectTidy();
  });

  test("exits 70 where the source does not compile, and leaves the old build alone", async () => {
    const before = readFileSync(join(copy, "dist", "cli", "main.js"), "utf8");
    writeMain("  return word;");
    const { code, stdout, stderr } = await hipmri();
    expect(code).toBe(70);
    expect(stdout).toBe("");
    expect(stderr).toContain("error TS2322: Type 'string' is not assignable to type 'number'");
    expect(stderr).toContain(
      "hipmri: Cannot build: the source does not compile (messages above)\nhint: mend it",
    );
    expect(readFileSync(join(copy, "dist", "cli", "main.js"), "utf8")).toBe(before);
    expectTidy();
    writeMain(GOOD);
  });

  test("an error that main() lets out is ours: 70", async () => {
    writeMain('  if (word !== argv[0]) throw new Error("internal: lost");\n  return 0;');
    const { code, stderr } = await hipmri();
    expect(code).toBe(70);
    expect(stderr).toContain("hipmri: internal error: Error: internal: lost\n    at main");
    writeMain(GOOD);
  });

  test("bin/build.js builds in any case", async () => {
    writeFileSync(join(copy, "dist", "left-over.js"), "");
    expect(await node([join(copy, "bin", "build.js")])).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(existsSync(join(copy, "dist", "left-over.js"))).toBe(false);
    expectTidy();
  });

  test("without an installed compiler it says what to install", async () => {
    const bare = mkdtempSync(join(tmpdir(), "hipmri-bare-"));
    for (const name of ["bin", "src", "package.json"]) {
      cpSync(join(copy, name), join(bare, name), { recursive: true });
    }
    const { code, stderr } = await node([join(bare, "bin", "hipmri.js")]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      `hipmri: Cannot build "${join(bare, "dist")}": TypeScript is not installed\nhint: run "npm ci" in "${bare}"\n`,
    );
    rmSync(bare, { recursive: true });
  });

  test("an installed package, which has no src/, is never built", async () => {
    const installed = mkdtempSync(join(tmpdir(), "hipmri-installed-"));
    for (const name of ["bin", "dist", "package.json"]) {
      cpSync(join(copy, name), join(installed, name), { recursive: true });
    }
    rmSync(join(installed, "dist", ".built"));
    const program = join(installed, "bin", "hipmri.js");
    expect(await node([program, "x"])).toEqual({ code: 1, stdout: "two x\n", stderr: "" });
    rmSync(join(installed, "dist"), { recursive: true });
    const without = await node([program, "x"]);
    expect(without.code).toBe(1);
    expect(without.stderr).toContain("found neither\nhint: install hipmri-unet again\n");
    rmSync(installed, { recursive: true });
  });

  test.each(["18.20.4", "20.18.3"])("says that Node %s is too old", async (version) => {
    const fake = `Object.defineProperty(process, "versions", { value: { node: "${version}" } })`;
    const result = await node([
      "--import",
      `data:text/javascript,${encodeURIComponent(fake)}`,
      join(copy, "bin", "hipmri.js"),
    ]);
    expect(result).toEqual({
      code: 1,
      stdout: "",
      stderr: `hipmri: Node 20.19 or newer is needed, this is ${version}\nhint: install a current Node from https://nodejs.org\n`,
    });
  });
});
