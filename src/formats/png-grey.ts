/** What of a PNG's samples is one number per pixel: grey in whatever clothes, or the indices of a palette. */
import { counted } from "../core/text.ts";
import { failManyNumbers } from "./errors.ts";
import { CHANNELS, type PngParts } from "./png-chunks.ts";

/** The first channel, where all pixels are grey and none is transparent; else refuses. */
export function greyOf(
  samples: Uint8Array | Uint16Array,
  parts: PngParts,
  name: string,
  warnings: string[],
): Float32Array {
  const { colour, depth, transparent } = parts;
  const channels = CHANNELS[colour];
  const colours = channels >= 3 ? 3 : 1;
  const hasAlpha = channels > colours;
  const opaque = 2 ** depth - 1;
  const values = new Float32Array(samples.length / channels);
  let coloured = false;
  let clear = 0;
  for (let i = 0, at = 0; i < values.length; i++, at += channels) {
    const value = samples[at]!;
    values[i] = value;
    if (colours === 3 && (samples[at + 1] !== value || samples[at + 2] !== value)) coloured = true;
    if (hasAlpha ? samples[at + colours] !== opaque : transparent?.every((one, c) => samples[at + c] === one))
      clear++;
  }
  if (coloured) failManyNumbers(name, channels, "colours");
  if (clear > 0) failManyNumbers(name, colours + 1, `${counted(clear, "pixel")} transparent`);
  if (colours === 3) warnings.push("Stored as RGB with equal red, green and blue: read as grey");
  if (hasAlpha) warnings.push("Stored with an alpha channel that is opaque everywhere: left out");
  return values;
}

/** What only the pixels tell, as far as it can be said without them. */
export function warnOfChannels({ colour, transparent }: PngParts, warnings: string[]): void {
  if (colour === "rgb" || colour === "rgba")
    warnings.push("Stored as RGB: can be read only if red, green and blue are equal in every pixel");
  if (colour === "greyAlpha" || colour === "rgba")
    warnings.push("Stored with an alpha channel: can be read only if it is opaque everywhere");
  if (transparent !== undefined)
    warnings.push("Stored with one value that is transparent: can be read only if no pixel has it");
}

/** Of indices that are no grey values. */
export function warnOfPalette({ palette }: PngParts, warnings: string[]): void {
  const colours = palette.length / 3;
  let grey = true;
  let ramp = true;
  for (let i = 0; i < colours; i++) {
    const [r, g, b] = palette.subarray(3 * i, 3 * i + 3);
    if (r !== g || g !== b) grey = false;
    if (r !== i || g !== i || b !== i) ramp = false;
  }
  if (!ramp) {
    const doubt = grey ? "; all are grey, so if this is no mask, save it as greyscale" : "";
    warnings.push(
      `Stored with a palette of ${counted(colours, "colour")}: its indices are the values${doubt}`,
    );
  }
}

export function warnOfIndices({ palette }: PngParts, values: Float32Array, warnings: string[]): void {
  const colours = palette.length / 3;
  let beyond = 0;
  for (const value of values) if (value >= colours) beyond++;
  if (beyond > 0) {
    const have = `${counted(beyond, "pixel")} ${beyond === 1 ? "has" : "have"}`;
    warnings.push(`${have} an index beyond the palette of ${counted(colours, "colour")}`);
  }
}
