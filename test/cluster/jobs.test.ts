/** Jobs against a stand-in for the command, which does as its share is told to. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type JobsOptions, runJobs } from "../../src/cluster/jobs.ts";
import { HipError } from "../../src/core/errors.ts";
import { temporaryFolder } from "../cli/support.ts";

const folder = temporaryFolder();
const script = join(folder, "stand-in.mjs");
// "do OUT HOW" with --shard i/n: HOW is a list by share, e.g. "ok,die-once".
writeFileSync(
  script,
  `
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
const argv = process.argv.slice(2);
const shard = argv[argv.indexOf("--shard") + 1];
const [out, list] = argv.slice(-2);
const [i, n] = shard.split("/");
const how = list.split(",")[i - 1] ?? "ok";
const mark = join(out, "began-" + i);
const isFirst = !existsSync(mark);
// Signals are listened for before the log says that the share has begun: the tests send them at once.
if (how === "wait") {
  process.once("SIGTERM", () => { appendFileSync(join(out, "log"), "saved" + i + "\\n"); process.exit(130); });
  setTimeout(() => {}, 30000);
}
if (how === "stubborn") {
  process.on("SIGTERM", () => appendFileSync(join(out, "log"), "asked" + i + "\\n"));
  setTimeout(() => { appendFileSync(join(out, "log"), "late" + i + "\\n"); process.exit(0); }, 20000);
}
mkdirSync(join(out, "shards"), { recursive: true });
appendFileSync(mark, process.pid + "\\n");
appendFileSync(join(out, "log"), "+" + i + "\\n");
process.send({ hipmriJob: 1, label: "Reading cases", done: 1, total: 1, peakBytes: 5e6 });
process.send({ hipmriJob: 1, label: "Working", done: 1, total: 2, peakBytes: 100e6 });
const finish = () => {
  writeFileSync(join(out, "shards", i + "-of-" + n + ".json"), "{}");
  appendFileSync(join(out, "log"), "-" + i + "\\n");
};
process.stderr.write("warning: all say so\\n");
if (how === "ok") setTimeout(() => { finish(); process.exit(0); }, 300);
if (how === "bad-items") { finish(); process.exit(1); }
if (how === "usage") {
  process.stdout.write(JSON.stringify({ error: { code: "usage", message: "Cannot do so", hint: "Do otherwise", problems: ["this"] } }));
  process.exitCode = 2;
  process.disconnect();
}
if (how === "disk") setTimeout(() => process.exit(3), 100);
if (how === "crash") {
  process.stderr.write("last words\\n");
  setTimeout(() => process.exit(70), 100);
}
if (how === "die-once" && isFirst) {
  process.stderr.write("last words\\n");
  setTimeout(() => process.kill(process.pid, "SIGKILL"), 100);
}
if (how === "die-once" && !isFirst) { finish(); process.exit(0); }
if (how === "meet") {
  // Only another job that runs meanwhile lets it end.
  const other = join(out, "began-" + (i === "1" ? "2" : "1"));
  const poll = setInterval(() => {
    if (!existsSync(other)) return;
    clearInterval(poll);
    finish();
    process.exit(0);
  }, 20);
}
`,
);

let count = 0;
function begin(how: string, options: Partial<JobsOptions> = {}) {
  const out = join(folder, `out-${count++}`);
  mkdirSync(out);
  let text = "";
  const stderr = {
    isTTY: false,
    columns: 80,
    write(more: string): boolean {
      text += more;
      return true;
    },
  };
  const work = runJobs({
    argv: ["do", out, how],
    out,
    shards: how.split(",").length,
    atOnce: 2,
    stderr,
    isQuiet: true,
    signal: new AbortController().signal,
    command: [process.execPath, script],
    freeBytes: () => 1e12,
    ...options,
  });
  const log = (): readonly string[] =>
    existsSync(join(out, "log")) ? readFileSync(join(out, "log"), "utf8").trim().split("\n") : [];
  return { work, out, text: () => text, log };
}

/** How many ran at once, by a log of begins and ends. */
const mostAtOnce = (log: readonly string[]): number => {
  let now = 0;
  return log.reduce((most, line) => {
    now += line.startsWith("+") ? 1 : -1;
    return Math.max(most, now);
  }, 0);
};

