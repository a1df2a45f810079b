import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseSetting, readTrainConfig } from "../../src/node/workflows/config-file.ts";
import { presetConfig } from "../../src/train/recipes.ts";
import { rejection } from "../support/data-folder.ts";
import { filesBelow, hipmri, temporaryFolder } from "./support.ts";

const folder = temporaryFolder();
let made = 0;

function file(text: string): string {
  const path = join(folder, `config${made++}.yaml`);
  writeFileSync(path, text);
  return path;
}

const MEND = "Mend all of them and run again; config.json of any run shows every key with a working value";

describe("readTrainConfig()", () => {
  test("without anything is the default preset's", async () => {
    expect(await readTrainConfig({})).toEqual(presetConfig("pelvis"));
  });

  test("lays the file over the preset, --set over the file and flags over both", async () => {
    const path = file("preset: seed\nbatchSize: 2\nseed: 3\noptimizer:\n  momentum: 0.5\n");
    const config = await readTrainConfig({
      file: path,
      set: ["seed=4", "optimizer.kind=adam", "shuffle=false"],
      flags: { seed: 5 },
    });
    const preset = presetConfig("seed");
    expect(config).toEqual({
      ...preset,
      batchSize: 2,
      seed: 5,
      shuffle: false,
      optimizer: { ...preset.optimizer, kind: "adam", momentum: 0.5 },
    });
  });

  test("a preset on the command line replaces the file's", async () => {
    const config = await readTrainConfig({ file: file("preset: seed\n"), flags: { preset: "kaggle" } });
    expect(config).toEqual(presetConfig("kaggle"));
  });

  test("a length of training replaces that of a lower layer, whatever its unit", async () => {
    const path = file("minutes: 10\n");
    expect(await readTrainConfig({ file: path })).toMatchObject({ minutes: 10, epochs: null });
    expect(await readTrainConfig({ file: path, flags: { epochs: 3 } })).toMatchObject({
      minutes: null,
      epochs: 3,
      steps: null,
    });
    expect(await readTrainConfig({ file: path, set: ["steps=7"] })).toMatchObject({
      minutes: null,
      steps: 7,
    });
  });

  test("of a resumed run is the run's own, with what is asked for laid over it", async () => {
    const stored = { ...presetConfig("seed"), epochs: 4, steps: 40, seed: 9 };
    writeFileSync(join(folder, "config.json"), JSON.stringify(stored));
    expect(await readTrainConfig({ resumed: folder })).toEqual(stored);
    expect(await readTrainConfig({ resumed: folder, flags: { seed: 1 } })).toEqual({ ...stored, seed: 1 });
    expect(await readTrainConfig({ resumed: join(folder, "new") })).toEqual(presetConfig("pelvis"));
  });

  test("the example reads", async () => {
    const config = await readTrainConfig({ file: "examples/seed-recipe.yaml" });
    expect(config).toMatchObject({ preset: "seed", shuffle: false, input: { normalise: "none" } });
  });
});

