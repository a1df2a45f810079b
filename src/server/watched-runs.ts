/** The runs below the folders that were given, found anew as they appear. */
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { HipError } from "../core/errors.ts";
import { LIVE_FILES } from "../node/live-run.ts";
import { RUN_FILES } from "../node/run-folder.ts";
import { OWN_COMMAND } from "./control.ts";
import { makeWatchedRun, type WatchedRun } from "./watched-run.ts";

/** runs/folds/fold_0 is found from "runs". */
const DEPTH = 2;
const MOST_RUNS = 500;
/** A folder with thousands of entries need not be listed at every request. */
const RESCAN_MS = 1000;
/** Any of these makes a folder a run. */
const MARKS: readonly string[] = [RUN_FILES.config, RUN_FILES.log, LIVE_FILES.process];

export interface WatchedRuns {
  readonly isWatching: boolean;
  list(): Promise<readonly WatchedRun[]>;
  /** undefined of an id that this server has not made. */
  find(id: string): Promise<WatchedRun | undefined>;
  /** Aborted when the server closes. */
  readonly signal: AbortSignal;
  close(): Promise<void>;
}

function isRun(names: ReadonlySet<string>): boolean {
  if (MARKS.some((name) => names.has(name))) return true;
  // The ensemble of folds has no log of its own.
  return names.has(RUN_FILES.model) && names.has(RUN_FILES.metrics);
}

/** A run folder, then those in it and below, by name. */
async function findRuns(folder: string, depth = DEPTH): Promise<readonly string[]> {
  const items = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const own = isRun(new Set(items.map(({ name }) => name))) ? [folder] : [];
  if (depth === 0) return own;
  const below = items
    .filter((item) => item.isDirectory() && !item.name.startsWith("."))
    .map(({ name }) => name)
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const found = await Promise.all(below.map((name) => findRuns(join(folder, name), depth - 1)));
  return [...own, ...found.flat()];
}

/** As few last parts of each path as tell them apart; of a fold the folder of folds too. */
export function shortNames(paths: readonly string[]): ReadonlyMap<string, string> {
  const parts = (path: string, count: number): string =>
    path
      .split(sep)
      .filter((part) => part !== "")
      .slice(-count)
      .join("/");
  const names = new Map<string, string>();
  for (const path of paths) {
    let count = /^fold_\d+$/.test(basename(path)) ? 2 : 1;
    const depth = path.split(sep).length;
    const isShared = (): boolean =>
      paths.some((other) => other !== path && parts(other, count) === parts(path, count));
    while (count < depth && isShared()) count++;
    names.set(path, parts(path, count));
  }
  return names;
}

/**
 * @param given run folders or folders of runs; what is not there yet is waited for
 * @throws HipError "usage" where one is a file
 */
export async function watchRuns(
  given: readonly string[],
  options: { readonly command?: readonly string[] } = {},
): Promise<WatchedRuns> {
  for (const path of given) {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && !found.isDirectory()) {
      throw new HipError("usage", `Cannot watch "${path}": expected a run folder, found a file`, {
        hint: `Give the folder that it lies in: "${dirname(path)}"`,
      });
    }
  }
  const controller = new AbortController();
  const known = new Map<string, WatchedRun>();
  let names: ReadonlyMap<string, string> = new Map();
  let listed: Promise<readonly WatchedRun[]> | undefined;
  let listedAt = Number.NEGATIVE_INFINITY;

  async function scan(): Promise<readonly WatchedRun[]> {
    const roots = given.map((path) => resolve(path));
    const found = await Promise.all(roots.map((root) => findRuns(root)));
    // Of a folder without any run one is awaited: it may be that folder itself.
    const paths = [...new Set(roots.flatMap((root, i) => (found[i]!.length > 0 ? found[i]! : [root])))];
    const few = paths.slice(0, MOST_RUNS);
    names = shortNames(few);
    return few.map((path) => {
      const run =
        known.get(path) ??
        makeWatchedRun(path, {
          command: options.command ?? OWN_COMMAND,
          name: () => names.get(path) ?? basename(path),
          shownPath: path,
        });
      known.set(path, run);
      return run;
    });
  }

  async function list(): Promise<readonly WatchedRun[]> {
    const now = performance.now();
    if (listed === undefined || now - listedAt > RESCAN_MS) {
      listedAt = now;
      listed = scan();
    }
    return listed;
  }

  return {
    isWatching: given.length > 0,
    list,
    find: async (id) => (await list()).find((run) => run.id === id),
    signal: controller.signal,
    async close() {
      controller.abort();
    },
  };
}
