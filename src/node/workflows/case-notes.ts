/** Oddities of cases, told once for all cases that share one. */
import { counted } from "../../core/text.ts";
import { sortNaturally } from "../../dataset/listing.ts";

/** Warnings of cases as `"file": text`; those of one text become one line. */
export function gatherCaseNotes(): { add(warnings: readonly string[]): void; lines(): readonly string[] } {
  const metIn = new Map<string, Set<string>>();
  return {
    add(warnings) {
      for (const warning of warnings) {
        const [, where = "", text = warning] = /^("[^"]*"(?: and \d+ more)?): (.*)$/s.exec(warning) ?? [];
        metIn.set(text, (metIn.get(text) ?? new Set()).add(where));
      }
    },
    lines: () =>
      [...metIn].map(([text, places]) => {
        const [first = ""] = sortNaturally([...places]);
        const others = places.size === 1 ? "" : `, and in ${counted(places.size - 1, "other case")}`;
        return `${first}${others}: ${text}`;
      }),
  };
}
