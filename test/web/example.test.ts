/** The library in somebody else's page: the example, bundled by a Vite that knows nothing of us. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { build } from "vite";
import { expect, test } from "vitest";
import { ensureBuilt } from "../../bin/build.js";
import { predictInputs } from "../../src/node/workflows/predict.ts";
import { tinyModel, writeFiles } from "../cli/support.ts";
import { niftiBytes } from "../support/data-folder.ts";
import { hostFolder, type StaticHost } from "./support/static-host.ts";
import { describePages, PATIENCE_MS, usePages } from "./support.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
let host: StaticHost;

const pages = usePages({
  prepare: async (folder) => {
    expect(ensureBuilt()).toBe(0);
    await build({
      root: join(ROOT, "examples", "browser"),
      configFile: false,
      logLevel: "error",
      // As if the package had been installed.
      resolve: { alias: { "hipmri-unet/browser": join(ROOT, "dist", "browser", "index.js") } },
      build: { outDir: join(folder, "page"), target: "es2022" },
    });
    writeFiles(folder, {
      "page/model.onnx": tinyModel({ over: "volume", orientation: "LPS" }),
      "scan.nii": niftiBytes({ shape: [16, 12, 3], value: (at) => (at * 37) % 101 }),
    });
    host = await hostFolder(join(folder, "page"));
    return () => host?.close();
  },
});

describePages("examples/browser", () => {
  test("loads a model and segments a file, with Node's mask", async () => {
    const page = await pages.browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(host.url);
    await page.getByText(/^Ready, with onnxruntime-web/).waitFor();
    await page.getByLabel("A scan").setInputFiles(pages.path("scan.nii"));
    await page.getByText(/ ml/).waitFor();
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "The mask" }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe("scan.nii.gz");
    const found = gunzipSync(await readFile(await file.path()));
    await predictInputs({
      model: join(pages.folder, "page", "model.onnx"),
      inputs: [pages.path("scan.nii")],
      out: pages.path("node"),
    });
    expect(found.equals(gunzipSync(await readFile(join(pages.folder, "node", "scan.nii.gz"))))).toBe(true);
  });
  test("is short", async () => {
    const lines = (await readFile(join(ROOT, "examples", "browser", "main.js"), "utf8")).trim().split("\n");
    expect(lines.filter((line) => line.trim() !== "").length).toBeLessThanOrEqual(15);
  });
});
