import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { isOnPath, submitScripts } from "../../src/cluster/sbatch.ts";
import type { Script } from "../../src/cluster/slurm.ts";

const folder = mkdtempSync(join(tmpdir(), "hipmri-sbatch-"));
const log = join(folder, "log");
const path = process.env.PATH ?? "";
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  process.env.PATH = `${folder}${delimiter}${path}`;
  writeFileSync(log, "");
});
afterEach(() => {
  process.env.PATH = path;
});

/** Puts a stand-in for sbatch on the PATH: a script that finds how often it was called in $n. */
function standIn(script: string): void {
  writeFileSync(
    join(folder, "sbatch"),
    `#!/bin/sh\necho "$@" >>${log}\nn=$(wc -l <${log} | tr -d ' ')\n${script}\n`,
  );
  chmodSync(join(folder, "sbatch"), 0o755);
}

const SCRIPTS: readonly Script[] = [
  { stage: "predict", file: "1-predict.sh", text: "", after: undefined },
  { stage: "merge", file: "2-merge.sh", text: "", after: "predict" },
];

describe("submitScripts()", () => {
  test("hands the scripts over in order, the later one waiting for the earlier one's job", async () => {
    standIn('echo "10$n"');
    expect(await submitScripts("masks/submit", SCRIPTS)).toEqual([
      { stage: "predict", id: "101" },
      { stage: "merge", id: "102" },
    ]);
    expect(readFileSync(log, "utf8")).toBe(
      "--parsable masks/submit/1-predict.sh\n--parsable --dependency=afterany:101 masks/submit/2-merge.sh\n",
    );
  });

  test("a federation's cluster behind the number is none of the number", async () => {
    standIn('echo "7;north"');
    expect((await submitScripts(".", SCRIPTS.slice(0, 1)))[0]!.id).toBe("7");
  });

  test("tells SLURM's own words where it refuses, and what to give", async () => {
    standIn('echo "sbatch: error: invalid partition specified: cpu" >&2; exit 1');
    await expect(submitScripts("masks/submit", SCRIPTS)).rejects.toMatchObject({
      code: "usage",
      message: 'SLURM does not take "1-predict.sh": sbatch: error: invalid partition specified: cpu',
      hint: expect.stringContaining("--partition"),
    });
  });

  test("tells where none can be asked", async () => {
    standIn(
      'echo "sbatch: error: fetch_config: DNS SRV lookup failed" >&2; echo "sbatch: fatal: Could not establish a configuration source" >&2; exit 1',
    );
    await expect(submitScripts("masks/submit", SCRIPTS)).rejects.toMatchObject({
      hint: expect.stringMatching(/^No SLURM controller answers here/),
    });
  });

  test("tells which jobs are queued already where a later one is refused", async () => {
    standIn('[ "$n" = 1 ] && echo 55 && exit 0; echo "no" >&2; exit 1');
    await expect(submitScripts("x", SCRIPTS)).rejects.toMatchObject({
      hint: "Earlier stages are queued already: cancel them with scancel 55",
    });
  });

  test("does not take any text for a number", async () => {
    standIn("echo Welcome");
    await expect(submitScripts("x", SCRIPTS)).rejects.toThrow('sbatch printed "Welcome"');
  });
});

test("isOnPath()", () => {
  standIn("");
  expect(isOnPath("sbatch")).toBe(true);
  expect(isOnPath("sbatch", "")).toBe(false);
  expect(isOnPath("no-such-program")).toBe(false);
});
