import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { withInterrupt } from "../../src/cli/interrupt.ts";
import { gzip } from "../../src/node/inflate.ts";
import * as info from "../../src/node/workflows/info.ts";
import { niftiBytes } from "../support/data-folder.ts";
import { filesBelow, hipmri, temporaryFolder, tinyModel, writeFiles } from "./support.ts";

const folder = temporaryFolder();
const VERBS = [
  "demo",
  "phantom",
  "check",
  "convert",
  "train",
  "evaluate",
  "score",
  "compare",
  "predict",
  "merge",
  "quantise",
  "info",
  "serve",
  "submit",
  "devices",
];
const VERB_LIST = `Verbs: ${VERBS.join(", ")}`;
const usage = (message: string, hint?: string) => ({
  code: 2,
  stdout: "",
  stderr: `error: ${message}\n${hint === undefined ? "" : `hint: ${hint}\n`}`,
});

describe("help and version", () => {
  test("--version prints the package's version", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(await hipmri("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  test("--help has one line and one example for each verb", async () => {
    const { code, stdout, stderr } = await hipmri("--help");
    expect([code, stderr]).toEqual([0, ""]);
    for (const verb of VERBS) {
      expect(stdout.match(new RegExp(`^  ${verb} +\\S`, "gm"))).toHaveLength(1);
      expect(stdout).toContain(`$ hipmri ${verb}`);
    }
  });

  test.each(VERBS)("%s --help has an example and every common flag", async (verb) => {
    const { code, stdout, stderr } = await hipmri(verb, "--help");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(`Usage: hipmri ${verb} `);
    expect(stdout).toContain(`  $ hipmri ${verb}`);
    expect(stdout).toContain("--json");
    expect(stdout).toContain("--quiet");
    expect((await hipmri("help", verb)).stdout).toBe(stdout);
  });
});

describe("wrong usage ends with 2 and says what is right:", () => {
  test("no verb", async () => {
    expect(await hipmri()).toEqual(usage("No verb was given", `${VERB_LIST}; "hipmri --help" tells more`));
  });

  test("a mistyped verb", async () => {
    expect(await hipmri("trian", "data")).toEqual(
      usage('Unknown verb "trian"', `Did you mean "train"? ${VERB_LIST}`),
    );
  });

  test("a verb that does not exist yet", async () => {
    expect(await hipmri("register")).toEqual(usage('Unknown verb "register"', VERB_LIST));
  });

  test("a mistyped flag", async () => {
    expect(await hipmri("train", "data", "--out", "run", "--epoch", "3")).toEqual(
      usage('Unknown option "--epoch"', 'Did you mean "--epochs"? "hipmri train --help" tells the flags'),
    );
  });

  test("too few and too many arguments", async () => {
    const hint = '"hipmri info --help" tells the flags';
    expect(await hipmri("info")).toEqual(usage('Missing required argument "file"', hint));
    expect(await hipmri("info", "a", "b")).toEqual(
      usage('Too many arguments for "info". Expected 1 argument but got 2', hint),
    );
  });

  test.each([
    [["train", "data"], "--out is needed: the run folder to make", "Add --out"],
    [["evaluate", "run", "data"], "--out is needed: where the results go", "Add --out"],
    [["predict", "run", "x.nii"], "--out is needed: where the masks go", "Add --out"],
    [["train", "d", "--epochs", "1.5"], '--epochs must be a whole number >= 1, got "1.5"', undefined],
    [["train", "d", "--minutes", "0"], '--minutes must be a number > 0, got "0"', undefined],
    [["train", "d", "--seed", "-1"], '--seed must be a whole number >= 0, got "-1"', undefined],
    [
      ["train", "d", "--preset", "pelvs"],
      '--preset must be one of pelvis, seed, ronneberger, sakboonyara, ptrblck, kaggle, got "pelvs"',
      'Did you mean "pelvis"?',
    ],
    [
      ["train", "d", "--out", "r", "--epochs", "1", "--minutes", "2"],
      'Option "--epochs <n>" cannot be used with option "--minutes <n>"',
      '"hipmri train --help" tells the flags',
    ],
    [
      ["train", "d", "--device", "tpu"],
      '--device must be one of cpu, webgpu, cuda, got "tpu"',
      'Did you mean "cpu"?',
    ],
    [
      ["evaluate", "r", "d", "--out", "o", "--split", "tset"],
      '--split must be one of train, validate, test, all, got "tset"',
      'Did you mean "test"?',
    ],
    [["phantom", "p", "--patients", "2"], '--patients must be a whole number >= 3, got "2"', undefined],
  ] as const)("%j", async (argv, message, hint) => {
    expect(await hipmri(...argv)).toEqual(usage(message, hint));
  });

  test("--json prints the error as a document too", async () => {
    const { code, stdout, stderr } = await hipmri("--json", "trian");
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: "usage",
        message: 'Unknown verb "trian"',
        hint: `Did you mean "train"? ${VERB_LIST}`,
        problems: [],
      },
    });
    expect(stderr).toContain('error: Unknown verb "trian"');
  });
});

