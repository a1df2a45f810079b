/** The picture that is saved: the view, and below it what it shows: the scan's name, labels with colours and volumes. */

import type { Snapshot } from "./viewer/viewer.ts";

export interface LegendRow {
  readonly name: string;
  readonly colour: readonly [number, number, number];
  /** "4.8 ml" */
  readonly volume: string;
}

export interface PictureText {
  readonly title: string;
  readonly rows: readonly LegendRow[];
  /** What must be said with it: that it is a drawing, that it is not for clinical use. */
  readonly notes: readonly string[];
}

/** The page's own, as app.css and the theme have them. */
function colour(name: "bg" | "text" | "soft" | "warn"): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Of text, in the picture's own pixels. */
const sizeFor = (width: number): number => Math.max(14, Math.round(width / 55));

interface Placed {
  readonly row: LegendRow;
  readonly x: number;
  readonly line: number;
}

/** Rows one after another, as many to a line as there is room for. */
function placeRows(rows: readonly LegendRow[], widths: readonly number[], room: number): readonly Placed[] {
  const placed: Placed[] = [];
  let [x, line] = [0, 0];
  for (const [i, row] of rows.entries()) {
    const width = widths[i]!;
    if (x > 0 && x + width > room) [x, line] = [0, line + 1];
    placed.push({ row, x, line });
    x += width;
  }
  return placed;
}

/** Words to lines. */
function wrap(text: string, room: number, widthOf: (text: string) => number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && widthOf(longer) > room) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

/** A bar of so many millimetres says how large things are. */
const BAR_MM = 50;

/** In the left lower corner of a plane. */
function drawBar(
  context: CanvasRenderingContext2D,
  { left, bottom, pixelsPerMm }: Snapshot["scales"][number],
  size: number,
): void {
  const [x, y, length] = [left + size, bottom - size * 0.9, BAR_MM * pixelsPerMm];
  const height = Math.max(3, size / 5);
  const text = `${BAR_MM / 10} cm`;
  // Over black and over white.
  context.lineWidth = size / 5;
  context.strokeStyle = "#000";
  context.strokeRect(x, y, length, height);
  context.strokeText(text, x, y - size * 0.7);
  context.fillStyle = "#fff";
  context.fillRect(x, y, length, height);
  context.fillText(text, x, y - size * 0.7);
}

export async function makePicture({ png, scales }: Snapshot, text: PictureText): Promise<Blob> {
  const image = await createImageBitmap(png);
  const { width } = image;
  const size = sizeFor(width);
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  if (context === null) return png;
  const font = (weight: number): string =>
    `${weight} ${size}px system-ui, "Segoe UI", Roboto, Arial, sans-serif`;
  const widthOf = (words: string): number => context.measureText(words).width;
  const [edge, step, swatch] = [size, Math.round(size * 1.55), Math.round(size * 0.85)];
  const room = width - 2 * edge;
  context.font = font(400);
  const rowWidths = text.rows.map(({ name, volume }) => swatch + widthOf(`${name} ${volume}`) + 2.6 * size);
  const rows = placeRows(text.rows, rowWidths, room);
  const notes = wrap(text.notes.join(" "), room, widthOf);
  context.font = font(650);
  const titles = wrap(text.title, room, widthOf);
  const lines = titles.length + (rows.at(-1)?.line ?? -1) + 1 + notes.length;
  canvas.width = width;
  canvas.height = image.height + edge + lines * step + Math.round(edge / 2);
  context.fillStyle = colour("bg");
  context.fillRect(0, 0, width, canvas.height);
  context.drawImage(image, 0, 0);
  image.close();
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.font = font(650);
  for (const scale of scales) drawBar(context, scale, size);
  let y = canvas.height - Math.round(edge / 2) - lines * step + step / 2;
  const write = (words: string, ink: "text" | "soft" | "warn", weight: number, x = edge): void => {
    context.font = font(weight);
    context.fillStyle = colour(ink);
    context.fillText(words, x, y);
  };
  for (const line of titles) {
    write(line, "text", 650);
    y += step;
  }
  const top = y;
  for (const { row, x, line } of rows) {
    y = top + line * step;
    context.fillStyle = `rgb(${row.colour.join(" ")})`;
    context.fillRect(edge + x, y - swatch / 2, swatch, swatch);
    const at = edge + x + swatch + 0.5 * size;
    write(row.name, "text", 400, at);
    write(row.volume, "soft", 400, at + widthOf(`${row.name} `));
  }
  y = top + ((rows.at(-1)?.line ?? -1) + 1) * step;
  for (const line of notes) {
    write(line, "warn", 400);
    y += step;
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob === null ? reject(new Error("no picture")) : resolve(blob)), "image/png");
  });
}
