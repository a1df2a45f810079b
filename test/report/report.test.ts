import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { diceCurves } from "../../src/plot/curves.ts";
import { flattenConfig, formatAggregate, formatDistance, formatInterval } from "../../src/report/format.ts";
import { type ReportInput, reportHtml } from "../../src/report/report.ts";
import { makeLabelMetrics, makeMetrics } from "../support/metrics.ts";

const PROSTATE = makeLabelMetrics({
  id: 5,
  name: "prostate",
  dice: {
    perVolume: { mean: 0.81234, n: 9 },
    perPatient: { mean: 0.80111, n: 3 },
    pooled: { mean: 0.82, n: 9 },
    perSlicePresent: { mean: 0.77, n: 195 },
  },
  iou: { mean: 0.7, n: 9 },
  hd95Mm: { mean: 4.125, n: 8, infinite: 1 },
  assdMm: { mean: 1.5, n: 8, infinite: 0 },
  nsd: { toleranceMm: 2, mean: 0.9, n: 9 },
  volumeErrorMl: { mean: -3.25, n: 9 },
  missed: 1,
  falseAlarms: 0,
  undefined: 2,
  ci95: { dicePerPatient: [0.71, 0.88] },
});
const METRICS = makeMetrics({
  split: "test",
  convention: "Hard Dice; a < b & c",
  patients: 3,
  foregroundMean: 0.81234,
  labels: [PROSTATE],
  cases: [],
});
const INPUT: ReportInput = {
  title: "Run",
  subtitle: "pelvis, seed 1",
  synthetic: false,
  config: { preset: "pelvis", optimizer: { lr: 0.001 } },
  facts: [{ name: "Engine", value: "cpu" }],
  metrics: [{ title: "Test patients", metrics: METRICS }],
  figures: [
    {
      title: "Dice",
      caption: "Over the batches",
      svg: diceCurves({
        title: "Dice",
        points: [{ x: 0, value: 0.5 }],
        xLabel: "batch",
        mean: 0.5,
        max: 0.5,
      }),
    },
    { title: "Sheet", caption: "", pngBase64: "iVBORw0KGgo=" },
  ],
  reproduce: ["hipmri train data --out run"],
};

/** Text of the table's cells, by row. */
function cells(html: string): string[][] {
  return [...html.matchAll(/<tr><th scope="row">.*?<\/tr>/g)].map((row) =>
    [...row[0].matchAll(/<td>(.*?)<\/td>/g)].map((cell) => cell[1] ?? ""),
  );
}

