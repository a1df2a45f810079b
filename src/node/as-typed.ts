/** Commands that are told can be typed as they stand: whoever started by npx has no `hipmri` on the path. */

/** A command in a text: "hipmri train …", "hipmri --help"; not the name in a sentence or a path. */
const COMMAND =
  /(?<![\w./@-]|npx )hipmri (?=VERB\b|--|(?:check|compare|convert|demo|devices|evaluate|info|merge|phantom|predict|quantise|score|serve|submit|train)\b)/g;

/** @param env of this process: npm says there whether npx has started it */
export function asTyped(text: string, env: NodeJS.ProcessEnv = process.env): string {
  return env.npm_lifecycle_event === "npx" ? text.replace(COMMAND, "npx hipmri ") : text;
}

/** Writes to stderr. */
export function tell(text: string): void {
  process.stderr.write(asTyped(text));
}
