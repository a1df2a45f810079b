/** What files are called in a list: by as few of their folders as tell them apart. */

const lastParts = (path: string, count: number): string => path.split("/").slice(-count).join("/");

/**
 * @param paths with "/" between folders
 * @returns in their order; equal only where paths are
 */
export function shortestNames(paths: readonly string[]): readonly string[] {
  const names = new Map<string, string>();
  let left: readonly string[] = [...new Set(paths)];
  for (let count = 1; left.length > 0; count++) {
    const taken = new Map<string, number>();
    for (const path of left) {
      const name = lastParts(path, count);
      taken.set(name, (taken.get(name) ?? 0) + 1);
    }
    const isTold = (path: string): boolean =>
      taken.get(lastParts(path, count)) === 1 || lastParts(path, count) === path;
    for (const path of left) if (isTold(path)) names.set(path, lastParts(path, count));
    left = left.filter((path) => !names.has(path));
  }
  return paths.map((path) => names.get(path)!);
}
