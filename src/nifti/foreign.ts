/** What a file is that was taken for NIfTI and is none: read from its first bytes, to be said in an error. */

/** So many characters are enough to know a text again. */
const SHOWN_CHARACTERS = 40;

/** What no text has: control characters but for tab and line breaks, marks that turn the order of writing, no UTF-8. */
const NO_TEXT = /[^\P{Cc}\t\n\f\r]|[\u202a-\u202e\u2066-\u2069\ufffd]/u;

/**
 * The first words of a file that is text as far as it was read, e.g. "version https://git-lfs.github.com/spec/v1";
 * undefined where it is no text or blank.
 * @param bytes its start; a character of UTF-8 that is cut through at their end is left out
 */
export function firstWords(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(bytes, { stream: true });
  if (NO_TEXT.test(text)) return undefined;
  const words = text.trim().replace(/\s+/g, " ");
  if (words === "") return undefined;
  const characters = [...words];
  return characters.length <= SHOWN_CHARACTERS
    ? words
    : `${characters.slice(0, SHOWN_CHARACTERS).join("").trimEnd()}…`;
}
