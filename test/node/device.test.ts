import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { chooseRuntime, tryDevice } from "../../src/node/device.ts";
import { makeTinyPhantom } from "../support/tiny-phantom.ts";

/** A WebGPU adapter in software, as Debian's Chromium brings it. */
const SOFTWARE = "/usr/lib/chromium/vk_swiftshader_icd.json";
const HIPMRI = join(import.meta.dirname, "../../bin/hipmri.js");
const env = existsSync(SOFTWARE) ? { ...process.env, VK_ICD_FILENAMES: SOFTWARE } : process.env;

/** In a process of its own: a driver that crashes takes no test with it. */
async function hipmri(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [HIPMRI, ...args], { env });
  return stdout;
}

interface Devices {
  readonly devices: readonly { readonly name: string; readonly isThere: boolean; readonly says: string }[];
}
const { devices } = JSON.parse(await hipmri("devices", "--json").catch(() => '{ "devices": [] }')) as Devices;
const isThere = (name: string): boolean => devices.some((each) => each.name === name && each.isThere);

test("the CPU is always there", async () => {
  expect(await tryDevice("cpu")).toMatchObject({ name: "cpu", isThere: true });
  expect((await chooseRuntime({ threads: 1 })).name).toMatch(/ cpu, 1 threads$/);
});

describe.skipIf(isThere("cuda"))("where CUDA is not installed", () => {
  test("it is said, and the CPU does the work", async () => {
    const warnings: string[] = [];
    const runtime = await chooseRuntime({
      device: "cuda",
      threads: 1,
      warn: (text) => void warnings.push(text),
    });
    expect(runtime.name).toMatch(/ cpu, 1 threads$/);
    expect(warnings).toEqual([
      "--device cuda cannot be used here: ONNX Runtime's libraries for CUDA are not installed; the CPU does the work",
    ]);
  });
});

describe.skipIf(!isThere("webgpu"))("where there is a WebGPU adapter", () => {
  test("twenty steps have the CPU's losses within a thousandth", { timeout: 120_000 }, async () => {
    const phantom = await makeTinyPhantom();
    try {
      const lossesOn = async (device: string): Promise<readonly number[]> => {
        const out = join(phantom.folder, device);
        const settings = [
          ...["steps=20", "stepsPerEpoch=20", "unet.levels=2", "unet.baseWidth=4", "batchSize=2"],
          ...["augment.strength=1", "input.size={ width: 16, height: 16 }", "threads=1"],
        ].flatMap((setting) => ["--set", setting]);
        await hipmri("train", phantom.data, "--out", out, "--device", device, "--quiet", ...settings);
        const lines = (await readFile(join(out, "log.jsonl"), "utf8")).trim().split("\n");
        return lines
          .map((line) => JSON.parse(line) as { kind: string; loss: number })
          .filter(({ kind }) => kind === "step")
          .map(({ loss }) => loss);
      };
      const [onCpu, onGpu] = [await lossesOn("cpu"), await lossesOn("webgpu")];
      expect(onGpu).toHaveLength(20);
      for (const [step, loss] of onCpu.entries()) {
        expect(Math.abs(onGpu[step]! - loss) / loss, `step ${step + 1}`).toBeLessThan(1e-3);
      }
    } finally {
      await phantom.remove();
    }
  });
});