describe("a configuration with mistakes", () => {
  test("lists all three, with their lines", async () => {
    const path = file("optimiser:\n  kind: sgd\nschedule:\n  learningRate: -1\nbatchSize: four\n");
    expect(await hipmri("train", "data", "--out", join(folder, "run"), "--config", path)).toEqual({
      code: 1,
      stdout: "",
      stderr: `error: Cannot use configuration "${path}": 3 problems
  - optimiser: unknown, did you mean "optimizer"? (line 1)
  - schedule.learningRate: Too small: expected number to be >0 (line 4)
  - batchSize: Invalid input: expected number, received string (line 5)
hint: ${MEND}
`,
    });
    expect(filesBelow(join(folder, "run"))).toEqual([]);
  });

  test("names no line for what --set has replaced", async () => {
    const path = file("batchSize: 8\nunet:\n  block: [conv, nrom]\n");
    expect(await rejection(readTrainConfig({ file: path, set: ["batchSize=many"] }))).toMatchObject({
      code: "config",
      message: `Cannot use configuration "${path}" with --set batchSize=many: 2 problems`,
      problems: [
        'unet.block.1: Invalid option: expected one of "conv"|"norm"|"activation"|"dropout" (line 3)',
        "batchSize: Invalid input: expected number, received string",
      ],
    });
  });

  test("in --set alone is told with the settings", async () => {
    expect(await rejection(readTrainConfig({ set: ["unet.levls=3"] }))).toEqual({
      code: "config",
      message: "Cannot use --set unet.levls=3: 1 problem",
      problems: ['unet.levls: unknown, did you mean "unet.levels"?'],
      hint: MEND,
    });
  });

  test("in its syntax is told with line and column", async () => {
    const path = file("seed: 1\nseed: 2\nunet: [1\n");
    expect(await rejection(readTrainConfig({ file: path }))).toEqual({
      code: "config",
      message: `Cannot read configuration "${path}": it is not valid YAML`,
      problems: [
        "line 2, column 1: Map keys must be unique",
        "line 4, column 1: Flow sequence in block collection must be sufficiently indented and end with a ]",
      ],
      hint: 'Write one "key: value" a line, nested keys indented by spaces',
    });
  });

  test("in its aliases is told, and so are aliases that would fill the memory", async () => {
    const unresolved = file("seed: *x\n");
    expect(await rejection(readTrainConfig({ file: unresolved }))).toEqual({
      code: "config",
      message: `Cannot read configuration "${unresolved}": Unresolved alias (the anchor must be set before the alias): x`,
      hint: 'Write the value itself instead of an alias ("*name"), or put a text that starts with "*" into quotes',
      problems: [],
    });
    const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(10)}]\n`);
    const excessive = file(`l0: &l0 [1]\n${levels.join("")}`);
    expect(await rejection(readTrainConfig({ file: excessive }))).toMatchObject({
      code: "config",
      message: `Cannot read configuration "${excessive}": Excessive alias count indicates a resource exhaustion attack`,
    });
  });

  test.each(["constructor", "toString", "__proto__"])("may name a preset called %s", async (name) => {
    expect(await rejection(readTrainConfig({ set: [`preset=${name}`] }))).toMatchObject({
      code: "config",
      message: `Cannot use --set preset=${name}: 1 problem`,
      problems: [expect.stringContaining("preset: Invalid option")],
    });
    expect(await rejection(readTrainConfig({ file: file(`preset: ${name}\n`) }))).toMatchObject({
      problems: [expect.stringMatching(/^preset: Invalid option.* \(line 1\)$/)],
    });
  });

  test("may have a key called constructor", async () => {
    expect(await rejection(readTrainConfig({ file: file("constructor: 1\n") }))).toMatchObject({
      problems: [expect.stringMatching(/^constructor: unknown; .* \(line 1\)$/)],
    });
  });

  test("may not be a list or a word", async () => {
    for (const text of ["- seed\n", "seed\n"]) {
      const path = file(text);
      expect((await rejection(readTrainConfig({ file: path }))).message).toBe(
        `Cannot use configuration "${path}": expected keys with values, found none`,
      );
    }
    expect(await readTrainConfig({ file: file("# nothing yet\n") })).toEqual(presetConfig("pelvis"));
  });

  test("must be there", async () => {
    expect((await rejection(readTrainConfig({ file: join(folder, "no.yaml") }))).code).toBe("not-found");
  });
});

describe("parseSetting()", () => {
  test.each([
    ["seed=3", { seed: 3 }],
    ["a.b.c=true", { a: { b: { c: true } } }],
    ["a=x=y", { a: "x=y" }],
    ["a=", { a: null }],
    ["a=null", { a: null }],
    ['a="3"', { a: "3" }],
    ["unet.block=[conv, norm]", { unet: { block: ["conv", "norm"] } }],
  ])("reads %s", (text, expected) => {
    expect(parseSetting(text)).toEqual(expected);
  });

  test.each(["seed", "=3", "a..b=1", ".a=1"])("refuses %s", async (text) => {
    expect(await rejection(Promise.resolve().then(() => parseSetting(text)))).toEqual({
      code: "usage",
      message: `--set must be "key=value" with a dotted key, got "${text}"`,
      hint: "For instance --set optimizer.kind=sgd",
      problems: [],
    });
  });

  test.each([
    ['a="x', 'Missing closing "quote'],
    ["seed=*x", "Unresolved alias (the anchor must be set before the alias): x"],
  ])("refuses %s, a value that is no YAML", async (text, reason) => {
    expect(await rejection(Promise.resolve().then(() => parseSetting(text)))).toEqual({
      code: "config",
      message: `Cannot read the value of --set "${text}": ${reason}`,
      hint: "Put a text with special characters into quotes",
      problems: [],
    });
  });
});
