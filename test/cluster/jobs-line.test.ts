import { describe, expect, test } from "vitest";
import { describeJobs, type JobStanding, makeJobsLine } from "../../src/cluster/jobs-line.ts";

const job = (index: number, state: JobStanding["state"], label = "", done = 0, total = 0): JobStanding => ({
  index,
  state,
  label,
  done,
  total,
});
const JOBS = [job(1, "done"), job(2, "running", "Training", 40, 200), job(3, "running"), job(4, "waiting")];

test("describeJobs() tells what is done, and what runs", () => {
  expect(describeJobs(JOBS)).toBe("1 of 4 jobs done; 2: Training 40/200, 3: starting");
  expect(describeJobs([job(1, "done")])).toBe("1 of 1 jobs done");
});

describe("makeJobsLine()", () => {
  function written(options: { readonly isTTY: boolean; readonly isQuiet?: boolean }) {
    let text = "";
    let nowMs = 0;
    const stream = {
      isTTY: options.isTTY,
      columns: 40,
      write(more: string): boolean {
        text += more;
        return true;
      },
    };
    const line = makeJobsLine(stream as unknown as NodeJS.WriteStream, {
      isQuiet: options.isQuiet ?? false,
      now: () => nowMs,
    });
    return { line, text: () => text, wait: (ms: number) => (nowMs += ms) };
  }

  test("writes a line now and then, and where there is news", () => {
    const { line, text, wait } = written({ isTTY: false });
    line.show([job(1, "running")], true);
    line.show([job(1, "running", "Training", 1, 9)]);
    wait(10_000);
    line.show([job(1, "running", "Training", 2, 9)]);
    line.show([job(1, "running", "Training", 2, 9)], true);
    line.say("warning: odd");
    line.stop();
    expect(text()).toBe("0 of 1 jobs done; 1: starting\n0 of 1 jobs done; 1: Training 2/9\nwarning: odd\n");
  });

  test("is redrawn on a terminal, no wider than that; lines for good stand above", () => {
    const { line, text } = written({ isTTY: true });
    line.show(JOBS, true);
    line.say("warning: odd");
    line.stop();
    const shown = "1 of 4 jobs done; 2: Training 40/200, 3: starting".slice(0, 39);
    expect(text()).toBe(`${shown}\r\u001b[2Kwarning: odd\n${shown}\n`);
  });

  test("says only what matters where it is to be quiet", () => {
    const { line, text } = written({ isTTY: true, isQuiet: true });
    line.show(JOBS, true);
    line.say("warning: odd");
    line.stop();
    expect(text()).toBe("warning: odd\n");
  });
});
