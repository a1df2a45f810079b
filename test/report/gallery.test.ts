import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import type { DecodedCase } from "../../src/dataset/types.ts";
import type { CaseLabelMetrics } from "../../src/metrics/types.ts";
import { makeAffine } from "../../src/nifti/affine.ts";
import { GALLERY_SCRIPT, gallerySection } from "../../src/report/gallery.ts";
import { galleryCase, makeGallery, worstSlice } from "../../src/report/gallery-cases.ts";
import { makeCaseLabel } from "../support/metrics.ts";

const LABELS = [
  { id: 1, name: "bladder" },
  { id: 5, name: "prostate" },
];

function decodedOf(id: string): DecodedCase {
  return {
    entry: { id, patient: `patient of ${id}`, split: undefined, files: [{ name: id, image: id, mask: id }] },
    width: 2,
    height: 2,
    depth: 2,
    spacingMm: [1, 1, 1],
    image: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7),
    mask: Uint8Array.of(0, 0, 0, 1, 0, 5, 1, 1),
    grid: {
      shape: [2, 2, 2],
      spacingMm: [1, 1, 1],
      affine: makeAffine([1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]),
    },
    orientation: undefined,
    hasSpacing: true,
    isReversed: false,
    warnings: [],
  };
}

/** [name, Dice of bladder, Dice of prostate] */
type Row = readonly [id: string, bladder: number | null, prostate: number | null];

function galleryOf(rows: readonly Row[]) {
  const gallery = makeGallery();
  for (const [id, bladder, prostate] of rows) {
    const label = (of: number, dice: number | null): CaseLabelMetrics =>
      makeCaseLabel({ id: of, dice, state: dice === 0 ? "missed" : dice === null ? "undefined" : "scored" });
    const decoded = decodedOf(id);
    const scored = {
      id,
      patient: decoded.entry.patient,
      labels: [label(1, bladder), label(5, prostate)],
    };
    if (gallery.wants(scored)) gallery.add(galleryCase(decoded, decoded.mask, scored));
  }
  return gallery.cases();
}

const ROWS: readonly Row[] = [
  ["case_10", 0.9, 0.8],
  ["case_9", 0.7, 0],
  ["case_2", 0.5, 0.95],
];
const sectionOf = (rows: readonly Row[]): string =>
  gallerySection({
    who: "Test patients",
    cases: galleryOf(rows),
    total: rows.length,
    labels: LABELS,
    stamp: "",
  });

describe("worstSlice()", () => {
  test("is where most of an organ is wrong, however small the organ", () => {
    // Two voxels of four of the large label are wrong in slice 0, the only one of the small label in slice 1.
    const truth = Uint8Array.of(1, 1, 1, 1, 5, 0, 0, 0);
    const prediction = Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0);
    expect(worstSlice(truth, prediction, 4)).toBe(1);
  });

  test("voxels without truth count nowhere; where nothing is wrong it is the telling slice", () => {
    expect(worstSlice(Uint8Array.of(255, 0, 0, 5), Uint8Array.of(1, 0, 0, 5), 2)).toBe(1);
  });
});

describe("makeGallery()", () => {
  test("keeps the worst first, cases with nothing to find last, and no more than 24", () => {
    expect(galleryOf([...ROWS, ["empty", null, null]]).map(({ scored }) => scored.id)).toEqual([
      "case_9",
      "case_2",
      "case_10",
      "empty",
    ]);
    const many = Array.from({ length: 40 }, (_, i): Row => [`c${i}`, 1 - i / 40, null]);
    const kept = galleryOf(many);
    expect(kept).toHaveLength(24);
    expect(kept[0]!.scored.id).toBe("c39");
    expect(kept.at(-1)!.scored.id).toBe("c16");
  });
});

describe("gallerySection()", () => {
  test("has a card a case with picture, figures and state, and says how many of how many", () => {
    const html = sectionOf(ROWS);
    expect(html.match(/<article class="case"/g)).toHaveLength(3);
    expect(html.match(/src="data:image\/png;base64,iVBOR/g)).toHaveLength(3);
    expect(html).toContain("<h3>case_9: mean Dice 0.350</h3>");
    expect(html).toContain("<td>missed</td>");
    expect(html).toContain("Shown: 3 volumes");
    const cases = galleryOf(ROWS);
    expect(gallerySection({ who: "w", cases, total: 90, labels: LABELS, stamp: "" })).toContain(
      "the 3 worst of 90 volumes (others may have missed a label too)",
    );
    expect(gallerySection({ who: "w", cases: [], total: 0, labels: LABELS, stamp: "" })).toBe("");
  });

  test("is whole without the script: no card is hidden, the controls are", () => {
    const { document } = parseHTML(`<body>${sectionOf(ROWS)}</body>`);
    expect(document.querySelectorAll(".case[hidden]")).toHaveLength(0);
    expect(document.querySelector(".controls")?.hasAttribute("hidden")).toBe(true);
  });
});

describe("the script", () => {
  /** The page with its script run, as a reader has it. */
  function open() {
    const { document, Event } = parseHTML(`<body>${sectionOf(ROWS)}</body>`);
    new Function("document", GALLERY_SCRIPT)(document);
    const shown = (): (string | null)[] =>
      [...document.querySelectorAll(".case:not([hidden])")].map((card) => card.getAttribute("data-name"));
    function set(role: string, value: string): readonly (string | null)[] {
      const control = document.querySelector(`[data-role=${role}]`)!;
      for (const option of control.querySelectorAll("option")) {
        if (option.getAttribute("value") === value) option.setAttribute("selected", "");
        else option.removeAttribute("selected");
      }
      if (role === "text") control.setAttribute("value", value);
      control.dispatchEvent(new Event("input", { bubbles: true }));
      return shown();
    }
    return { document, shown, set };
  }

  test("shows the controls, sorts by mean, name and label, and filters", () => {
    const { document, shown, set } = open();
    expect(document.querySelector(".controls")?.hasAttribute("hidden")).toBe(false);
    expect(shown()).toEqual(["case_9", "case_2", "case_10"]);
    expect(set("sort", "best")).toEqual(["case_10", "case_2", "case_9"]);
    expect(set("sort", "name")).toEqual(["case_2", "case_9", "case_10"]);
    expect(set("sort", "label-1")).toEqual(["case_2", "case_9", "case_10"]);
    expect(set("sort", "label-5")).toEqual(["case_9", "case_10", "case_2"]);
    expect(set("show", "odd")).toEqual(["case_9"]);
    expect(document.querySelector("[data-role=count]")?.textContent).toBe("1 of 3 shown");
    expect(set("show", "all")).toHaveLength(3);
    expect(set("text", "CASE_1")).toEqual(["case_10"]);
  });

  test("is plain text that cannot end its element", () => {
    expect(GALLERY_SCRIPT).not.toContain("</");
    expect(() => new Function(GALLERY_SCRIPT)).not.toThrow();
  });
});
