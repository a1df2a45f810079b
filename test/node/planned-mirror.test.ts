import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Affine } from "../../src/nifti/affine.ts";
import { prepare } from "../../src/node/workflows/prepare.ts";
import { resolveConfig } from "../../src/train/recipes.ts";
import { niftiBytes } from "../support/data-folder.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hipmri-mirror-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The file's first axis runs to the front, its second to the left: not as the network sees them. */
const TURNED: Affine = [
  [0, -1, 0, 0],
  [1, 0, 0, 0],
  [0, 0, 1, 0],
  [0, 0, 0, 1],
];
const [ACROSS_X, ACROSS_Y, DEPTH] = [10, 16, 2];

/** Twelve patients and one without labels; label 2 lies a good way along one of the file's axes from label 1. */
async function makeData(name: string, apartAlong: 0 | 1): Promise<string> {
  const data = join(folder, name);
  for (const kind of ["imagesTr", "labelsTr"]) await mkdir(join(data, kind), { recursive: true });
  const shape = [ACROSS_X, ACROSS_Y, DEPTH];
  for (let patient = 0; patient < 13; patient++) {
    const label = (at: number): number => {
      const [x, y] = [at % ACROSS_X, Math.floor(at / ACROSS_X) % ACROSS_Y];
      const [along, beside] = apartAlong === 0 ? [x, y] : [y, x];
      const isInside = beside >= 3 && beside < 6;
      if (patient === 12 || !isInside) return 0;
      return along === 2 + (patient % 2) ? 1 : along === 7 ? 2 : 0;
    };
    const file = `patient${patient}.nii`;
    const common = { shape, affine: TURNED };
    const image = niftiBytes({ ...common, value: (at) => (at % 7) + patient / 8 });
    await writeFile(join(data, "imagesTr", file), image);
    await writeFile(join(data, "labelsTr", file), niftiBytes({ ...common, dtype: "uint8", value: label }));
  }
  return data;
}

async function planFor(data: string) {
  const config = resolveConfig({ steps: 1, split: { testFraction: 0 } }, "a test");
  const stderr = { isTTY: false, write: () => true } as unknown as NodeJS.WriteStream;
  const options = { data, test: false, quiet: true, stderr, warn: () => undefined };
  const { config: fitted, plan } = await prepare(options, config, undefined);
  const reason = plan.reasons.find(({ key }) => key === "augment.mirror");
  return { mirror: fitted.augment.mirror, because: reason?.because, size: fitted.input.size };
}

describe("mirroring is planned from masks as the network sees them", () => {
  test("off where labels keep their sides", async () => {
    expect(await planFor(await makeData("sided", 1))).toEqual({
      mirror: { width: false, height: false },
      because: "label_1 lies always on the same side of label_2",
      size: { width: ACROSS_Y, height: ACROSS_X },
    });
  });

  test("on where one lies always before the other", async () => {
    expect(await planFor(await makeData("before", 0))).toMatchObject({
      mirror: { width: true, height: false },
      because: "along the axis from side to side",
    });
  });
});
