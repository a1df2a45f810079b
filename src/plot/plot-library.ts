/** Observable Plot drawn into linkedom's document: a chart becomes an SVG string without a browser. */
import { type Markish, type PlotOptions, plot, text } from "@observablehq/plot";
import { parseHTML } from "linkedom/worker";
import { escapeXml, round, roundNumbers, svgDocument, textWidth } from "./svg.ts";

/** The little of the DOM that is used here; the core compiles without DOM types. */
interface Drawn {
  readonly innerHTML: string;
}

export interface ChartFrame {
  readonly title: string;
  /** A second, smaller line; what a colour stands for belongs into `legend`. */
  readonly subtitle?: string;
  readonly legend?: readonly { readonly name: string; readonly colour: string }[];
  /** Written above the y axis: Plot's own place for it collides with the topmost number. */
  readonly yLabel?: string;
  readonly width: number;
  readonly height: number;
}

export type ChartOptions = Omit<
  PlotOptions,
  "document" | "width" | "height" | "title" | "subtitle" | "marks"
>;

const FONT_SIZE = 13;
const SMALL = 12;
const MARGIN_LEFT = 52;
/** Plot's own sheet holds only layout for web pages, with a class name that would be global there. */
const STYLE_ELEMENT = /<style>[\s\S]*?<\/style>/;

/** The line under the title: the subtitle, then a stroke and a name for each entry of the legend. */
function secondLine(frame: ChartFrame): string {
  let x = 12;
  let out = "";
  if (frame.subtitle !== undefined) {
    out += `<text x="${x}" y="38" font-size="${SMALL}" fill="#555555">${escapeXml(frame.subtitle)}</text>`;
    x += textWidth(frame.subtitle, SMALL) + 16;
  }
  for (const { name, colour } of frame.legend ?? []) {
    out +=
      `<line x1="${round(x)}" x2="${round(x + 22)}" y1="34" y2="34" stroke="${colour}" stroke-width="4"/>` +
      `<text x="${round(x + 28)}" y="38" font-size="${SMALL}">${escapeXml(name)}</text>`;
    x += 28 + textWidth(name, SMALL) + 18;
  }
  return out;
}

function yName(label: string): Markish {
  return text([label], {
    frameAnchor: "top-left",
    textAnchor: "start",
    lineAnchor: "bottom",
    dx: 12 - MARGIN_LEFT,
    dy: -12,
  });
}

/** An SVG file of a chart with a title above it. The same input gives the same bytes. */
export function drawChart(frame: ChartFrame, options: ChartOptions, marks: readonly Markish[]): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const second = secondLine(frame);
  const head = second === "" ? 28 : 46;
  const figure: Drawn = plot({
    marginTop: frame.yLabel === undefined ? 14 : 32,
    marginRight: 24,
    marginBottom: 46,
    marginLeft: MARGIN_LEFT,
    ...options,
    x: { labelAnchor: "center", labelArrow: "none", ...options.x },
    y: { label: null, ...options.y },
    document,
    width: frame.width,
    height: frame.height - head,
    marks: frame.yLabel === undefined ? [...marks] : [...marks, yName(frame.yLabel)],
  });
  const body =
    `<text x="12" y="20" font-size="15" font-weight="bold">${escapeXml(frame.title)}</text>${second}` +
    `<g transform="translate(0,${head})" font-size="${FONT_SIZE}" text-anchor="middle" fill="currentColor">` +
    `${roundNumbers(figure.innerHTML.replace(STYLE_ELEMENT, ""))}</g>`;
  return svgDocument(frame, body);
}
