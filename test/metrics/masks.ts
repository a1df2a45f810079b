/** Masks drawn as pictures: rows top to bottom are y = 0, 1, …; columns are x; "." and "0" are 0, "?" is 255. */
export function drawSlice(...rows: readonly string[]): Uint8Array {
  const value = (char: string): number => (char === "." ? 0 : char === "?" ? 255 : Number(char));
  return Uint8Array.from(rows.flatMap((row) => [...row].map(value)));
}
