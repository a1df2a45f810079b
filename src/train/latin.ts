/**
 * Random numbers that are spread evenly from the first on: a Latin hypercube (McKay, Beckman, Conover, Technometrics
 * 1979, doi 10.1080/00401706.1979.10489755), one spread for each of its sides, that grows by doubling (Sallaberry,
 * Helton, Hora, Reliability Engineering & System Safety 2008, doi 10.1016/j.ress.2007.04.005), so that the first numbers
 * stay the same however many are drawn.
 */
import type { Random } from "../core/random.ts";

/**
 * @returns a function that draws the next number in [0, 1). Of the first 2^k, for any k, one lies in each of 2^k equal
 *   parts; the parts that are still empty are filled in a random order
 */
export function makeSpread(random: Random): () => number {
  const drawn: number[] = [];
  /** Parts that are to be filled before their number doubles. */
  let empty: readonly number[] = [0];
  let parts = 1;
  let next = 0;
  return () => {
    if (next === empty.length) {
      parts *= 2;
      const filled = new Set(drawn.map((each) => Math.floor(each * parts)));
      empty = random.shuffle(
        Array.from({ length: parts }, (_, part) => part).filter((part) => !filled.has(part)),
      );
      next = 0;
    }
    const value = (empty[next++]! + random.uniform()) / parts;
    drawn.push(value);
    return value;
  };
}
