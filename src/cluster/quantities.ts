/** Times and memory as users of clusters write them, and as SLURM and Kubernetes read them. */
import { HipError } from "../core/errors.ts";

const TIME_HINT = "Write 90m, 2h, 1d12h, or as SLURM has it: 90 (minutes), 02:00:00, 1-12:00:00";

function refuse(flag: string, expected: string, text: string, hint: string): never {
  throw new HipError("usage", `${flag} must be ${expected}, got "${text}"`, { hint });
}

const DAY_S = 86_400;
const UNITS_S: Readonly<Record<string, number>> = { d: DAY_S, h: 3600, m: 60, s: 1 };

/** "1d12h", "90m"; undefined of other texts. */
function parseUnits(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?[dhms])+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)([dhms])/g))
    seconds += Number(number) * UNITS_S[unit!]!;
  return seconds;
}

/** SLURM's "minutes", "minutes:seconds", "hours:minutes:seconds", "days-hours[:minutes[:seconds]]" (man sbatch, --time). */
function parseSlurm(text: string): number | undefined {
  const [, days, rest] = /^(?:(\d+)-)?(\d+(?::\d+){0,2})$/.exec(text) ?? [];
  if (rest === undefined) return undefined;
  const parts = rest.split(":").map(Number) as [number, number?, number?];
  const [first, second = 0, third = 0] = parts;
  if (days !== undefined) return Number(days) * DAY_S + first * 3600 + second * 60 + third;
  return parts.length === 3 ? first * 3600 + second * 60 + third : first * 60 + second;
}

/**
 * Whole seconds of a duration.
 * @param flag the flag that it is the value of, for the message
 * @throws HipError "usage"
 */
export function parseDuration(flag: string, text: string): number {
  const seconds = parseUnits(text) ?? parseSlurm(text);
  if (seconds === undefined || seconds < 1 || seconds > 365 * DAY_S)
    return refuse(flag, "a time", text, TIME_HINT);
  return Math.round(seconds);
}

/** Megabytes (2^20 bytes, as SLURM and Kubernetes' Mi count) of "8G", "500M", "1.5T", "8000" (MB). @throws HipError "usage" */
export function parseMemoryMb(flag: string, text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([KMGT]?)i?B?$/i.exec(text) ?? [];
  const scales: Readonly<Record<string, number>> = { K: 2 ** -10, "": 1, M: 1, G: 2 ** 10, T: 2 ** 20 };
  const mb = number === undefined ? 0 : Number(number) * scales[unit!.toUpperCase()]!;
  if (mb < 1 || mb > 2 ** 24)
    return refuse(flag, "an amount of memory", text, "Write 8G, 500M or 8000 (megabytes)");
  return Math.ceil(mb);
}

const two = (n: number): string => String(n).padStart(2, "0");

/** "02:00:00", "1-12:00:00": SLURM's time, whole minutes, rounded up, as its limits have no seconds. */
export function slurmTime(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  const days = Math.floor(minutes / 1440);
  const clock = `${two(Math.floor((minutes % 1440) / 60))}:${two(minutes % 60)}:00`;
  return days === 0 ? clock : `${days}-${clock}`;
}

/** "8 GB", "512 MB". */
export const formatMemory = (mb: number): string =>
  mb >= 1024 ? `${Number((mb / 1024).toFixed(1))} GB` : `${mb} MB`;
