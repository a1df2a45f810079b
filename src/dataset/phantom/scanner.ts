/** What the scanner adds: a smooth coil field, its own intensity scale, and Rician noise. */
import type { Random } from "../../core/random.ts";
import { drawLattice, FIELD_OF_VIEW_MM, sampleLattice } from "./field.ts";
import type { PhantomSize } from "./options.ts";

/** Noise of each channel against urine's signal of 1. */
const NOISE_LOW = 0.022;
const NOISE_HIGH = 0.042;

/**
 * Turns tissue signal into an image of whole numbers, as scanners store them (that also hides last-bit differences
 * between engines' logarithms).
 * Rician noise: Gudbjartsson & Patz, "The Rician distribution of noisy MRI data" (MRM 1995).
 */
export function scan(signal: Float32Array, size: PhantomSize, random: Random): Float32Array {
  const image = new Float32Array(signal.length);
  const fullScale = 420 * Math.exp(0.4 * random.normal());
  const noise = random.between(NOISE_LOW, NOISE_HIGH);
  const bias = sampleLattice(drawLattice(random, 150, random.between(0.1, 0.22)), size);
  const centre = random.between(-0.12, 0.12);
  let v = 0;
  for (let s = 0; s < size.slices; s++) {
    // Surface coils before and behind: the middle of the body is a little darker.
    const depth = (((s + 0.5) / size.slices - 0.5) * FIELD_OF_VIEW_MM.slices) / 110;
    const coil = 0.9 + 0.12 * Math.min(1, depth * depth);
    for (let j = 0; j < size.y; j++) {
      // The excited slab fades at its upper and lower ends.
      const height = ((j + 0.5) / size.y - 0.5) * 2 - centre;
      const slab = 1 - 0.45 * Math.max(0, Math.abs(height) - 0.6);
      for (let i = 0; i < size.x; i++, v++) {
        const clean = signal[v]! * coil * slab * Math.exp(bias[v]!);
        const real = clean + noise * random.normal();
        const imaginary = noise * random.normal();
        image[v] = Math.round(fullScale * Math.sqrt(real * real + imaginary * imaginary));
      }
    }
  }
  return image;
}
