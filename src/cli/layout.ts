/** Aligned text for the terminal. */

/** Rows of a name and a value; further lines of a value stand below its first. */
export function alignRows(
  rows: readonly (readonly [name: string, value: string | readonly string[]])[],
): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows
    .flatMap(([name, value]) => {
      const lines = typeof value === "string" ? value.split("\n") : value;
      return lines.map((line, i) => `${(i === 0 ? name : "").padEnd(width)}  ${line}`.trimEnd());
    })
    .join("\n");
}

/** Columns of cells, the first to the left and the others to the right. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((cells) => (cells[column] ?? "").length)),
  );
  return rows
    .map((cells) =>
      widths
        .map((width, column) => {
          const cell = cells[column] ?? "";
          return column === 0 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
