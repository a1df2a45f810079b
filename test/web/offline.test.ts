/** What the page owes its user when things end: the network, the server, the worker. */
import { expect, test } from "vitest";
import { describePages, openDemo, PATIENCE_MS, segment, usePages } from "./support.ts";

const pages = usePages();

describePages("the page", () => {
  test("works without its server after the first visit", async () => {
    const app = await pages.open();
    try {
      const { page } = app;
      // Until all files are kept.
      await expect
        .poll(
          () => page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.active?.state),
          { timeout: PATIENCE_MS },
        )
        .toBe("activated");
      await app.serving.close();
      await page.goto(app.serving.url.replace(/\?.*/, ""));
      await openDemo(page);
      await segment(page);
      // Threads too: the kept answers carry their headers.
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    } finally {
      await app.close().catch(() => {});
    }
  });

  test("goes on after its worker has stopped, with scan and mask as they were", async () => {
    const app = await pages.open();
    try {
      const { page } = app;
      await openDemo(page);
      await segment(page);
      const before = await page.getByRole("region", { name: "Labels" }).innerText();
      await page.evaluate(() => {
        hipmri.stopWorker();
      });
      expect(await page.getByRole("region", { name: "Labels" }).innerText()).toBe(before);
      await segment(page);
      expect(await page.getByRole("region", { name: "Labels" }).innerText()).toBe(before);
    } finally {
      await app.close();
    }
  });
});
