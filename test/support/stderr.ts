/** A stderr for workflows that are called in this process. */

/** A stderr that keeps what is written. */
export function makeStderr() {
  const chunks: string[] = [];
  const stream = { isTTY: false, write: (text: string) => chunks.push(text) > 0 };
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => chunks.join("") };
}
