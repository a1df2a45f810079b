import { describe, expect, test } from "vitest";
import { cardMarkdown } from "../../src/predict/card-markdown.ts";
import { FULL_PARTS, makeCard } from "../support/model-card.ts";

/** The text below a heading. */
function section(page: string, heading: string): string {
  const [, rest = ""] = page.split(`## ${heading}\n\n`);
  return rest.split("\n\n## ")[0]!.trimEnd();
}

const FULL = makeCard({
  ...FULL_PARTS,
  labels: [
    { id: 0, name: "background" },
    { id: 1, name: "body" },
    { id: 5, name: "prostate" },
  ],
});

describe("cardMarkdown()", () => {
  const page = cardMarkdown(FULL, { modelSha256: "ab".repeat(32) });

  test("has every part, in this order, and ends with one line break", () => {
    expect(page.match(/^#+ .*$/gm)).toEqual([
      "# Model card: body, prostate",
      "## What it does",
      "## How images must come",
      "## What it was trained on",
      "## How good it is",
      "### Validation: 2 patients, 3 volumes",
      "### Test",
      "## Limits",
      "## What it is for, and what not",
      "## How to run it",
      "## To tell it again",
    ]);
    expect(page).toMatch(/[^\n]\n$/);
    expect(page).toContain("> **Not a medical device.**");
  });

  test("says which value and which channel a label has", () => {
    expect(section(page, "What it does")).toContain("| prostate | 5 | 2 |");
  });

  test("gives the figures with their intervals, numbers and rules; what is undefined is a dash", () => {
    const text = section(page, "How good it is");
    expect(text).toContain("Mean Dice over the labels: **0.750** (95 % interval 0.700-0.800).");
    expect(text).toContain("| body | 0.900 | 0.850-0.950 | 4.3 | 0 | 1 |");
    expect(text).toContain("| prostate | - | - | - | 3 | 0 |");
    expect(text).toContain("How it was measured: Dice as it should be.");
    expect(text).toContain("The test patients were not looked at before the model was final.");
  });

  test("says what the model learnt from, by content", () => {
    const text = section(page, "What it was trained on");
    expect(text).toContain("- Images learnt from: 4 volumes, 40 slices.");
    expect(text).toContain("- Pixels of these: 1.5 x 1.25 mm, slices 3-6 mm apart.");
    expect(text).toContain("- Licence of the training data: CC BY 4.0.");
    expect(section(page, "To tell it again")).toContain(`- SHA-256 of model.onnx: \`${"ab".repeat(32)}\``);
    expect(section(page, "To tell it again")).toContain(FULL_PARTS.data!.digest);
  });

  test("shows a test once it is there, and the rules once where both splits share them", () => {
    const [validate] = FULL_PARTS.metrics;
    const both = cardMarkdown({
      ...FULL,
      metrics: [validate!, { ...validate!, split: "test", patients: 1, ci95: null }],
    });
    const text = section(both, "How good it is");
    expect(text).toContain("### Test: 1 patient, 3 volumes");
    expect(text).toContain("**0.750** (an interval needs two patients or more)");
    expect(text.split("How it was measured")).toHaveLength(2);
    expect(text).not.toContain("Not measured");
  });

  test.each(["training", "selection"] as const)(
    "marks a model whose test patients were seen during %s",
    (during) => {
      const seen = cardMarkdown({ ...FULL, testSeen: { during, note: "Somebody looked" } });
      expect(section(seen, "How good it is")).toContain("**Mind: Somebody looked.**");
    },
  );

  test("of a card of an earlier version says what is not known", () => {
    const old = cardMarkdown(makeCard({ validation: { foregroundMeanDice: 0.5, convention: "Hard Dice" } }));
    expect(section(old, "How good it is")).toContain(
      "Validation while training: mean Dice 0.500. Hard Dice.",
    );
    expect(section(old, "How good it is")).toContain("does not say whether its test patients were looked at");
    expect(section(old, "What it was trained on")).toContain("Licence of the training data: not stated.");
    expect(section(old, "Limits")).toBe("The model does not state any.");
  });

  test("puts SYNTHETIC first, and lets no name of a data set be Markdown", () => {
    const odd = cardMarkdown({
      ...FULL,
      synthetic: true,
      labels: [FULL.labels[0]!, { id: 1, name: "a|b <script>" }],
      licence: "see [here](http://x)\n# new",
    });
    expect(odd.split("\n")[2]).toMatch(/^> \*\*Trained on SYNTHETIC images\. Not a medical device\.\*\*/);
    expect(odd).toContain("| a\\|b \\<script> | 1 | 1 |");
    expect(odd).toContain("Licence of the training data: see \\[here\\](http://x) # new.");
  });
});
