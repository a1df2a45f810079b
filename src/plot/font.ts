/**
 * A bitmap font of our own (5x7, and two rows for descenders) for text on rasters: it needs no fonts on the machine,
 * so a picture has the same bytes everywhere.
 * A glyph is nine rows from the top, each a base-32 digit whose bits 16, 8, 4, 2, 1 are the columns from the left.
 */

export const GLYPH_WIDTH = 5;
export const GLYPH_HEIGHT = 9;
/** One empty column stands between two glyphs. */
export const GLYPH_ADVANCE = GLYPH_WIDTH + 1;

/** The printable characters of ASCII, from the space (32) to the tilde (126). */
const GLYPHS: readonly string[] = [
  "000000000 444440400 aa0000000 aavavaa00 4fke5u400 op248j300 ciicjid00 440000000 248884200 842224800",
  "04lel4000 044v44000 00000cc48 000e00000 00000cc00 11248gg00 ehjlphe00 4c4444e00 eh168gv00 eh161he00",
  "26aiv2200 vgu11he00 68guhhe00 v12244400 ehhehhe00 ehhf12c00 0cc0cc000 00cc0cc48 248g84200 00v0v0000",
  "842124800 eh1640400 ehnlnge00 ehhvhhh00 uhhuhhu00 ehggghe00 uhhhhhu00 vgguggv00 vgguggg00 ehgnhhf00",
  "hhhvhhh00 e44444e00 72222ic00 hikokih00 ggggggv00 hrllhhh00 hppljjh00 ehhhhhe00 uhhuggg00 ehhhhle30",
  "uhhukih00 fgge11u00 v44444400 hhhhhhe00 hhhhaa400 hhhllrh00 hha4ahh00 hha444400 v1248gv00 e88888e00",
  "gg8421100 e22222e00 4ah000000 0000000v0 840000000 00e1fhf00 gguhhhu00 00egghe00 11fhhhf00 00ehvge00",
  "698s88800 00fhhhf1e gguhhhh00 40c444e00 2062222ic ggikoki00 c44444e00 00qllll00 00uhhhh00 00ehhhe00",
  "00uhhhugg 00fhhhf11 00mpggg00 00fge1u00 88u889600 00hhhjd00 00hhha400 00hllla00 00ha4ah00 00hhhhf1e",
  "00v248v00 344844300 444444400 o44244o00 009li0000",
].flatMap((row) => row.split(" "));

/** What stands for a character the font lacks: an empty box. */
const UNKNOWN = "vhhhhhv00";
const FIRST = 32;

/** Accents are dropped and long dashes and the like written plainly: "é" is drawn as "e". */
function toAscii(text: string): string {
  return text
    .normalize("NFD")
    .replace(/\p{Mark}/gu, "")
    .replace(/[\u2010-\u2015\u2212]/g, "-")
    .replaceAll("\u00d7", "x")
    .replaceAll("\u2026", "...");
}

/** Nine rows of five bits for each character of `text`. */
export function glyphsOf(text: string): Uint8Array[] {
  return [...toAscii(text)].map((char) => {
    const glyph = GLYPHS[char.codePointAt(0)! - FIRST] ?? UNKNOWN;
    return Uint8Array.from(glyph, (digit) => Number.parseInt(digit, 32));
  });
}

/** Width in pixels of `text` drawn at `scale`, without the empty column after the last glyph. */
export function textWidthPx(text: string, scale: number): number {
  const count = glyphsOf(text).length;
  return count === 0 ? 0 : (count * GLYPH_ADVANCE - 1) * scale;
}

/** `text`, cut with ".." where it would be wider than `maxWidthPx`. */
export function fitText(text: string, maxWidthPx: number, scale: number): string {
  if (textWidthPx(text, scale) <= maxWidthPx) return text;
  const fits = Math.floor((maxWidthPx / scale + 1) / GLYPH_ADVANCE);
  return `${[...toAscii(text)].slice(0, Math.max(0, fits - 2)).join("")}${"..".slice(0, Math.max(0, fits))}`;
}
