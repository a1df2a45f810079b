/** A real browser for tests: Debian's Chromium, drawing in software. Where there is none, its tests are skipped. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const PLACES = [process.env.HIPMRI_CHROMIUM ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser"];

export const CHROMIUM = PLACES.find((path) => path !== "" && existsSync(path));

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

export function launchChromium(flags: readonly string[] = []): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error("Chromium is not there: the test must be skipped");
  return chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...flags] });
}
