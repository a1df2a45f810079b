/**
 * The page as a user has it: in Debian's Chromium, which draws in software, served by `hipmri serve`, opened at the printed
 * address and watched for anything odd. Where there is no Chromium, tests of the page are skipped.
 */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { ensureWebBuilt } from "../../bin/build.js";
import { type Serving, serve } from "../../src/server/serve.ts";

const PLACES = [process.env.HIPMRI_CHROMIUM ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser"];
const CHROMIUM = PLACES.find((path) => path !== "" && existsSync(path));
if (CHROMIUM === undefined) {
  console.warn(
    'Skipped: tests of the page need Chromium (Debian: "apt-get install chromium", or HIPMRI_CHROMIUM=its path)',
  );
}

/** Two cores that draw and compute in software need time. */
export const PATIENCE_MS = 180_000;
/** WebGL by SwiftShader. Root has no sandbox. */
const FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
/** An adapter in software, for tiny models only. */
export const WEBGPU_FLAGS = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
};

export interface OpenApp {
  readonly page: Page;
  readonly serving: Serving;
  /** What the page must never do: requests to others, refused loads, uncaught errors, complaints on the console. */
  readonly oddities: readonly string[];
  close(): Promise<void>;
}

export interface OpenAppOptions {
  readonly runs?: readonly string[];
  readonly context?: BrowserContextOptions;
}

/** What a file of tests has: a browser, a folder of its own, and the page where all its tests share one. */
export interface Pages {
  readonly browser: Browser;
  readonly folder: string;
  readonly app: OpenApp;
  open(options?: OpenAppOptions): Promise<OpenApp>;
  /** Of a file in the folder. */
  path(name: string): string;
}

export interface UsePagesOptions {
  /** Opened before the first test. */
  readonly isShared?: boolean;
  readonly flags?: readonly string[];
  /** Fills the folder. A function that it returns, or promises, is called at the end. */
  readonly prepare?: (folder: string) => unknown;
}

/** Registers what comes before and after a file's tests. */
export function usePages({ isShared = false, flags = [], prepare }: UsePagesOptions = {}): Pages {
  let browser: Browser | undefined;
  let folder = "";
  let app: OpenApp | undefined;
  let end: unknown;
  const there = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error("asked for before the tests");
    return value;
  };
  beforeAll(async () => {
    if (CHROMIUM === undefined) return;
    folder = await mkdtemp(join(tmpdir(), "hipmri-web-"));
    browser = await chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...flags] });
    end = await prepare?.(folder);
    if (isShared) app = await openApp(browser);
  }, PATIENCE_MS);
  afterAll(async () => {
    await app?.close();
    await browser?.close();
    if (typeof end === "function") await end();
    if (folder !== "") await rm(folder, { recursive: true, force: true });
  });
  return {
    get browser() {
      return there(browser);
    },
    get folder() {
      return folder;
    },
    get app() {
      return there(app);
    },
    open: (options) => openApp(there(browser), options),
    path: (name) => join(folder, name),
  };
}

export function describePages(name: string, body: () => void, timeout = PATIENCE_MS): void {
  describe.skipIf(CHROMIUM === undefined)(name, { timeout }, body);
}

/** @throws where the page cannot be built */
async function openApp(browser: Browser, { runs = [], context = {} }: OpenAppOptions = {}): Promise<OpenApp> {
  expect(ensureWebBuilt()).toBe(0);
  const serving = await serve({ runs, port: 0 });
  const opened = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...context });
  opened.setDefaultTimeout(PATIENCE_MS);
  const page = await opened.newPage();
  const oddities: string[] = [];
  const origin = `http://127.0.0.1:${serving.port}`;
  // The context sees what workers and service workers ask for, too.
  opened.on("request", (request) => {
    const url = request.url();
    const isOwn =
      url.startsWith(`${origin}/`) || url.startsWith(`blob:${origin}/`) || url.startsWith("data:");
    if (!isOwn) oddities.push(`request to ${url}`);
  });
  page.on("pageerror", (error) => oddities.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") oddities.push(`console: ${message.text()}`);
  });
  await page.goto(serving.url);
  return {
    page,
    serving,
    oddities,
    async close() {
      await opened.close();
      await serving.close();
    },
  };
}

/** There once a scan without a mask can be segmented. */
export const segmentButton = (page: Page): Locator =>
  page.getByRole("button", { name: "Segment", exact: true }).and(page.locator(":enabled"));

/** Opens the demo scan and waits until it can be segmented. */
export async function openDemo(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Try the demo scan" }).click();
  await segmentButton(page).waitFor();
}

/** Segments what is shown. */
export async function segment(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^Segment/ }).click();
  await page.getByText(/^Segmented in/).waitFor();
}

/** Opens a mask of the scan that is shown, which has none yet. */
export async function openMask(page: Page, path: string): Promise<void> {
  await page
    .getByRole("button", { name: "Start with an empty mask" })
    .and(page.locator(":enabled"))
    .waitFor();
  await page.getByLabel("Open a mask").setInputFiles(path);
  await page.getByRole("region", { name: "Labels" }).waitFor();
}

/** What a click saves, under what name. */
export async function saved(
  page: Page,
  button: string,
): Promise<{ readonly name: string; readonly bytes: Buffer }> {
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: button }).click();
  const file = await download;
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
}

/** What axe finds serious, in light and in dark. */
export async function seriousFaults(page: Page): Promise<readonly unknown[]> {
  await page.evaluate(axe.source);
  const faults: unknown[] = [];
  for (let theme = 0; theme < 2; theme++) {
    await page.getByRole("button", { name: /^(Dark|Light) colours$/ }).click();
    const found = await page.evaluate(async () => {
      const { violations } = await globalThis.axe.run();
      return violations.map(({ id, impact, nodes }) => ({ id, impact, where: nodes[0]?.html }));
    });
    faults.push(...found.filter(({ impact }) => impact === "serious" || impact === "critical"));
  }
  return faults;
}
