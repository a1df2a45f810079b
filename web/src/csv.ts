/** Volumes as a table that spreadsheets open. */

export interface VolumeRow {
  readonly name: string;
  readonly voxels: number;
  /** null where voxels have no stated size. */
  readonly ml: number | null;
}

/** RFC 4180; a cell that a spreadsheet would take for a formula is given as text. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csvOf(scan: string, rows: readonly VolumeRow[]): string {
  const lines = rows.map(({ name, voxels, ml }) =>
    [cell(scan), cell(name), voxels, ml === null ? "" : Number(ml.toPrecision(6))].join(","),
  );
  return `${["scan,label,voxels,ml", ...lines].join("\r\n")}\r\n`;
}
