#!/usr/bin/env node
// The command `hipmri`: checks Node, builds dist/ where it is missing or stale, and hands over to src/cli/main.ts.
// This file and build.js are plain JavaScript, since they run before anything is compiled; this one must also parse
// on an old Node, to be able to say that it is old.

/** As "engines" in package.json. */
const NEEDED = [20, 19];

async function start() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
    process.stderr.write(
      `hipmri: Node ${NEEDED.join(".")} or newer is needed, this is ${process.versions.node}\n` +
        "hint: install a current Node from https://nodejs.org\n",
    );
    return 1;
  }
  const { ensureBuilt, ensureWebBuilt } = await import("./build.js");
  const failure = ensureBuilt() || (process.argv[2] === "serve" ? ensureWebBuilt() : 0);
  if (failure !== 0) return failure;
  const { main } = await import("../dist/cli/main.js");
  return main(process.argv.slice(2));
}

start().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    process.stderr.write(`hipmri: internal error: ${error instanceof Error ? error.stack : error}\n`);
    process.exitCode = 70;
  },
);
