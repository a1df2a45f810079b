// Compiles src/ to dist/ with the local TypeScript, and the page in web/ to web/dist with the local Vite. As a program it
// always builds, the page with the argument "web"; ensureBuilt() and ensureWebBuilt() build where needed.
import { spawnSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const SOURCE = join(ROOT, "src");
/** Holds the fingerprint of what a folder was built from. */
const STAMP = ".built";
/** On the same disk as dist/, so that a finished build moves there by renaming, and ignored by git. */
const CACHE = join(ROOT, ".cache");

/**
 * What can be built. `folders` and `files` are what it depends on; `command` makes the folder `built`; `seconds` is what
 * it took when this was written, on 2 cores.
 * @typedef {{ dist: string, label: string, folders: string[], ending: RegExp, files: string[], tool: string, toolName: string, command: (built: string) => string[], seconds: number }} Target
 */

/** @type {Target} */
const LIBRARY = {
  dist: join(ROOT, "dist"),
  label: "dist/",
  folders: ["src"],
  ending: /\.ts$/,
  files: ["package.json", "tsconfig.base.json", "tsconfig.build.json"],
  tool: join(ROOT, "node_modules", "typescript", "bin", "tsc"),
  toolName: "TypeScript",
  command: (built) => ["-p", join(ROOT, "tsconfig.build.json"), "--outDir", built, "--noEmitOnError"],
  seconds: 3,
};

/** @type {Target} */
const PAGE = {
  dist: join(ROOT, "web", "dist"),
  label: "web/dist/",
  folders: ["src", "web"],
  ending: /\.(ts|js|svelte|css|html|svg|webmanifest|onnx|gz)$/,
  files: ["package.json", "package-lock.json"],
  tool: join(ROOT, "node_modules", "vite", "bin", "vite.js"),
  toolName: "Vite",
  command: (built) => [
    ...["build", "--config", join(ROOT, "web", "vite.config.ts"), "--outDir", built],
    ...["--emptyOutDir", "--logLevel", "error"],
  ],
  seconds: 6,
};
/** Older folders and locks were left by a killed build. */
const ABANDONED_MS = 10 * 60_000;
const ABANDONED_LOCK_MS = 10_000;

/** @param {string} text */
function say(text) {
  process.stderr.write(`hipmri: ${text}\n`);
}

/**
 * A digest of every file that the build depends on: its content rather than its date, since a checkout or a copy may
 * bring an older file with an older date, and a removed file has none.
 * @param {Target} target
 */
function fingerprint({ folders, ending, files: settings, dist }) {
  const files = folders
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true }).map((name) => join(folder, String(name))),
    )
    .filter((name) => ending.test(name) && !join(ROOT, name).startsWith(dist))
    .concat(settings)
    .sort();
  const hash = createHash("sha256");
  for (const name of files) {
    const path = join(ROOT, name);
    hash
      .update(`${name}\0`)
      .update(existsSync(path) ? readFileSync(path) : "")
      .update("\0");
  }
  return hash.digest("hex");
}

/** @param {string} dist @param {string} current */
function isFresh(dist, current) {
  try {
    return readFileSync(join(dist, STAMP), "utf8") === current;
  } catch {
    return false;
  }
}

/** @param {string} path @param {number} limitMs */
function isOlderThan(path, limitMs) {
  try {
    return Date.now() - statSync(path).mtimeMs > limitMs;
  } catch {
    return false;
  }
}

/** Runs `work` while no other build does; the lock is a folder, since making one is atomic on every disk. */
function withLock(work) {
  const lock = join(CACHE, "build.lock");
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      if (isOlderThan(lock, ABANDONED_LOCK_MS)) rmSync(lock, { recursive: true, force: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
  try {
    return work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** Moves a finished build to its place, unless another process has put the same one there. */
function install({ dist }, built, current, always) {
  withLock(() => {
    if (!always && isFresh(dist, current)) return;
    const old = join(CACHE, `build-old-${randomUUID()}`);
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(built, dist);
    rmSync(old, { recursive: true, force: true });
  });
}

/** @returns {number} an exit code: 0 built, 1 cannot build here, 70 the source does not compile. */
function build(target, current, always) {
  const { dist, tool, toolName, command } = target;
  if (!existsSync(tool)) {
    say(`Cannot build "${dist}": ${toolName} is not installed`);
    process.stderr.write(`hint: run "npm ci" in "${ROOT}"\n`);
    return 1;
  }
  const built = join(CACHE, `build-${randomUUID()}`);
  try {
    mkdirSync(CACHE, { recursive: true });
    for (const name of readdirSync(CACHE).filter((one) => one.startsWith("build-"))) {
      const path = join(CACHE, name);
      if (isOlderThan(path, ABANDONED_MS)) rmSync(path, { recursive: true, force: true });
    }
    // Stdout belongs to the results of the command, so the compiler's goes to stderr too.
    const result = spawnSync(process.execPath, [tool, ...command(built)], {
      stdio: ["ignore", 2, 2],
      cwd: ROOT,
      // Tests have another, with which Vite would leave out what only a finished page does.
      env: { ...process.env, NODE_ENV: "production" },
    });
    if (result.error !== undefined) throw result.error;
    if (result.signal !== null) throw new Error(`the compiler was ended by ${result.signal}`);
    if (result.status !== 0) {
      say("Cannot build: the source does not compile (messages above)");
      process.stderr.write(
        `hint: mend it, or get an unchanged copy; after an update run "npm ci" in "${ROOT}"\n`,
      );
      return 70;
    }
    mkdirSync(built, { recursive: true });
    writeFileSync(join(built, STAMP), current);
    install(target, built, current, always);
    return 0;
  } catch (error) {
    say(`Cannot build "${dist}": ${error instanceof Error ? error.message : error}`);
    process.stderr.write("hint: check that you may write there and that the disk is not full\n");
    return 1;
  } finally {
    rmSync(built, { recursive: true, force: true });
  }
}

/** @param {Target} target @returns {number} an exit code, 0 where what was built can be used. */
function ensure(target) {
  const { dist, label, seconds } = target;
  if (!existsSync(SOURCE)) {
    if (existsSync(dist)) return 0;
    say(`Cannot start: expected "${SOURCE}" or "${dist}", found neither`);
    process.stderr.write("hint: install hipmri-unet again\n");
    return 1;
  }
  const current = fingerprint(target);
  if (isFresh(dist, current)) return 0;
  const why = existsSync(dist) ? "the source has changed" : "first run";
  say(`building ${label} (${why}, about ${seconds} s)…`);
  return build(target, current, false);
}

/**
 * Builds dist/ where it is missing or was built from other sources; an installed package has no src/ and is left as
 * it is. @returns {number} an exit code, 0 where dist/ can be used.
 */
export const ensureBuilt = () => ensure(LIBRARY);

/** As ensureBuilt(), the page in web/dist. */
export const ensureWebBuilt = () => ensure(PAGE);

// argv[1] may be a link; with --preserve-symlinks or from npm it still is this file.
const program = process.argv[1];
if (
  program !== undefined &&
  existsSync(program) &&
  realpathSync(program) === fileURLToPath(import.meta.url)
) {
  const target = process.argv[2] === "web" ? PAGE : LIBRARY;
  process.exitCode = build(target, fingerprint(target), true);
}
