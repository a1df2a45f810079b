/** Numbers and times of a training, as people read them. */

/** Three digits that say something, e.g. "0.0894", "2.31". */
export function formatLoss(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0.00";
  return Math.abs(value) >= 0.001 && Math.abs(value) < 10_000
    ? value.toLocaleString("en", { minimumSignificantDigits: 3, maximumSignificantDigits: 3 })
    : value.toExponential(1);
}

export const formatDice = (value: number | null | undefined): string =>
  value === null || value === undefined ? "–" : value.toFixed(3);

export const formatCount = (value: number): string => value.toLocaleString("en");

export function formatRate(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const superscript = (value: number): string =>
  `${value < 0 ? "⁻" : ""}${[...String(Math.abs(value))].map((digit) => SUPERSCRIPTS[Number(digit)]).join("")}`;

/** E.g. "3.2 × 10⁻⁴"; a power of ten alone is "10⁻⁴". */
export function formatPower(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (value <= 0) return String(value);
  const [digits = "", exponent = ""] = value.toExponential(1).split("e");
  const power = `10${superscript(Number(exponent))}`;
  return Number(digits) === 1 ? power : `${Number(digits)} × ${power}`;
}

/** E.g. "45 s", "12 min", "3 h 5 min", "2 d 4 h". */
export function formatDuration(seconds: number): string {
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) {
    const rest = minutes % 60;
    return `${Math.floor(minutes / 60)} h${rest === 0 ? "" : ` ${rest} min`}`;
  }
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d${hours % 24 === 0 ? "" : ` ${hours % 24} h`}`;
}
