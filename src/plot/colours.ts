/** The colours of labels and of differences: the same in every chart, picture, table and viewer. */

export type Rgb = readonly [red: number, green: number, blue: number];

/**
 * HipMRI's five labels, after Okabe and Ito, "Color Universal Design" (2008), with prostate darkened and body
 * greyed until every pair is at least 20 apart in CIELAB for normal, protan, deutan and tritan vision.
 */
const NAMED: readonly Rgb[] = [
  [141, 160, 179], // body: grey-blue
  [232, 200, 30], // bone: yellow
  [86, 180, 233], // bladder: sky blue
  [213, 94, 0], // rectum: vermilion
  [0, 138, 96], // prostate: bluish green
];

/** Difference map: the lightness rises by a clear step from each to the next, so it reads without colour vision. */
export const DIFFERENCE_COLOURS = {
  correct: [74, 74, 74],
  false: [61, 125, 255],
  missed: [240, 168, 40],
  wrongLabel: [255, 255, 255],
} as const satisfies Readonly<Record<string, Rgb>>;

/** Labels with a colour of their own; higher ids repeat them. */
export const LABEL_COLOUR_COUNT = 49;

function hslToRgb(hueDegrees: number, saturation: number, lightness: number): Rgb {
  const a = saturation * Math.min(lightness, 1 - lightness);
  const channel = (n: number): number => {
    const k = (n + hueDegrees / 30) % 12;
    return Math.round(255 * (lightness - a * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

/** The golden angle keeps hues of neighbouring ids far apart; three lightnesses part those that come close. */
const LABEL_COLOURS: readonly Rgb[] = Array.from({ length: LABEL_COLOUR_COUNT }, (_, i) => {
  const named = NAMED[i];
  if (named !== undefined) return named;
  const step = i - NAMED.length;
  return hslToRgb((300 + step * 137.508) % 360, 0.62, [0.5, 0.7, 0.34][step % 3] ?? 0.5);
});

/** The colour of label `id` >= 1; label 0, the background, is transparent and has none. */
export function labelColour(id: number): Rgb | undefined {
  if (!Number.isInteger(id) || id < 0) throw new RangeError(`Label id must be an integer >= 0, got ${id}`);
  return id === 0 ? undefined : LABEL_COLOURS[(id - 1) % LABEL_COLOUR_COUNT];
}

/** "#rrggbb". */
function toHex(colour: Rgb): string {
  return `#${colour.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

/** The colour of label `id` for SVG and CSS: "#rrggbb", or "transparent" for the background. */
export function labelHex(id: number): string {
  const colour = labelColour(id);
  return colour === undefined ? "transparent" : toHex(colour);
}
