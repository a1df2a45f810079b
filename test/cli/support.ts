/** The command line in this process, tiny models and folders to run it on. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, vi } from "vitest";
import { main } from "../../src/cli/main.ts";
import { type ModelCard, PLAIN_INFERENCE, PLAIN_INPUT } from "../../src/predict/card.ts";
import { NO_CARD_PARTS } from "../../src/predict/card-parts.ts";
import { exportModel } from "../../src/predict/export.ts";
import { specifyNetwork } from "../../src/unet/network.ts";
import { initialParameters, initialStatistics } from "../../src/unet/parameters.ts";
import { presets } from "../../src/unet/presets.ts";
import { HIPMRI_LABELS } from "../../src/volume/volume.ts";
import type { Files } from "../support/data-folder.ts";

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs main() and gathers what it writes. */
export async function hipmri(...argv: readonly string[]): Promise<CliResult> {
  let stdout = "";
  let stderr = "";
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
      stdout += String(chunk);
      return true;
    }),
    vi.spyOn(process.stderr, "write").mockImplementation((chunk) => {
      stderr += String(chunk);
      return true;
    }),
  ];
  try {
    return { code: await main(argv), stdout, stderr };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** A folder that is removed after the test file; nothing is cached outside it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "hipmri-cli-"));
  process.env.HIPMRI_CACHE = join(folder, ".cache");
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files as of test/support/data-folder.ts. @returns the folder */
export function writeFiles(folder: string, files: Files): string {
  mkdirSync(folder, { recursive: true });
  for (const [path, bytes] of Object.entries(files)) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes);
  }
  return folder;
}

/** Every file below a folder, sorted; none where it is missing. */
export function filesBelow(folder: string): readonly string[] {
  try {
    const items = readdirSync(folder, { recursive: true, withFileTypes: true });
    return items
      .filter((item) => item.isFile())
      .map((item) => join(item.parentPath, item.name))
      .sort();
  } catch {
    return [];
  }
}

const UNET = { ...presets.pelvis, levels: 1, baseWidth: 4, classes: HIPMRI_LABELS.length };

export const TINY_CARD: ModelCard = {
  format: 1,
  version: "0.1.0",
  preset: "pelvis",
  unet: UNET,
  labels: HIPMRI_LABELS,
  input: { mode: "pad", normalise: "zscore", over: "slice", canvas: { width: 8, height: 6 }, ...PLAIN_INPUT },
  inference: PLAIN_INFERENCE,
  trainedOn: "nothing",
  synthetic: true,
  seed: 0,
  steps: 0,
  patients: { train: 1, validate: 1, test: 1 },
  validation: { foregroundMeanDice: null, convention: "none" },
  intendedUse: "Tests",
  ...NO_CARD_PARTS,
};

/** An untrained model: its masks are nonsense, but always the same. */
export function tinyModel(
  input: Partial<ModelCard["input"]> = {},
  keepLargest: readonly number[] = [],
): Uint8Array {
  const channels = 1 + 2 * (input.neighbours ?? 0);
  const unet = { ...UNET, inChannels: channels };
  const spec = specifyNetwork(unet, [1, channels, 6, 8]);
  const parameters = initialParameters(spec.parameters, { seed: 3, initialisation: "he" });
  const inference = { ...TINY_CARD.inference, keepLargest };
  const card = { ...TINY_CARD, unet, inference, input: { ...TINY_CARD.input, ...input } };
  return exportModel(card, spec, { parameters, statistics: initialStatistics(spec.statistics) });
}
