/** The doctor's page: what it says and shows, and that nothing of the data can become markup. */
import { decode } from "fast-png";
import { describe, expect, test } from "vitest";
import type { CaseVoxels } from "../../src/dataset/doctor/examine-case.ts";
import { makeFinding } from "../../src/dataset/doctor/findings.ts";
import type { CaseRow, DoctorReport } from "../../src/dataset/doctor/types.ts";
import { labelColour } from "../../src/plot/colours.ts";
import { intensityFigure } from "../../src/report/doctor-intensities.ts";
import { countFindings, doctorPage, verdictOf } from "../../src/report/doctor-page.ts";
import { drawThumbnail, takeThumbnail } from "../../src/report/doctor-thumbnail.ts";

const row = (id: string, change: Partial<CaseRow> = {}): CaseRow => ({
  id,
  patient: id,
  split: null,
  slices: 3,
  foregroundShare: 0.25,
  intensity: { voxels: 90, min: 0, low: 1, median: 40, high: 99, max: 100, negativeShare: 0, maxShare: 0.01 },
  ...change,
});

const leak = makeFinding({
  severity: "error",
  code: "duplicate-across-patients",
  message: "The same <pixels>",
  remedy: "Keep one copy",
  files: ["a.nii", "b.nii"],
  cases: ["p2"],
});
const odd = makeFinding({
  severity: "warning",
  code: "intensity-outlier",
  message: "Unlike the others",
  remedy: "Look at it",
  details: Array.from({ length: 14 }, (_, i) => `line ${i}`),
  cases: ["p3"],
});

function report(change: Partial<DoctorReport> = {}): DoctorReport {
  return {
    ok: true,
    data: "some/data",
    layout: "msd",
    description: "Three volumes",
    isSynthetic: false,
    read: "voxels",
    counts: { cases: 3, patients: 3, pairs: 3, badCases: 0, slices: 9, slicesWithoutLabel: 2 },
    splits: [{ split: "drawn", cases: 3, patients: 3 }],
    labels: [
      {
        id: 0,
        name: "background",
        isKnown: true,
        voxels: 300,
        share: 0.75,
        cases: 3,
        patients: 3,
        slices: 9,
      },
      { id: 1, name: "gland", isKnown: true, voxels: 100, share: 0.25, cases: 3, patients: 3, slices: 7 },
      { id: 2, name: "cyst", isKnown: true, voxels: 0, share: 0, cases: 0, patients: 0, slices: 0 },
    ],
    geometry: {
      shape: [{ value: "4 x 4 x 3", files: 3 }],
      spacingMm: [{ value: "1 x 1 x 2 mm", files: 3 }],
      orientation: [{ value: "LPS", files: 3 }],
      plane: [{ value: "axial", files: 3 }],
      format: [{ value: "NIfTI-1", files: 3 }],
      imageDtype: [{ value: "int16", files: 3 }],
      maskDtype: [{ value: "uint8", files: 3 }],
      pairsRead: 3,
    },
    cases: [row("p1"), row("p2"), row("p3")],
    findings: [],
    ...change,
  };
}

function voxels(change: Partial<CaseVoxels> = {}): CaseVoxels {
  const mask = new Uint8Array(4 * 4 * 3);
  mask.fill(1, 32, 40); // the upper half of the last slice
  return {
    entry: { id: "p1", patient: "p1", split: undefined, files: [] },
    width: 4,
    height: 4,
    depth: 3,
    spacingMm: [1, 1],
    image: Float32Array.from({ length: 48 }, (_, i) => i % 16),
    mask,
    orientation: "LPS",
    ...change,
  };
}

/** The colour of the pixel at a fraction of width and height. */
function pixelAt(thumbnail: ReturnType<typeof drawThumbnail>, x: number, y: number): number[] {
  const { data, width, height, channels } = decode(Buffer.from(thumbnail.base64, "base64"));
  const at = (Math.floor(y * height) * width + Math.floor(x * width)) * channels;
  return [...data.slice(at, at + 3)];
}

