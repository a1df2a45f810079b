import { expect, test } from "vitest";
import { findChannelBlock } from "../../src/node/channel-block.ts";
import { makeNodeRuntime } from "../../src/node/runtime.ts";
import { readModelDomains } from "../support/domains.ts";

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