describe("info", () => {
  const at = join("test", "fixtures", "nifti", "uint8_little.nii.gz");

  test("prints an aligned table", async () => {
    expect(await hipmri("info", at)).toEqual({
      code: 0,
      stderr: "",
      stdout: `Image        ${at}
Format       NIfTI-1
Shape        5 x 4 x 3
Spacing      1.5 x 2 x 3 mm
Orientation  LPS
Affine       from sform
              -1.228728    1.077971   0.5885241  -12.5
             -0.8603647   -1.539502  -0.8404995  30.25
                      0  -0.6840403    2.819078      7
                      0           0           0      1
Type         uint8
Scale        slope 1, intercept 0
`,
    });
  });

  test("--json prints the contract's document and nothing else", async () => {
    const { code, stdout, stderr } = await hipmri("info", at, "--json");
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toEqual(await info.describeFile(at));
  });

  test("of a model prints its card", async () => {
    const run = writeFiles(join(folder, "run"), { "model.onnx": tinyModel() });
    const { code, stdout } = await hipmri("info", run);
    expect(code).toBe(0);
    expect(stdout).toContain("Labels      0 background, 1 body, 2 bone, 3 bladder, 4 rectum, 5 prostate\n");
    expect(stdout).toContain("Trained on  SYNTHETIC data: nothing\n");
    expect(JSON.parse((await hipmri("info", run, "--json")).stdout)).toMatchObject({
      kind: "model",
      preset: "pelvis",
    });
  });

  test("of a missing file ends with 1", async () => {
    expect(await hipmri("info", "nothing.nii")).toEqual({
      code: 1,
      stdout: "",
      stderr: 'error: Cannot read "nothing.nii": there is no such file\nhint: Check the path\n',
    });
  });
});

describe("phantom", () => {
  test("writes a data set and says that it is synthetic", async () => {
    const out = join(folder, "phantom");
    const { code, stdout, stderr } = await hipmri("phantom", out, "--patients", "3", "--quiet");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toBe(`Written   ${out}: 289 files, 144 slices, 6 volumes
Patients  1 train, 1 validate, 1 test: all SYNTHETIC (seed 1)
Next      hipmri train ${out} --out runs/phantom --minutes 2
`);
    expect(filesBelow(out)).toHaveLength(289);
    expect((await hipmri("phantom", out)).code).toBe(2);
  });
});

describe("predict", () => {
  const image = (bad = false) =>
    niftiBytes({ shape: [8, 6], value: (i) => (bad ? Number.NaN : (i * 7) % 11) });

  test("prints volumes and files, with progress on stderr only", async () => {
    const at = writeFiles(join(folder, "predict"), {
      "model.onnx": tinyModel(),
      "in/a.nii.gz": gzip(image()),
    });
    const argv = [
      "predict",
      join(at, "model.onnx"),
      join(at, "in"),
      "--out",
      join(at, "out"),
      "--threads",
      "1",
    ];
    const { code, stdout, stderr } = await hipmri(...argv);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^mask \(volumes in ml\) +body +bone +bladder +rectum +prostate\n/);
    expect(stdout).toContain("\nPassport  none: the model carries no fingerprint");
    expect(stdout).toMatch(/\nFiles +1 mask\n/);
    const warning =
      "warning: The model was trained on SYNTHETIC data: its masks of real scans mean nothing\n";
    expect(stderr).toBe(`${warning}Segmenting 100 % 1/1\n`);
    const quiet = await hipmri(...argv, "--json", "--quiet");
    expect(quiet.stderr).toBe(warning);
    expect(JSON.parse(quiet.stdout)).toMatchObject({
      outputs: [{ input: join(at, "in", "a.nii.gz"), mask: join(at, "out", "a.nii.gz"), warnings: [] }],
      failures: [],
    });
  });

  test("ends with 1 when one image of two fails, in one JSON document", async () => {
    const at = writeFiles(join(folder, "half"), {
      "model.onnx": tinyModel(),
      "a.nii": image(true),
      "b.nii": image(),
    });
    const { code, stdout, stderr } = await hipmri(
      "predict",
      join(at, "model.onnx"),
      at,
      "--out",
      join(at, "out"),
      "--json",
    );
    expect(code).toBe(1);
    const document = JSON.parse(stdout);
    const message = `Cannot use image "${at}/a.nii": intensities must be finite, got NaN at voxel [0, 0] (48 voxels that are NaN or infinite)`;
    expect(document.outputs).toHaveLength(1);
    expect(document.failures).toMatchObject([
      { input: join(at, "a.nii"), error: { code: "bad-image", message } },
    ]);
    expect(document.error.message).toBe(message);
    expect(stderr).toContain(`error: ${message}\nhint: `);
    expect(filesBelow(join(at, "out"))).toEqual([join(at, "out", "b.nii.gz")]);
  });
});

describe("our own bug", () => {
  test("ends with 70, the stack and how to report it", async () => {
    const run = writeFiles(join(folder, "bug"), { "model.onnx": tinyModel() });
    const spy = vi.spyOn(Number.prototype, "toLocaleString").mockImplementation(() => {
      throw new TypeError("no such property");
    });
    let result: Awaited<ReturnType<typeof hipmri>>;
    try {
      result = await hipmri("info", run);
    } finally {
      spy.mockRestore();
    }
    expect(result.code).toBe(70);
    expect(result.stdout).toBe("");
    expect(result.stderr).toMatch(/^internal error: TypeError: no such property\n/);
    expect(result.stderr).toMatch(/\n {4}at /);
    expect(result.stderr).toMatch(
      /\nhint: this is a bug of hipmri-unet \S+ \(Node \S+, \w+\); please report it/,
    );
  });
});

describe("withInterrupt()", () => {
  test("the first Ctrl-C aborts the signal, the second ends the process with 130", async () => {
    const exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const before = process.listenerCount("SIGINT");
    try {
      await withInterrupt(async (signal) => {
        expect(signal.aborted).toBe(false);
        process.emit("SIGINT");
        expect(signal.aborted).toBe(true);
        expect(exit).not.toHaveBeenCalled();
        process.emit("SIGINT");
        expect(exit).toHaveBeenCalledWith(130);
      });
      expect(write.mock.calls.join("")).toContain("Ctrl-C again stops at once");
    } finally {
      exit.mockRestore();
      write.mockRestore();
    }
    expect(process.listenerCount("SIGINT")).toBe(before);
  });
});
