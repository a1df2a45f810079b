/** How the card of a model reads in the terminal; images are in main.test.ts. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { replaceMetadata } from "../../src/onnx/model.ts";
import { cardMetadata, type ModelCard } from "../../src/predict/card.ts";
import { FULL_PARTS } from "../support/model-card.ts";
import { hipmri, TINY_CARD, temporaryFolder, tinyModel, writeFiles } from "./support.ts";

const folder = temporaryFolder();

function writeModel(name: string, changes: Partial<ModelCard>): string {
  const bytes = replaceMetadata(tinyModel(), cardMetadata({ ...TINY_CARD, ...changes }));
  return join(writeFiles(folder, { [name]: bytes }), name);
}

test("info shows what was measured and on whom, the limits, the licence and the hashes", async () => {
  const path = writeModel("full.onnx", FULL_PARTS);
  const { code, stdout } = await hipmri("info", path);
  expect(code).toBe(0);
  expect(stdout).toContain(`
Validation  2 patients, 3 volumes   Dice         95 %  HD95 mm  missed  false alarms
            body                   0.900  0.850-0.950      4.3       0             1
            prostate                   -            -        -       3             0
            all labels             0.750  0.700-0.800
            The best epoch was chosen by the validation patients: on new patients expect somewhat
              less
Measured    Dice as it should be
Test data   The test patients were not looked at before the model was final
`);
  expect(stdout).toContain("Licence     of the training data: CC BY 4.0\n");
  expect(stdout).toContain("Limits      - Sees one slice at a time\n");
  expect(stdout).toContain("Trained on  SYNTHETIC data: nothing\n");
  expect(stdout).toMatch(/^SHA-256 {5}[0-9a-f]{64}$/m);
  expect(stdout).toContain(`Data        ${FULL_PARTS.data!.digest}\n`);
  expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
});

test("info marks a model whose test patients were seen too early", async () => {
  const testSeen = { during: "training", note: "Somebody looked" } as const;
  const { stdout } = await hipmri("info", writeModel("seen.onnx", { ...FULL_PARTS, testSeen }));
  expect(stdout).toContain("\nMIND        Somebody looked\n");
});

test("info of a model of an earlier version shows what it has", async () => {
  const validation = { foregroundMeanDice: 0.5, convention: "Hard Dice" };
  const { code, stdout } = await hipmri("info", writeModel("old.onnx", { validation }));
  expect(code).toBe(0);
  expect(stdout).toContain(
    "Validation  foreground mean Dice 0.5000, while training\n            Hard Dice\nTest data   The model does not say",
  );
  expect(stdout).not.toContain("Limits");
});

test("--markdown prints the card as a page, --json all of it", async () => {
  const path = writeModel("page.onnx", FULL_PARTS);
  const page = await hipmri("info", path, "--markdown");
  expect(page.stdout).toMatch(/^# Model card: body, bone, bladder, rectum, prostate\n/);
  expect(page.stdout).toMatch(/[^\n]\n$/);
  const json = JSON.parse((await hipmri("info", path, "--json")).stdout);
  expect(json).toMatchObject({ kind: "model", ...FULL_PARTS });
});

test("--markdown of an image is a wrong use", async () => {
  const image = new URL("../fixtures/nifti/flat_16x8.nii.gz", import.meta.url).pathname;
  const { code, stdout, stderr } = await hipmri("info", image, "--markdown");
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(`Cannot print "${image}" with --markdown: only models have a card`);
});
