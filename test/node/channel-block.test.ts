import { expect, test } from "vitest";
import { findChannelBlock } from "../../src/node/channel-block.ts";
import { makeNodeRuntime } from "../../src/node/runtime.ts";
import { prepare } from "../../src/node/workflows/prepare.ts";
import { exportModel } from "../../src/predict/export.ts";
import { makeTrainer } from "../../src/train/trainer.ts";
import { specifyNetwork } from "../../src/unet/network.ts";
import { initialParameters, initialStatistics } from "../../src/unet/parameters.ts";
import { readModelDomains } from "../support/domains.ts";
import { makeTinyPhantom, tinyConfig } from "../support/tiny-phantom.ts";

const VALIDATION = { foregroundMeanDice: null, convention: "" };
const runtime = makeNodeRuntime({ threads: 1 });

test("findChannelBlock() finds what the runtime says", async () => {
  expect(await findChannelBlock(runtime.load)).toBe(await runtime.channelBlock!());
});

test("findChannelBlock() finds none where ORT lacks the operators", async () => {
  const load = async (model: Uint8Array) => {
    if (readModelDomains(model).includes("com.microsoft.nchwc")) throw new Error("No such operator");
    return runtime.load(model);
  };
  expect(await findChannelBlock(load)).toBeUndefined();
});

test("findChannelBlock() finds none where blocked numbers are wrong", async () => {
  const load = async (model: Uint8Array) => {
    const program = await runtime.load(model);
    if (!readModelDomains(model).includes("com.microsoft.nchwc")) return program;
    return {
      ...program,
      run: async (...args: Parameters<typeof program.run>) => {
        const results = await program.run(...args);
        const { result } = results;
        return {
          result: {
            ...result!,
            data: (result!.data as Float32Array).map((value) => value + 0.01),
          } as typeof result & object,
        };
      },
    };
  };
  expect(await findChannelBlock(load)).toBeUndefined();
});

test("training steps use the block that the runtime finds; models that are kept are plain", async () => {
  const loaded: (readonly string[])[] = [];
  const watched = {
    ...runtime,
    channelBlock: () => Promise.resolve(16),
    load: async (model: Uint8Array) => {
      loaded.push(readModelDomains(model));
      throw new Error("seen");
    },
  };
  const phantom = await makeTinyPhantom();
  try {
    const config = tinyConfig({ unet: { baseWidth: 16 } });
    const prepared = await prepare(
      {
        data: phantom.data,
        test: false,
        quiet: true,
        stderr: process.stderr,
        warn: () => undefined,
      },
      config,
      undefined,
    );
    await expect(makeTrainer({ ...prepared, runtime: watched, resume: undefined })).rejects.toThrow("seen");
    expect(loaded.flat()).toContain("com.microsoft.nchwc");
    const { unet } = prepared.config;
    const spec = specifyNetwork(unet, [1, 1, 16, 32]);
    const weights = {
      parameters: initialParameters(spec.parameters, { seed: 0, initialisation: "he" }),
      statistics: initialStatistics(spec.statistics),
    };
    const kept = exportModel({ ...prepared.card, steps: 1, validation: VALIDATION }, spec, weights);
    expect(readModelDomains(kept)).toEqual([""]);
  } finally {
    await phantom.remove();
  }
});
