/** Small parts that every SVG of ours is made of. */

/** "system-ui" is unknown outside browsers; these names are on nearly every machine. */
const FONT_FAMILY = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";
export const INK = "#222222";

// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 forbids these even when escaped.
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/** Text for XML or HTML, between tags or inside a quoted attribute; what XML forbids becomes U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replace(FORBIDDEN, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** At most two decimals, no "-0": enough for a pixel, and the same on every platform. */
export function round(value: number): string {
  const rounded = Math.round(value * 100) / 100;
  return `${rounded === 0 ? 0 : rounded}`;
}

/** Rounds the numbers inside tags and leaves the text between tags alone, and colours such as "#56b4e9" too. */
export function roundNumbers(svg: string): string {
  return svg.replace(/<[^>]*>/g, (tag) =>
    tag.replace(/#[0-9a-f]+|-?(?:\d*\.\d+(?:e[-+]?\d+)?|\d+e[-+]?\d+)/g, (found) =>
      found.startsWith("#") ? found : round(Number(found)),
    ),
  );
}

export interface SvgFrame {
  readonly width: number;
  readonly height: number;
  /** What a screen reader says, and a browser's tooltip. */
  readonly title: string;
}

/** A whole SVG file around `body`: white ground, own font, nothing from outside. */
export function svgDocument(frame: SvgFrame, body: string): string {
  const width = round(frame.width);
  const height = round(frame.height);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}" role="img" font-family="${FONT_FAMILY}" fill="${INK}" color="${INK}">` +
    `<title>${escapeXml(frame.title)}</title>` +
    `<rect width="${width}" height="${height}" fill="#ffffff"/>${body}</svg>\n`
  );
}

/** A fair guess at the width of `text`, for layout without a font: Helvetica's mean is 0.55 em. */
export function textWidth(text: string, fontSize: number): number {
  return text.length * fontSize * 0.55;
}
