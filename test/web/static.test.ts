/** The page on a host of static files, below a path, without headers: its policy is in it, and it says what it lacks. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ensureWebBuilt } from "../../bin/build.js";
import { PAGE_META_POLICY } from "../../src/server/policy.ts";
import { hostFolder, type StaticHost } from "./support/static-host.ts";
import { describePages, openDemo, PATIENCE_MS, segment, usePages } from "./support.ts";

let host: StaticHost;

const pages = usePages({
  prepare: async () => {
    expect(ensureWebBuilt()).toBe(0);
    host = await hostFolder(fileURLToPath(new URL("../../web/dist", import.meta.url)), "/some/where/");
    return () => host?.close();
  },
});

describePages("the page as static files", () => {
  test("segments with one thread, tells why, and asks nobody for anything", async () => {
    const context = await pages.browser.newContext();
    context.setDefaultTimeout(PATIENCE_MS);
    const asked: string[] = [];
    context.on("request", (request) => asked.push(request.url()));
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    await page.goto(host.url);
    const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute("content");
    expect(policy).toBe(PAGE_META_POLICY);
    await openDemo(page);
    const panel = page.getByRole("region", { name: "Model" });
    await panel.locator("summary").click();
    await panel.getByText(/^Threads: not used, the page's host sends no isolation headers/).waitFor();
    await segment(page);
    const own = new URL(host.url).origin;
    expect(asked.filter((url) => !url.startsWith(host.url) && !url.startsWith(`blob:${own}`))).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  });
});
