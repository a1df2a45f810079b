/** report.html of a sweep: the ranking, and Dice against each setting that was varied. */
import { counted } from "../core/text.ts";
import { escapeXml } from "../plot/svg.ts";
import { sweepPlot } from "../plot/sweep.ts";
import { reportHtml } from "./report.ts";
import { describeValues, diceText, intervalText, rankingTable, type SweepRanking } from "./sweep.ts";

export interface SweepPage {
  readonly html: string;
  readonly figures: readonly { readonly name: string; readonly svg: string }[];
}

function rankingSection(ranking: SweepRanking, time: (seconds: number) => string): string {
  const [head = [], ...rows] = rankingTable(ranking, time);
  const cells = head.map((text) => `<th scope="col">${escapeXml(text)}</th>`).join("");
  const body = rows.map(
    ([name = "", ...row]) =>
      `<tr><th scope="row">${escapeXml(name)}</th>${row.map((text) => `<td>${escapeXml(text)}</td>`).join("")}</tr>`,
  );
  const notes = ranking.notes.map((note) => `<li>${escapeXml(note)}.</li>`).join("");
  const failures = ranking.trials
    .flatMap(({ name, failure }) =>
      failure === null ? [] : [`<li>${escapeXml(name)} failed: ${escapeXml(failure)}</li>`],
    )
    .join("");
  const rule =
    ranking.tests === 0
      ? ""
      : `<p class="note">Differences by patient with 95 % intervals by bootstrap; p by sign-flip permutation, corrected after Holm for ${ranking.tests} tests.</p>`;
  return (
    `<section><h2>Ranking</h2><div class="scroll" tabindex="0" role="region" aria-label="Ranking"><table><thead><tr>${cells}` +
    `</tr></thead><tbody>${body.join("")}</tbody></table></div>${rule}<ul>${notes}${failures}</ul></section>`
  );
}

export function sweepPage(
  ranking: SweepRanking,
  of: {
    readonly synthetic: boolean;
    readonly reproduce: readonly string[];
    readonly facts: readonly { readonly name: string; readonly value: string }[];
    readonly time: (seconds: number) => string;
  },
): SweepPage {
  const { trials, keys, patients } = ranking;
  const figures = keys.map(({ key, scale }, i) => ({
    key,
    name: `sweep-${i}-${key.replace(/[^\w.-]/g, "_")}`,
    svg: sweepPlot(
      trials.map(({ values, foregroundMean, ci95, rank }) => ({
        value: values[key],
        dice: foregroundMean,
        ci95,
        isBest: rank === 1 && foregroundMean !== null,
      })),
      { key, scale },
    ),
  }));
  const [first] = trials;
  const html = reportHtml({
    title: "Sweep",
    subtitle: `${counted(trials.length, "trial")} over ${keys.map(({ key }) => key).join(", ")}`,
    synthetic: of.synthetic,
    config: {},
    facts: of.facts,
    metrics: [],
    figures: figures.map(({ key, svg }) => ({
      title: `Dice against ${key}`,
      caption: "All other settings of a trial may differ too: where several are varied, look at the ranking.",
      svg,
    })),
    sections: [rankingSection(ranking, of.time)],
    reproduce: of.reproduce,
    summary: [
      first === undefined || first.failure !== null
        ? "Every trial failed."
        : `${first.name} (${describeValues(first.values)}) did best on ${counted(patients, "validation patient")}: mean Dice ${diceText(first)} over the labels${first.ci95 === null ? "" : ` (95 % interval ${intervalText(first)})`}. ` +
          `As the best of ${counted(trials.length, "trial")}, chosen by these very patients, this figure is optimistic.`,
    ],
  });
  return { html, figures };
}
