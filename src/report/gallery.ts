/** The error gallery of the report: a card for each of the worst cases, sorted and filtered by a small script. */
import { counted } from "../core/text.ts";
import type { CaseLabelMetrics } from "../metrics/types.ts";
import { labelHex } from "../plot/colours.ts";
import { contactSheet } from "../plot/contact-sheet.ts";
import { rasterToPng, toBase64 } from "../plot/png.ts";
import { escapeXml } from "../plot/svg.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { formatNumber } from "./format.ts";
import type { GalleryCase } from "./gallery-cases.ts";

const PANEL_PX = 300;
const STATES: Readonly<Record<CaseLabelMetrics["state"], string>> = {
  scored: "",
  missed: "missed",
  falseAlarm: "false alarm",
  undefined: "in neither mask",
};

export interface GallerySplit {
  /** e.g. "Test patients". */
  readonly who: string;
  readonly cases: readonly GalleryCase[];
  /** Of the split; the gallery shows the worst of them. */
  readonly total: number;
  /** Foreground. */
  readonly labels: readonly LabelDefinition[];
  /** "" or what must be said of every picture, e.g. "SYNTHETIC data". */
  readonly stamp: string;
}

function labelRow(label: CaseLabelMetrics, name: string): string {
  const cells = [
    formatNumber(label.dice, 3),
    formatNumber(label.hd95Mm, 1),
    formatNumber(label.volumeErrorMl, 1),
    STATES[label.state],
  ];
  return (
    `<tr><th scope="row"><span class="swatch" style="background:${labelHex(label.id)}"></span>${escapeXml(name)}</th>` +
    `${cells.map((cell) => `<td>${escapeXml(cell)}</td>`).join("")}</tr>`
  );
}

function card(one: GalleryCase, { labels, stamp }: GallerySplit): string {
  const { scored, dice, slice, row } = one;
  const names = new Map(labels.map(({ id, name }) => [id, name]));
  const png = toBase64(
    rasterToPng(
      contactSheet([{ ...row, title: stamp }], {
        labels: [],
        columns: ["image", "contours", "difference"],
        panelWidthPx: PANEL_PX,
        hasLegend: false,
      }),
    ),
  );
  const values = scored.labels.map((label) => `data-label-${label.id}="${label.dice ?? ""}"`).join(" ");
  const isOdd = scored.labels.some(({ state }) => state === "missed" || state === "falseAlarm");
  const heading = `${scored.id}: mean Dice ${formatNumber(dice, 3)}`;
  return (
    `<article class="case" data-name="${escapeXml(scored.id)}" data-patient="${escapeXml(scored.patient)}" ` +
    `data-dice="${dice ?? ""}" ${values}${isOdd ? ' data-odd="1"' : ""}><h3>${escapeXml(heading)}</h3>` +
    `<div class="picture"><img loading="lazy" alt="${escapeXml(`${slice}: image, contours of truth and prediction, difference`)}" src="data:image/png;base64,${png}"></div>` +
    `<p class="note">Patient ${escapeXml(scored.patient)}; picture: ${escapeXml(slice)}, the slice with the largest error</p>` +
    '<div class="scroll"><table><thead><tr><th scope="col">Label</th><th scope="col">Dice</th><th scope="col">HD95 [mm]</th>' +
    '<th scope="col">Volume error [ml]</th><th scope="col">State</th></tr></thead><tbody>' +
    `${scored.labels.map((label) => labelRow(label, names.get(label.id) ?? `${label.id}`)).join("")}</tbody></table></div></article>`
  );
}

/** Hidden until the script is there to serve it. */
function controls({ labels, who }: GallerySplit): string {
  const option = (value: string, text: string): string =>
    `<option value="${escapeXml(value)}">${escapeXml(text)}</option>`;
  const byLabel = labels.map(({ id, name }) => option(`label-${id}`, `worst ${name} first`));
  return (
    `<div class="controls" hidden role="group" aria-label="${escapeXml(`Cards of ${who}`)}">` +
    `<label>Sort <select data-role="sort"><option value="dice" selected>worst first</option>${option("best", "best first")}${option("name", "by name")}${byLabel.join("")}</select></label>` +
    `<label>Show <select data-role="show"><option value="all" selected>all</option>${option("odd", "misses and false alarms")}</select></label>` +
    '<label>Name contains <input type="search" data-role="text"></label><output data-role="count"></output></div>'
  );
}

/** "" where there is no case. */
export function gallerySection(split: GallerySplit): string {
  const { who, cases, total } = split;
  if (cases.length === 0) return "";
  const shown =
    cases.length < total
      ? `the ${cases.length} worst of ${total} volumes (others may have missed a label too)`
      : counted(total, "volume");
  return (
    `<section class="gallery"><h2>${escapeXml(who)}: errors, worst first</h2>` +
    `<p>${escapeXml(`Shown: ${shown}, by the mean Dice over the labels.`)} In the middle picture the edges of the truth are drawn ` +
    "solid in the labels' colours and those of the prediction dashed in white. On the right: dark grey correct, amber (light) missed, " +
    "blue (dark) false, white another label.</p>" +
    `${controls(split)}<div class="cards">${cases.map((one) => card(one, split)).join("\n")}</div></section>`
  );
}

/**
 * Sorts and filters the cards of each gallery. The page is whole without it: then the cards stand worst first.
 * Plain and small, since the page's policy allows it by its hash alone.
 */
export const GALLERY_SCRIPT = `
for (const gallery of document.querySelectorAll(".gallery")) {
  const controls = gallery.querySelector(".controls");
  const cards = gallery.querySelector(".cards");
  const all = [...cards.children];
  const get = (role) => controls.querySelector("[data-role=" + role + "]");
  const value = (card, key) => {
    const text = card.getAttribute("data-" + key) ?? "";
    return text === "" ? 2 : Number(text);
  };
  const update = () => {
    const sort = get("sort").value;
    const show = get("show").value;
    const text = get("text").value.trim().toLowerCase();
    const sorted = [...all].sort((a, b) =>
      sort === "name"
        ? a.dataset.name.localeCompare(b.dataset.name, "en", { numeric: true })
        : sort === "best"
          ? value(b, "dice") - value(a, "dice")
          : value(a, sort) - value(b, sort),
    );
    let shown = 0;
    for (const card of sorted) {
      const isShown =
        (show === "all" || card.dataset.odd === "1") &&
        (card.dataset.name + " " + card.dataset.patient).toLowerCase().includes(text);
      card.hidden = !isShown;
      if (isShown) shown++;
      cards.append(card);
    }
    get("count").textContent = shown + " of " + all.length + " shown";
  };
  controls.hidden = false;
  controls.addEventListener("input", update);
  update();
}
`;
