/** The intensity scale of each slice: (value - shift) * scale has mean 0 and standard deviation 1. */
import type { InputFit } from "./card.ts";

export interface Intensity {
  readonly shift: number;
  readonly scale: number;
}

function zScoreOf(values: Float32Array): Intensity {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  const shift = sum / values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - shift) ** 2;
  const deviation = Math.sqrt(squares / values.length);
  // A constant image has nothing to scale.
  return { shift, scale: deviation > 0 ? 1 / deviation : 0 };
}

/** One entry a slice. @param image depth * sliceLength values */
export function sliceIntensities(
  image: Float32Array,
  sliceLength: number,
  fit: Pick<InputFit, "normalise" | "over">,
): readonly Intensity[] {
  const depth = image.length / sliceLength;
  if (fit.normalise === "none") return Array.from({ length: depth }, () => ({ shift: 0, scale: 1 }));
  if (fit.over === "volume") {
    const whole = zScoreOf(image);
    return Array.from({ length: depth }, () => whole);
  }
  return Array.from({ length: depth }, (_, i) =>
    zScoreOf(image.subarray(i * sliceLength, (i + 1) * sliceLength)),
  );
}