describe("runJobs()", () => {
  test("does every share, no more at once than asked for; what all warn of is told once", async () => {
    const { work, out, text, log } = begin("ok,ok,ok,ok,ok");
    expect(await work).toBe(true);
    expect(readdirSync(join(out, "shards")).sort()).toEqual([1, 2, 3, 4, 5].map((i) => `${i}-of-5.json`));
    expect(mostAtOnce(log())).toBeLessThanOrEqual(2);
    expect(text()).toBe("warning: all say so\n");
  });

  test("does two at once, as soon as the first has shown how much memory it takes", async () => {
    expect(await begin("meet,meet").work).toBe(true);
  });

  test("starts no more than memory holds, by what the first has taken, and says so", async () => {
    const { work, text, log } = begin("ok,ok,ok", { atOnce: 3, freeBytes: () => 100e6 });
    expect(await work).toBe(true);
    expect(mostAtOnce(log())).toBe(1);
    expect(text()).toContain(
      "Memory: 1 job of 3 at once, since each takes up to 125 MB and 100 MB are free\n",
    );
  });

  test("a share with items that failed is done: merge tells of them", async () => {
    expect(await begin("ok,bad-items").work).toBe(true);
  });

  test("a job that dies is told with its last lines, and done once more", async () => {
    const { work, out, text } = begin("ok,die-once");
    expect(await work).toBe(true);
    expect(readFileSync(join(out, "began-2"), "utf8").trim().split("\n")).toHaveLength(2);
    expect(text()).toContain(
      "Job 2/2 ended by SIGKILL: it is done once more\n  | warning: all say so\n  | last words\n",
    );
  });

  test("one that dies twice ends the work, and the others are stopped", async () => {
    const { work, log } = begin("wait,disk", { goesOn: "the same command goes on with --resume" });
    await expect(work).rejects.toMatchObject({
      code: "disk",
      message: "Job 2/2 ended twice before it was done (ended with code 3)",
      problems: ["warning: all say so"],
      hint: "Perhaps memory ran out: give fewer --jobs. What is done is kept: the same command goes on with --resume",
    });
    expect(log()).toContain("saved1");
  });

  test("a bug of ours that ends one twice is told as a bug", async () => {
    const failure: unknown = await begin("crash").work.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toBeInstanceOf(HipError);
    expect((failure as Error).message).toBe(
      "Job 1/1 ended twice before it was done (ended with code 70)\nwarning: all say so\nlast words",
    );
  });

  test("what is wrong with the input ends the work with that very error", async () => {
    const { work, out } = begin("usage,ok,ok");
    await expect(work).rejects.toMatchObject({
      code: "usage",
      message: "Cannot do so",
      hint: "Do otherwise",
      problems: ["this"],
    });
    expect(existsSync(join(out, "began-3"))).toBe(false);
  });

  test("when stopped, stops all jobs once and waits until they have saved", async () => {
    const controller = new AbortController();
    const { work, log } = begin("wait,wait,ok", { signal: controller.signal });
    const poll = setInterval(() => {
      if (log().length === 2) controller.abort();
    }, 20);
    expect(await work).toBe(false);
    clearInterval(poll);
    expect(log().toSorted()).toEqual(["+1", "+2", "saved1", "saved2"]);
  });

  test("when that takes too long, kills them", async () => {
    const [controller, killer] = [new AbortController(), new AbortController()];
    const { work, log } = begin("stubborn,stubborn", {
      signal: controller.signal,
      killSignal: killer.signal,
    });
    const poll = setInterval(() => {
      if (log().includes("+1") && log().includes("+2")) controller.abort();
      if (log().includes("asked1") && log().includes("asked2")) killer.abort();
    }, 20);
    expect(await work).toBe(false);
    clearInterval(poll);
    expect(log().toSorted()).toEqual(["+1", "+2", "asked1", "asked2"]);
  });
});