describe("reportHtml", () => {
  const html = reportHtml(INPUT);

  test("asks the network for nothing: no remote address, no script, and a policy that forbids both", () => {
    expect(html.replaceAll('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(/https?:|\/\/[a-z]/i);
    expect(html).not.toMatch(/<script|<link|<iframe|@import|url\(/i);
    for (const [, address] of html.matchAll(/(?:src|href)="([^"]*)"/g))
      expect(address).toMatch(/^data:image\/png/);
    expect(html).toContain(`content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"`);
  });

  test("the table gives every mean its count, the interval, and the distances' infinite ones", () => {
    expect(cells(html).slice(0, 3)).toEqual([
      [
        "0.801 (n=3)<small>0.710 to 0.880</small>",
        "0.812 (n=9)",
        "0.820",
        "0.770 (n=195)",
        "0.700 (n=9)",
        "– (n=0)",
        "– (n=0)",
      ],
      ["4.13 (n=8, 1 infinite)", "– (n=0)", "1.50 (n=8)", "– (n=0)", "0.900 (n=9)"],
      ["-3.25 (n=9)", "– (n=0)", "0", "1", "0", "2"],
    ]);
    expect(html).toContain("NSD at 2 mm");
    expect(html).toContain("background:#008a60");
    expect(html).toContain("Convention: Hard Dice; a &lt; b &amp; c");
  });

  test("shows the warnings, the interval of the mean, and what other tools would have printed", () => {
    expect(html).not.toContain("by the rules of other tools");
    const metrics = {
      ...METRICS,
      ci95: { foregroundMean: [0.7, 0.9] as const },
      warnings: ["Only 3 patients: a < b"],
      rescored: [
        {
          convention: "monai" as const,
          rule: "truth empty: left out",
          foregroundMean: 0.9,
          labels: [{ id: 5, dice: { mean: 0.95, n: 7 } }],
        },
      ],
    };
    const page = reportHtml({ ...INPUT, metrics: [{ title: "t", metrics }] });
    expect(page).toContain('<p class="warning">Only 3 patients: a &lt; b</p>');
    expect(page).toContain("per volume (95 % interval 0.700 to 0.900)</p>");
    expect(page).toContain(
      '<th scope="row">monai</th><td>0.950 (n=7)</td><td>0.900</td><td class="rule">truth empty: left out</td>',
    );
  });

  test("allows one script, by its hash alone", () => {
    const script = "document.title = 'x';";
    const page = reportHtml({ ...INPUT, script });
    const hash = createHash("sha256").update(script).digest("base64");
    expect(page).toContain(`style-src 'unsafe-inline'; script-src 'sha256-${hash}'"`);
    expect(page.match(/<script>.*?<\/script>/gs)).toEqual([`<script>${script}</script>`]);
  });

  test("says that it is no medical device, and that synthetic data are synthetic", () => {
    expect(html).toContain("This is not a medical device");
    expect(html).not.toContain("Synthetic data");
    expect(reportHtml({ ...INPUT, synthetic: true })).toContain("<strong>Synthetic data.</strong>");
  });

  test("figures are inline, the wide ones marked", () => {
    expect(html).toContain('<figure><h3>Dice</h3><div class="picture"><svg xmlns=');
    expect(html).toContain('<figure class="wide"><h3>Sheet</h3>');
    expect(html).toContain('<img alt="Sheet" src="data:image/png;base64,iVBORw0KGgo=">');
  });

  test("escapes every text", () => {
    const evil = `<script>alert("1")</script>&'`;
    const page = reportHtml({
      title: evil,
      subtitle: evil,
      synthetic: false,
      config: { [evil]: evil },
      facts: [{ name: evil, value: evil }],
      metrics: [
        { title: evil, metrics: { ...METRICS, convention: evil, labels: [{ ...PROSTATE, name: evil }] } },
      ],
      figures: [{ title: evil, caption: evil, pngBase64: evil }],
      reproduce: [evil],
    });
    expect(page).not.toContain("<script");
    expect(page).not.toContain('alert("1")');
    const escaped = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;";
    // title and heading; subtitle; config twice; fact twice; section and three tables; convention; three label cells;
    // figure heading, alt, src and caption; command.
    expect(page.split(escaped)).toHaveLength(1 + 2 + 1 + 2 + 2 + 4 + 1 + 3 + 4 + 1);
  });

  test("leaves out the sections for which there is nothing, and is the same again", () => {
    const empty = reportHtml({ ...INPUT, config: {}, facts: [], metrics: [], figures: [], reproduce: [] });
    expect(empty).not.toMatch(/<section|<dl|<details|<table|<pre/);
    expect(reportHtml(INPUT)).toBe(html);
  });
});

describe("format", () => {
  test("what is absent is a dash", () => {
    expect(formatAggregate({ mean: null, n: 0 }, 3)).toBe("\u2013 (n=0)");
    expect(formatDistance({ mean: null, n: 0, infinite: 4 }, 2)).toBe("\u2013 (n=0, 4 infinite)");
    expect(formatInterval(null, 3)).toBe("\u2013");
    expect(formatInterval([-0.0001, 0.25], 2)).toBe("0.00 to 0.25");
  });
  test("a nested configuration becomes dotted names in its own order", () => {
    const config = { b: { y: [1, 2], x: { z: null } }, a: "text", e: {}, u: undefined };
    expect(flattenConfig(config)).toEqual([
      ["b.y", "[1,2]"],
      ["b.x.z", "null"],
      ["a", "text"],
      ["e", "{}"],
      ["u", "undefined"],
    ]);
  });
});
