/**
 * A U-Net drawn from its own graph, in the manner of Figure 1 of Ronneberger, Fischer, Brox: "U-Net: Convolutional
 * Networks for Biomedical Image Segmentation" (MICCAI 2015).
 */
import { type DiagramArrow, type DiagramBox, type DiagramNode, layoutDiagram } from "./diagram-layout.ts";
import { escapeXml, round, svgDocument, textWidth } from "./svg.ts";

export type { DiagramKind, DiagramNode } from "./diagram-layout.ts";

const MAP = "#7fb2dc";
const MAP_EDGE = "#1f4e79";
const NORM = "#7b3294";
const MARGIN = 20;
const TITLE_HEIGHT = 56;
/** Room for the longest line of the legend. */
const LEAST_WIDTH = 540;
const SMALL = 10;
const LEGEND_SIZE = 12;
const LEGEND_LINE = 22;
/** Between a box and the channel count over it. */
const COUNT_OFFSET = 4;

const COLOURS: Readonly<Record<DiagramArrow["kind"], string>> = {
  conv: "#1f3b73",
  pool: "#c0392b",
  up: "#2e8b3d",
  copy: "#9a9a9a",
};
/** The paper gives the last, 1x1, convolution a colour of its own. */
const CONV_1X1 = "#17a2a2";

function arrowColour({ kind, name }: Pick<DiagramArrow, "kind" | "name">): string {
  return kind === "conv" && /\b1x1\b/.test(name) ? CONV_1X1 : COLOURS[kind];
}

type Point = readonly [x: number, y: number];

/** A shaft and a head, without markers: those need ids, and ids clash where one page holds several figures. */
function arrow(from: Point, to: Point, colour: string, thickness: number): string {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  if (length === 0) return "";
  const dx = (to[0] - from[0]) / length;
  const dy = (to[1] - from[1]) / length;
  const head = 4 + thickness * 1.5;
  const half = 1.5 + thickness;
  const base: Point = [to[0] - dx * head, to[1] - dy * head];
  const corners: Point[] = [
    to,
    [base[0] - dy * half, base[1] + dx * half],
    [base[0] + dy * half, base[1] - dx * half],
  ];
  const points = corners.map(([x, y]) => `${round(x)},${round(y)}`).join(" ");
  return (
    `<line x1="${round(from[0])}" y1="${round(from[1])}" x2="${round(base[0])}" y2="${round(base[1])}" ` +
    `stroke="${colour}" stroke-width="${thickness}"/><polygon points="${points}" fill="${colour}"/>`
  );
}

function drawArrow(a: DiagramArrow): string {
  // Two pixels of air between an arrow and the boxes it joins.
  const air = a.from[1] === a.to[1] ? 2 : 0;
  const airY = air === 0 ? (a.to[1] > a.from[1] ? 2 : -2) : 0;
  const from: Point = [a.from[0] + air, a.from[1] + airY];
  const to: Point = [a.to[0] - air, a.to[1] - airY];
  return arrow(from, to, arrowColour(a), a.kind === "conv" ? 2 : 4);
}

interface Marks {
  readonly norm: boolean;
  readonly dropout: boolean;
}

function mapRect(x: number, y: number, width: number, height: number, fill: string, marks: Marks): string {
  const dash = marks.dropout ? ' stroke-dasharray="3,2" stroke-width="1.6"' : "";
  const bar = marks.norm
    ? `<rect x="${round(x)}" y="${round(y)}" width="3.5" height="${round(height)}" fill="${NORM}"/>`
    : "";
  return (
    `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}" ` +
    `stroke="${MAP_EDGE}"${dash}/>${bar}`
  );
}

function drawBox({ node, x, y, width, height, copiedWidth, folded, size }: DiagramBox): string {
  const marks = {
    norm: folded.some((f) => f.kind === "norm"),
    dropout: folded.some((f) => f.kind === "dropout"),
  };
  let out = "";
  if (copiedWidth > 0) out += mapRect(x, y, copiedWidth, height, "#ffffff", { norm: false, dropout: false });
  if (width > copiedWidth) out += mapRect(x + copiedWidth, y, width - copiedWidth, height, MAP, marks);
  out +=
    `<text x="${round(x + width / 2)}" y="${round(y - COUNT_OFFSET)}" font-size="${SMALL}" ` +
    `text-anchor="middle">${node.channels}</text>`;
  if (size !== "") {
    const at = `${round(x - 4)},${round(y + height)}`;
    out += `<text transform="translate(${at}) rotate(-90)" font-size="${SMALL}" fill="#555555">${size}</text>`;
  }
  return out;
}

/** Words one above another, the middle of them at `y`. */
function stacked(label: string, x: number, y: number, anchor: "start" | "end"): string {
  const words = label.split(/\s+/);
  return words
    .map((word, i) => {
      const line = y + (i - (words.length - 1) / 2) * 14 + 4;
      return `<text x="${round(x)}" y="${round(line)}" font-size="${LEGEND_SIZE}" text-anchor="${anchor}">${escapeXml(word)}</text>`;
    })
    .join("");
}