describe("the verdict", () => {
  test("says whether training would be wrong, and what was looked at", () => {
    expect(verdictOf(report())).toBe("Nothing stands against training (every voxel was read): no findings");
    expect(verdictOf(report({ read: "headers", findings: [odd] }))).toBe(
      "Nothing stands against training (by its headers alone, no voxel was looked at): 1 warning",
    );
    expect(verdictOf(report({ ok: false, findings: [leak, leak, odd] }))).toBe(
      "Training on this data would be wrong: 2 errors, 1 warning",
    );
    expect(countFindings([])).toBe("no findings");
  });
});

describe("the page", () => {
  test("is one file without script or network, the same bytes for the same report", () => {
    const page = doctorPage(report({ findings: [leak, odd] }), [takeThumbnail(voxels())]);
    expect(page).toContain("default-src 'none'; img-src data:; style-src 'unsafe-inline'");
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
    expect(doctorPage(report({ findings: [leak, odd] }), [takeThumbnail(voxels())])).toBe(page);
  });

  test("has findings before tables, escaped, and long lists cut with their number", () => {
    const page = doctorPage(report({ ok: false, findings: [leak, odd] }), []);
    expect(page.indexOf("<h2>Findings</h2>")).toBeLessThan(page.indexOf("<h2>Labels</h2>"));
    expect(page).toContain("The same &lt;pixels&gt;");
    expect(page).toContain('<span class="badge error">error</span>');
    expect(page).toContain("<p>Keep one copy.</p>");
    expect(page).toContain("<li>a.nii</li><li>b.nii</li>");
    expect(page).toContain("<li>line 9</li><li>and 4 more</li>");
    expect(page).not.toContain("line 10");
    expect(page).toContain('<p class="verdict bad">Training on this data would be wrong');
  });

  test("shows labels, splits and geometry", () => {
    const page = doctorPage(report(), []);
    expect(page).toContain("</span>1 gland</th><td>100</td><td>25.0 %</td><td>7</td><td>3</td><td>3</td>");
    expect(page).toContain("<td>0</td><td>0 %</td>");
    expect(page).toContain("not stated: drawn by patient");
    expect(page).toContain('<th scope="row">Voxel size</th><td>1 x 1 x 2 mm (3)</td>');
    expect(page).toContain("<dt>Slices without a label</dt><dd>2</dd>");
    expect(page).not.toContain("Synthetic data");
    expect(doctorPage(report({ isSynthetic: true }), [])).toContain("Synthetic data");
  });

  test("shows cases with errors first, then with warnings, then others", () => {
    const page = doctorPage(report({ findings: [odd, leak].reverse() }), [takeThumbnail(voxels())]);
    const order = ["p1", "p2", "p3"].sort(
      (a, b) => page.indexOf(`<strong>${a}</strong>`) - page.indexOf(`<strong>${b}</strong>`),
    );
    expect(order).toEqual(["p2", "p3", "p1"]);
    expect(page).toContain('<figure class="error">');
    expect(page).toContain('alt="p1, slice 3 of 3"');
    expect(page.match(/no picture/g)).toHaveLength(2);
  });

  test("tells two cases of one name in two splits apart", () => {
    const entry = { id: "p1", patient: "p1", files: [] };
    const of = (split: "train" | "test", image: Float32Array) =>
      takeThumbnail(voxels({ entry: { ...entry, split }, image, mask: undefined, depth: 1 }));
    const [ramp, flat] = [Float32Array.from({ length: 16 }, (_, i) => i), new Float32Array(16)];
    const thumbnails = [of("train", ramp), of("test", flat)];
    const cases = [row("p1", { split: "train" }), row("p1", { split: "test" })];
    const page = doctorPage(report({ cases, counts: { ...report().counts, cases: 2 } }), thumbnails);
    const shown = [...page.matchAll(/base64,([^"]+)">/g)].map(([, base64]) => base64);
    expect(shown).toEqual(thumbnails.map((each) => drawThumbnail(each).base64));
    expect(shown[0]).not.toBe(shown[1]);
  });

  test("shows 60 cases at most, evenly taken, and all that have an error", () => {
    const cases = Array.from({ length: 200 }, (_, i) => row(`q${i}`));
    const findings = [makeFinding({ ...leak, cases: ["q7", "q199"] })];
    const page = doctorPage(report({ cases, findings, counts: { ...report().counts, cases: 200 } }), []);
    expect(page.match(/<figcaption><strong>/g)).toHaveLength(60);
    expect(page).toContain("60 of 200 cases");
    for (const id of ["q7", "q199", "q0"]) expect(page).toContain(`<strong>${id}</strong>`);
  });

  test("of data that could not be indexed is its findings", () => {
    const nothing = { cases: 0, patients: 0, pairs: 0, badCases: 0, slices: null, slicesWithoutLabel: null };
    const empty = {
      shape: [],
      spacingMm: [],
      orientation: [],
      plane: [],
      format: [],
      imageDtype: [],
      maskDtype: [],
    };
    const page = doctorPage(
      report({
        ok: false,
        layout: null,
        description: null,
        counts: nothing,
        splits: [],
        labels: [],
        cases: [],
        geometry: { ...empty, pairsRead: 0 },
        findings: [leak],
      }),
      [],
    );
    expect(page).toContain("The data set could not be indexed");
    expect(page.match(/<h2>/g)).toHaveLength(1);
  });
});

describe("a picture", () => {
  test("shows the slice that tells most, with its mask", () => {
    const thumbnail = takeThumbnail(voxels());
    expect(thumbnail.place).toBe("slice 3 of 3");
    const drawn = drawThumbnail(thumbnail);
    expect([drawn.width, drawn.height]).toEqual([240, 240]);
    expect(pixelAt(drawn, 0.1, 0.4999)).toEqual(labelColour(1)); // the contour
    const [r, g, b] = pixelAt(drawn, 0.6, 0.9);
    expect([g, b]).toEqual([r, r]); // grey: no label there
  });

  test("has feet at the bottom of a coronal slice", () => {
    const flipped = drawThumbnail(takeThumbnail(voxels({ orientation: "LSP" })));
    expect(pixelAt(flipped, 0.1, 0.5)).toEqual(labelColour(1));
    const [r, g, b] = pixelAt(flipped, 0.6, 0.1);
    expect([g, b]).toEqual([r, r]);
  });

  test("is made without a mask, of constant or unusable values and of extreme pixels too", () => {
    const plain = takeThumbnail(voxels({ mask: undefined }));
    expect(plain).toMatchObject({ place: "slice 2 of 3", mask: undefined });
    const constant = takeThumbnail(voxels({ image: new Float32Array(48).fill(7) }));
    expect(new Set(constant.grey)).toEqual(new Set([128]));
    const broken = takeThumbnail(voxels({ image: new Float32Array(48).fill(Number.NaN), spacingMm: [0, 1] }));
    expect(drawThumbnail(broken).width).toBe(240);
    const long = drawThumbnail(takeThumbnail(voxels({ spacingMm: [1, 1000] })));
    expect(Math.max(long.width, long.height)).toBeLessThan(600);
  });

  test("of a large slice is thinned out, so that many fit in memory", () => {
    const [width, height] = [1000, 500];
    const area = width * height;
    const thumbnail = takeThumbnail(
      voxels({ width, height, depth: 1, image: new Float32Array(area), mask: new Uint8Array(area) }),
    );
    expect([thumbnail.width, thumbnail.height]).toEqual([250, 125]);
    expect(thumbnail.grey).toHaveLength(250 * 125);
  });
});

describe("the figure of intensities", () => {
  test("marks the cases that a finding names", () => {
    const cases = [row("p1"), row("p2"), row("p3", { intensity: null })];
    expect(intensityFigure(cases, new Set())).not.toContain("named by a finding");
    const svg = intensityFigure(cases, new Set(["p2"]))!;
    expect(svg).toContain("named by a finding");
    expect(svg.match(/<title>p[12]<\/title>/g)).toHaveLength(4);
    expect(intensityFigure([row("p1", { intensity: null })], new Set())).toBeUndefined();
  });

  test("has a logarithmic axis where scales differ much", () => {
    const scaled = (id: string, by: number): CaseRow =>
      row(id, { intensity: { ...row(id).intensity!, low: 0, median: 40 * by, high: 99 * by } });
    expect(intensityFigure([scaled("a", 1), scaled("b", 20)], new Set())).not.toContain("logarithmic");
    const svg = intensityFigure([scaled("a", 1), scaled("b", 2000)], new Set())!;
    expect(svg).toContain("Intensity (logarithmic)");
    expect(svg).not.toMatch(/NaN|Infinity/);
  });
});
