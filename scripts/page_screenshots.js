// The pictures of docs/page.md and README, taken from the page itself: node scripts/page_screenshots.js RUN
// RUN: a run folder to be watched, of synthetic data (hipmri demo makes one). Chromium: HIPMRI_CHROMIUM, or /usr/bin/chromium.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { ensureBuilt, ensureWebBuilt } from "../bin/build.js";

const [run] = process.argv.slice(2);
if (run === undefined) {
  console.error("usage: node scripts/page_screenshots.js RUN");
  process.exit(2);
}
if (ensureBuilt() !== 0 || ensureWebBuilt() !== 0) process.exit(1);
const { serve } = await import("../dist/server/serve.js");
const { makePhantomVolume, PHANTOM_SIZES } = await import("../dist/dataset/phantom/phantom.js");
const { writeNifti } = await import("../dist/nifti/write.js");

const FIGURES = fileURLToPath(new URL("../docs/figures/", import.meta.url));
const FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
const folder = mkdtempSync(join(tmpdir(), "hipmri-shots-"));

/** Men whose intensities are raised to a power: another contrast than the demo model knows. */
function writeShifted() {
  const names = [0, 1, 2].map((man) => {
    const options = {
      patients: { train: 0, validate: 0, test: 3 },
      weeksPerPatient: 1,
      size: PHANTOM_SIZES.full,
      seed: 4242,
    };
    const { image, mask, shape, spacingMm, affine } = makePhantomVolume(options, man, 0);
    const highest = image.reduce((a, b) => Math.max(a, b), 0);
    const shifted = image.map((value) => highest * (value / highest) ** 2.2);
    const name = `shifted-man-${man + 1}`;
    writeFileSync(
      join(folder, `${name}.nii`),
      writeNifti({ shape, dtype: "float32", data: shifted, spacingMm, affine }),
    );
    writeFileSync(
      join(folder, `${name}-mask.nii`),
      writeNifti({ shape, dtype: "uint8", data: mask, spacingMm, affine }),
    );
    return name;
  });
  return names;
}

const browser = await chromium.launch({
  executablePath: process.env.HIPMRI_CHROMIUM ?? "/usr/bin/chromium",
  args: FLAGS,
});

async function visit(runs, work, context = {}) {
  const serving = await serve({ runs, port: 0 });
  const own = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...context });
  own.setDefaultTimeout(600_000);
  try {
    const page = await own.newPage();
    await page.goto(serving.url);
    await work(page);
  } finally {
    await own.close();
    await serving.close();
  }
}

async function shoot(page, name) {
  // The last frame is drawn, and no pointer is in the way.
  await page.waitForTimeout(1500);
  await page.screenshot({ path: join(FIGURES, `page-${name}.jpg`), type: "jpeg", quality: 82 });
  console.log(`docs/figures/page-${name}.jpg`);
}

const enabled = (page, name) => page.getByRole("button", { name, exact: true }).and(page.locator(":enabled"));

async function segmentDemo(page) {
  await page.getByRole("button", { name: "Try the demo scan" }).click();
  await enabled(page, "Segment").click();
  await page.getByText(/^Segmented in/).waitFor();
}

await visit([], async (page) => {
  await shoot(page, "start");
  await segmentDemo(page);
  await shoot(page, "segmented");
  await page.getByRole("button", { name: "Coronal", exact: true }).click();
  await page.getByRole("button", { name: "Brush", exact: true }).click();
  await page.locator("aside").evaluate((aside) => aside.scrollTo(0, 130));
  const box = await page.locator("canvas").boundingBox();
  const place = (x, y) => [box.x + box.width * x, box.y + box.height * y];
  await page.mouse.move(...place(0.46, 0.62));
  await page.mouse.down();
  for (let i = 1; i <= 8; i++) await page.mouse.move(...place(0.46 + i * 0.008, 0.62 + i * 0.004));
  await page.mouse.up();
  await shoot(page, "correct");
});
await visit(
  [],
  async (page) => {
    await segmentDemo(page);
    await shoot(page, "phone");
  },
  {
    viewport: { width: 390, height: 844 },
    colorScheme: "dark",
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
  },
);
const names = writeShifted();
await visit([], async (page) => {
  await page.getByLabel("Open files").setInputFiles(names.map((name) => join(folder, `${name}.nii`)));
  for (const name of names) {
    await page.getByLabel("Scan shown").selectOption({ label: name });
    await enabled(page, "Start with an empty mask").waitFor();
    await page
      .getByLabel("Open a mask")
      .last()
      .setInputFiles(join(folder, `${name}-mask.nii`));
    await page.getByLabel(`Learn from ${name}`).check();
  }
  const panel = page.getByRole("region", { name: "Learn" });
  await panel.getByRole("button", { name: "Learn from 3 scans" }).click();
  await panel.getByRole("table").waitFor();
  console.log(await panel.innerText());
  await panel.scrollIntoViewIfNeeded();
  await shoot(page, "learn");
});
await visit([run], (page) => shoot(page, "watch"));
await browser.close();
rmSync(folder, { recursive: true, force: true });
