/** The tables of the doctor's page. */
import { formatShare } from "../dataset/doctor/findings.ts";
import type { DoctorReport, GeometryTable, ValueCount } from "../dataset/doctor/types.ts";
import { labelHex } from "../plot/colours.ts";
import { escapeXml } from "../plot/svg.ts";

/** So many values of a property are listed. */
const SHOWN_VALUES = 6;

const count = (n: number): string => n.toLocaleString("en");

function tableHtml(head: readonly string[], rows: readonly string[]): string {
  const cells = head.map((name) => `<th scope="col">${escapeXml(name)}</th>`).join("");
  return `<div class="scroll"><table><thead><tr>${cells}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

export function labelTable({ labels }: DoctorReport): string {
  if (labels.length === 0) return "";
  const rows = labels.map((row) => {
    const swatch = `<span class="swatch" style="background:${labelHex(row.id)}"></span>`;
    const name = `${row.id} ${row.name}${row.isKnown ? "" : " (not in the list)"}`;
    const cells = [count(row.voxels), formatShare(row.share), count(row.slices), count(row.cases)];
    const values = [...cells, count(row.patients)].map((cell) => `<td>${cell}</td>`).join("");
    return `<tr><th scope="row">${swatch}${escapeXml(name)}</th>${values}</tr>`;
  });
  return `<section><h2>Labels</h2>${tableHtml(["Label", "Voxels", "Share", "Slices", "Cases", "Patients"], rows)}</section>`;
}

export function splitTable({ splits }: DoctorReport): string {
  if (splits.length === 0) return "";
  const rows = splits.map(({ split, cases, patients }) => {
    const name = split === "drawn" ? "not stated: drawn by patient" : split;
    return `<tr><th scope="row">${name}</th><td>${count(patients)}</td><td>${count(cases)}</td></tr>`;
  });
  return `<section><h2>Splits</h2>${tableHtml(["Split", "Patients", "Cases"], rows)}</section>`;
}

/** "1 x 1 x 1 mm (217), …": the most frequent values of a property. */
function valuesText(values: readonly ValueCount[]): string {
  const shown = values.slice(0, SHOWN_VALUES).map(({ value, files }) => `${value} (${count(files)})`);
  const more = values.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}

/** The properties by name, in the order in which they are shown. */
export function geometryRows(geometry: GeometryTable): readonly (readonly [string, string])[] {
  const rows: readonly (readonly [string, readonly ValueCount[]])[] = [
    ["Shape", geometry.shape],
    ["Voxel size", geometry.spacingMm],
    ["Orientation", geometry.orientation],
    ["Plane", geometry.plane],
    ["Format", geometry.format],
    ["Image type", geometry.imageDtype],
    ["Mask type", geometry.maskDtype],
  ];
  return rows.flatMap(([name, values]) => (values.length === 0 ? [] : [[name, valuesText(values)] as const]));
}

export function geometrySection({ geometry }: DoctorReport): string {
  const rows = geometryRows(geometry).map(
    ([name, text]) => `<tr><th scope="row">${name}</th><td>${escapeXml(text)}</td></tr>`,
  );
  if (rows.length === 0) return "";
  return (
    '<section><h2>Geometry and types</h2><p class="note">In brackets: files that have it.</p>' +
    `<div class="scroll"><table class="properties"><tbody>${rows.join("")}</tbody></table></div></section>`
  );
}