const widestWord = (label: string): number =>
  Math.max(...label.split(/\s+/).map((word) => textWidth(word, LEGEND_SIZE)));

interface LegendItem {
  readonly name: string;
  readonly icon: (x: number, y: number) => string;
}

function legendItems(arrows: readonly DiagramArrow[], boxes: readonly DiagramBox[]): LegendItem[] {
  const items = new Map<string, LegendItem>();
  for (const a of arrows) {
    const thickness = a.kind === "conv" ? 2 : 4;
    const icon = (x: number, y: number): string => arrow([x, y], [x + 26, y], arrowColour(a), thickness);
    items.set(a.name, { name: a.name, icon });
  }
  const folded = boxes.flatMap((box) => box.folded);
  for (const { kind, label } of folded) {
    if (kind !== "norm" && kind !== "dropout") continue;
    const marks = { norm: kind === "norm", dropout: kind === "dropout" };
    items.set(label, { name: label, icon: (x, y) => mapRect(x + 6, y - 7, 14, 14, MAP, marks) });
  }
  if (boxes.some((box) => box.copiedWidth > 0)) {
    const none = { norm: false, dropout: false };
    items.set("copied", {
      name: "copied maps",
      icon: (x, y) => mapRect(x + 6, y - 7, 14, 14, "#ffffff", none),
    });
  }
  return [...items.values()];
}

/** Lines of legend below `top`; returns what was drawn and how high it is. */
function drawLegend(
  items: readonly LegendItem[],
  top: number,
  width: number,
): { svg: string; height: number } {
  let x = MARGIN;
  let y = top + LEGEND_LINE / 2;
  let svg = "";
  for (const { name, icon } of items) {
    const needed = 34 + textWidth(name, LEGEND_SIZE) * 1.08 + 18;
    if (x > MARGIN && x + needed > width - MARGIN) {
      x = MARGIN;
      y += LEGEND_LINE;
    }
    svg += `${icon(x, y)}<text x="${round(x + 34)}" y="${round(y + 4)}" font-size="${LEGEND_SIZE}">${escapeXml(name)}</text>`;
    x += needed;
  }
  y += LEGEND_LINE;
  svg +=
    `<text x="${MARGIN}" y="${round(y + 4)}" font-size="${LEGEND_SIZE}" fill="#555555">` +
    "Boxes: feature maps; over them: channels; beside them: height x width in pixels</text>";
  return { svg, height: y + LEGEND_LINE / 2 - top };
}

/**
 * The U-shaped picture of a network, as a whole SVG file. A box's height follows the logarithm of the map's height,
 * its width that of the channels; norm and dropout are marks on the box they act on.
 * @throws RangeError where an input is missing or comes later than its reader.
 */
export function unetDiagram(nodes: readonly DiagramNode[], options: { readonly title: string }): string {
  const layout = layoutDiagram(nodes);
  const input = layout.boxes.find((box) => box.node.kind === "input");
  const left = MARGIN + 18 + (input === undefined ? 0 : widestWord(input.node.label));
  const right = MARGIN + (layout.output === undefined ? 0 : 8 + widestWord(layout.output.label) * 1.1);
  const items = legendItems(layout.arrows, layout.boxes);
  const width = Math.max(
    LEAST_WIDTH,
    left + layout.width + right,
    2 * MARGIN + textWidth(options.title, 15) * 1.15,
  );
  const legendTop = TITLE_HEIGHT + layout.height + 24;
  const legend = drawLegend(items, legendTop, width);
  let body = `<text x="${MARGIN}" y="24" font-size="15" font-weight="bold">${escapeXml(options.title)}</text>`;
  body += `<g transform="translate(${round(left)},${TITLE_HEIGHT})">`;
  body += layout.arrows
    .filter((a) => a.kind === "copy")
    .map(drawArrow)
    .join("");
  body += layout.boxes.map(drawBox).join("");
  for (const { x, y, width: w, height: h } of layout.crops) {
    // Inside the box's own edge: a dashed edge means dropout.
    body +=
      `<rect x="${round(x + 2.5)}" y="${round(y)}" width="${round(w - 5)}" height="${round(h)}" fill="none" ` +
      `stroke="#ffffff" stroke-width="1.2" stroke-dasharray="3,2"/>`;
  }
  body += layout.arrows
    .filter((a) => a.kind !== "copy")
    .map(drawArrow)
    .join("");
  if (input !== undefined) body += stacked(input.node.label, input.x - 18, input.y + input.height / 2, "end");
  if (layout.output !== undefined) {
    const { box, label } = layout.output;
    body += stacked(label, box.x + box.width + 8, box.y + box.height / 2, "start");
  }
  body += `</g>${legend.svg}`;
  return svgDocument({ width, height: legendTop + legend.height + 8, title: options.title }, body);
}
