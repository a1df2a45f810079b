/** The page as a user has it: served by `hipmri serve`, opened at the printed address, watched for anything odd. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";
import { ensureWebBuilt } from "../../../bin/build.js";
import { type Serving, serve } from "../../../src/server/serve.ts";
import { PATIENCE_MS } from "./chromium.ts";

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

/** @throws where the page cannot be built */
export async function openApp(
  browser: Browser,
  { runs = [], context = {} }: OpenAppOptions = {},
): Promise<OpenApp> {
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

/** Opens the demo scan and waits until it can be segmented. */
export async function openDemo(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Try the demo scan" }).click();
  await page.getByRole("button", { name: "Segment", exact: true }).and(page.locator(":enabled")).waitFor();
}

/** Segments what is shown. */
export async function segment(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^Segment/ }).click();
  await page.getByText(/^Segmented in/).waitFor();
}
