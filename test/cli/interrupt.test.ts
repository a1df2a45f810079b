import { afterEach, describe, expect, test, vi } from "vitest";
import { withInterrupt } from "../../src/cli/interrupt.ts";

afterEach(() => vi.restoreAllMocks());

/** What happens to work that is sent signals while it runs. */
async function interrupted(...names: readonly NodeJS.Signals[]) {
  vi.restoreAllMocks();
  const exit = vi.spyOn(process, "exit").mockImplementation((() => undefined) as never);
  const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const isAborted = await withInterrupt(async (signal) => {
    for (const name of names) process.emit(name, name);
    return signal.aborted;
  });
  return { isAborted, exits: exit.mock.calls.map(([code]) => code), said: said.mock.calls.length };
}

describe("withInterrupt()", () => {
  test("lets work finish that no signal comes to", async () => {
    expect(await interrupted()).toEqual({ isAborted: false, exits: [], said: 0 });
  });

  test.each(["SIGINT", "SIGTERM", "SIGUSR2"] as const)("%s asks to save and stop", async (name) => {
    expect(await interrupted(name)).toEqual({ isAborted: true, exits: [], said: 1 });
  });

  test("a second Ctrl-C stops at once", async () => {
    expect(await interrupted("SIGINT", "SIGINT")).toMatchObject({ exits: [130] });
    expect(await interrupted("SIGTERM", "SIGINT")).toMatchObject({ exits: [130] });
  });

  test("what must be ended at once is told before the process ends", async () => {
    const order: string[] = [];
    vi.spyOn(process, "exit").mockImplementation((() => order.push("exit")) as never);
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    await withInterrupt(async (_, atOnce) => {
      atOnce.addEventListener("abort", () => order.push("at once"));
      process.emit("SIGINT", "SIGINT");
      expect(order).toEqual([]);
      process.emit("SIGINT", "SIGINT");
    });
    expect(order).toEqual(["at once", "exit"]);
  });

  test("a second SIGTERM, as scancel sends it, does not keep the work from being saved", async () => {
    expect(await interrupted("SIGTERM", "SIGTERM")).toEqual({ isAborted: true, exits: [], said: 1 });
    expect(await interrupted("SIGUSR2", "SIGTERM")).toEqual({ isAborted: true, exits: [], said: 1 });
  });

  test("takes its hands off the signals again", async () => {
    const before = process.listenerCount("SIGTERM");
    await interrupted("SIGTERM");
    expect(process.listenerCount("SIGTERM")).toBe(before);
  });
});
