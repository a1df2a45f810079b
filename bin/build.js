// Compiles src/ to dist/ with the local TypeScript. As a program it always builds; ensureBuilt() builds where needed.
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
const DIST = join(ROOT, "dist");
/** Holds the fingerprint of what dist/ was built from. */
const STAMP = join(DIST, ".built");
/** On the same disk as dist/, so that a finished build moves there by renaming, and ignored by git. */
const CACHE = join(ROOT, ".cache");
const COMPILER = join(ROOT, "node_modules", "typescript", "bin", "tsc");
const SETTINGS = ["package.json", "tsconfig.base.json", "tsconfig.build.json"];
/** What the build took when this was written, on 2 cores. */
const USUAL_SECONDS = 3;
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
 */
function fingerprint() {
  const names = readdirSync(SOURCE, { recursive: true }).map((name) => join("src", String(name)));
  const files = names
    .filter((name) => name.endsWith(".ts"))
    .concat(SETTINGS)
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

/** @param {string} current */
function isFresh(current) {
  try {
    return readFileSync(STAMP, "utf8") === current;
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

/** Moves a finished build to dist/, unless another process has put the same one there. */
function install(built, current, always) {
  withLock(() => {
    if (!always && isFresh(current)) return;
    const old = join(CACHE, `build-old-${randomUUID()}`);
    if (existsSync(DIST)) renameSync(DIST, old);
    renameSync(built, DIST);
    rmSync(old, { recursive: true, force: true });
  });
}

/** @returns {number} an exit code: 0 built, 1 cannot build here, 70 the source does not compile. */
function build(current, always) {
  if (!existsSync(COMPILER)) {
    say(`Cannot build "${DIST}": TypeScript is not installed`);
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
    const settings = ["-p", join(ROOT, "tsconfig.build.json"), "--outDir", built, "--noEmitOnError"];
    const result = spawnSync(process.execPath, [COMPILER, ...settings], {
      stdio: ["ignore", 2, 2],
      cwd: ROOT,
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
    writeFileSync(join(built, ".built"), current);
    install(built, current, always);
    return 0;
  } catch (error) {
    say(`Cannot build "${DIST}": ${error instanceof Error ? error.message : error}`);
    process.stderr.write("hint: check that you may write there and that the disk is not full\n");
    return 1;
  } finally {
    rmSync(built, { recursive: true, force: true });
  }
}

/**
 * Builds dist/ where it is missing or was built from other sources; an installed package has no src/ and is left as
 * it is. @returns {number} an exit code, 0 where dist/ can be used.
 */
export function ensureBuilt() {
  if (!existsSync(SOURCE)) {
    if (existsSync(DIST)) return 0;
    say(`Cannot start: expected "${SOURCE}" or "${DIST}", found neither`);
    process.stderr.write("hint: install hipmri-unet again\n");
    return 1;
  }
  const current = fingerprint();
  if (isFresh(current)) return 0;
  const why = existsSync(DIST) ? "the source has changed" : "first run";
  say(`building dist/ (${why}, about ${USUAL_SECONDS} s)…`);
  return build(current, false);
}

// argv[1] may be a link; with --preserve-symlinks or from npm it still is this file.
const program = process.argv[1];
if (
  program !== undefined &&
  existsSync(program) &&
  realpathSync(program) === fileURLToPath(import.meta.url)
) {
  process.exitCode = build(fingerprint(), true);
}
