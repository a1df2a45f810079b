/** The words of a command line, as they are said again with a flag more or less. */

/** Without `--flag VALUE` and `--flag=VALUE`. */
export const withoutFlag = (words: readonly string[], flag: string): readonly string[] =>
  words.filter((word, i) => word !== flag && !word.startsWith(`${flag}=`) && words[i - 1] !== flag);

/** A training that goes on. */
export const withResume = (words: readonly string[]): readonly string[] =>
  words.includes("--resume") ? words : [...words, "--resume"];
