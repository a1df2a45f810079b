/** Trainings seen as they run: live, over a reload, stopped and resumed, long ones, several over each other. */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { trainRun } from "../../src/node/workflows/train.ts";
import type { TrainSummary } from "../../src/node/workflows/train-options.ts";
import { epochLine, stepLine } from "../server/support.ts";
import { makeTinyPhantom, type TinyPhantom, tinyConfig } from "../support/tiny-phantom.ts";
import { describePages, type OpenApp, PATIENCE_MS, seriousFaults, usePages } from "./support.ts";

const STEPS_AN_EPOCH = 1000;

let phantom: TinyPhantom;

const pages = usePages({
  prepare: async () => {
    phantom = await makeTinyPhantom();
    return () => phantom?.remove();
  },
});

function train(out: string): Promise<TrainSummary> {
  const stderr = { isTTY: false, write: () => true };
  return trainRun({
    data: phantom.data,
    out,
    config: tinyConfig({ batchSize: 4, epochs: null, steps: 900, stepsPerEpoch: 300 }),
    resume: false,
    overwrite: false,
    test: false,
    quiet: true,
    command: "hipmri train",
    stderr: stderr as unknown as NodeJS.WriteStream,
    signal: new AbortController().signal,
  });
}

const open = (runs: readonly string[]): Promise<OpenApp> => pages.open({ runs });

/** A run folder as a training leaves it, without the training. */
function writeRun(name: string, steps: number): string {
  const run = pages.path(name);
  mkdirSync(run);
  writeFileSync(join(run, "config.json"), JSON.stringify({ steps: 20_000, stepsPerEpoch: STEPS_AN_EPOCH }));
  let log = "";
  for (let step = 1; step <= steps; step++) {
    const epoch = Math.ceil(step / STEPS_AN_EPOCH);
    log += stepLine(step, epoch);
    if (step % STEPS_AN_EPOCH === 0) log += epochLine(epoch, step);
  }
  writeFileSync(join(run, "log.jsonl"), log);
  return run;
}

const chart = (page: Page, title: string) => page.getByRole("img", { name: new RegExp(`^${title}`) });
const log = (page: Page) => page.getByRole("log");

/** Steps that the charts show. */
async function stepShown(page: Page): Promise<number> {
  const words = (await chart(page, "Loss").getAttribute("aria-label")) ?? "";
  return Number(/at step ([\d,]+)/.exec(words)?.[1]?.replaceAll(",", "") ?? 0);
}

/** As the page has drawn so many steps. */
async function untilStep(page: Page, least: number): Promise<void> {
  await expect.poll(() => stepShown(page), { timeout: PATIENCE_MS }).toBeGreaterThanOrEqual(least);
}

describePages("the screen Watch", () => {
  test("shows a training as it runs, stops it, keeps all over a reload, and resumes it", async () => {
    const run = join(phantom.folder, "live");
    const app = await open([run]);
    const { page } = app;
    try {
      await page.getByText("Waiting for training to start").first().waitFor();
      const training = train(run);
      await page.getByText("Training", { exact: true }).first().waitFor();
      await untilStep(page, 20);
      const before = await stepShown(page);
      await untilStep(page, before + 1);
      await log(page)
        .getByText(/^Epoch 1, step 300: loss .+, validation .+, mean Dice/)
        .waitFor();
      await expect
        .poll(() => chart(page, "Dice per label").getAttribute("aria-label"))
        .toMatch(/body .+bone .+bladder .+rectum .+prostate .+mean/);
      const sample = page.getByAltText(/^Validation slices after epoch 1/);
      await expect
        .poll(() => sample.evaluate((image: HTMLImageElement) => image.naturalWidth))
        .toBeGreaterThan(0);

      await page.getByRole("button", { name: "Stop" }).click();
      const summary = await training;
      expect(summary).toMatchObject({ finished: false });
      await page.getByRole("button", { name: "Resume" }).and(page.locator(":enabled")).waitFor();
      await untilStep(page, summary.steps);

      await page.reload();
      await untilStep(page, summary.steps);
      expect(await stepShown(page)).toBe(summary.steps);
      await log(page)
        .getByText(/^Epoch 1, step 300/)
        .waitFor();

      await page.getByRole("button", { name: "Resume" }).click();
      await page.getByText("Finished and judged").first().waitFor();
      await untilStep(page, 900);
      await page.getByRole("region", { name: "Worst cases" }).getByRole("table").waitFor();
      const link = page.getByRole("link", { name: "Open the report" });
      const report = page.context().waitForEvent("page");
      await link.click();
      expect(await (await report).title()).not.toBe("");

      await page.getByRole("button", { name: "Use this model" }).click();
      await page.getByText("Scans will be segmented with live.onnx").waitFor();
      expect(new URL(page.url()).hash).toBe("#segment");
      await page.goBack();
      await chart(page, "Loss").waitFor();
      expect(app.oddities).toEqual([]);
    } finally {
      await app.close();
    }
  });

  test("stays smooth with ten thousand steps", async () => {
    const run = writeRun("long", 10_000);
    const app = await open([run]);
    const { page } = app;
    try {
      await untilStep(page, 10_000);
      await log(page)
        .getByText(/^Epoch 10, step 10,000/)
        .waitFor();
      await page.evaluate(() => {
        const tasks: number[] = [];
        new PerformanceObserver((list) => {
          tasks.push(...list.getEntries().map(({ duration }) => duration));
        }).observe({ type: "longtask" });
        Object.assign(globalThis, { longTasks: tasks });
      });
      for (let step = 10_001; step <= 10_200; step++) {
        appendFileSync(join(run, "log.jsonl"), stepLine(step, 11));
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await untilStep(page, 10_200);
      const tasks = await page.evaluate(() => (globalThis as unknown as { longTasks: number[] }).longTasks);
      console.info(`tasks over 50 ms while 200 steps came: ${JSON.stringify(tasks.map(Math.round))}`);
      expect(Math.max(0, ...tasks)).toBeLessThan(1000);
    } finally {
      await app.close();
    }
  });

  test("lays runs over each other, with nothing that axe finds serious", async () => {
    const app = await open([writeRun("first", 2000), writeRun("second", 3000)]);
    const { page } = app;
    try {
      await untilStep(page, 2000);
      await page.getByLabel("Lay second over the others").check();
      await untilStep(page, 3000);
      const words = await chart(page, "Dice per label").getAttribute("aria-label");
      expect(words).toContain("first, mean 0.800");
      expect(words).toContain("second, mean 0.800");
      await page.reload();
      await untilStep(page, 3000);
      await page.getByText("The epochs as a table").click();
      expect(await seriousFaults(page)).toEqual([]);
      expect(app.oddities).toEqual([]);
    } finally {
      await app.close();
    }
  });

  test("says that its server has ended", async () => {
    const app = await open([pages.path("first")]);
    await untilStep(app.page, 2000);
    await app.serving.close();
    await app.page.getByRole("alert").getByText("The server has ended").waitFor();
    await app.close().catch(() => {});
  });

  test("is not there where there is nothing to watch, and nothing is asked", async () => {
    const app = await open([]);
    const asked: string[] = [];
    app.page.on("request", (request) => asked.push(request.url()));
    try {
      await app.page.reload();
      await app.page.getByRole("button", { name: "Try the demo scan" }).waitFor();
      expect(await app.page.getByRole("tab").count()).toBe(0);
      expect(asked.filter((url) => url.includes("/api"))).toEqual([]);
      expect(app.oddities).toEqual([]);
    } finally {
      await app.close();
    }
  });
});
