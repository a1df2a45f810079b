import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { ensureWebBuilt } from "../../bin/build.js";
import { hipmri, temporaryFolder } from "./support.ts";

const BIN = join(import.meta.dirname, "../../bin/hipmri.js");
const folder = temporaryFolder();

// So that no run says on stderr that it builds.
beforeAll(() => {
  expect(spawnSync(process.execPath, [BIN, "--version"]).status).toBe(0);
  expect(ensureWebBuilt()).toBe(0);
});

/** Starts the command and waits for its first line on stdout. */
async function start(...flags: readonly string[]) {
  const child: ChildProcess = spawn(process.execPath, [BIN, "serve", ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stderr!.on("data", (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  await new Promise<void>((resolve) => {
    child.stdout!.on("data", (chunk) => {
      stdout += chunk;
      if (stdout.includes("\n")) resolve();
    });
    void ended.then(() => resolve());
  });
  return { child, ended, stdout: () => stdout, stderr: () => stderr };
}

describe("serve", () => {
  test("prints the address on stdout, answers there, and ends with 0 by Ctrl-C", async () => {
    writeFileSync(join(folder, "index.html"), "the page");
    const { child, ended, stdout, stderr } = await start("--app", folder, "--port", "0");
    expect(stdout()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}\n$/);
    const answered = await fetch(stdout().trim());
    expect(await answered.text()).toBe("the page");
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(stdout().split("\n")).toHaveLength(2);
    expect(stderr()).toBe(
      "Served on this machine alone, to whoever has this address. Ctrl-C ends it\n\nClosing\n",
    );
    await expect(fetch(stdout().trim())).rejects.toThrow();
  });

  test("--json prints one line when it is ready", async () => {
    const { child, ended, stdout } = await start(
      join(folder, "later"),
      "--app",
      folder,
      "--port",
      "0",
      "--json",
      "--quiet",
    );
    const { url, port } = JSON.parse(stdout());
    expect(stdout().split("\n")).toHaveLength(2);
    expect(url).toContain(`http://127.0.0.1:${port}/?token=`);
    const token = url.split("=")[1];
    const state = await fetch(`http://127.0.0.1:${port}/api/state`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await state.json()).toMatchObject({ runs: [{ name: "later", status: "waiting" }] });
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  });

  test("a port that is taken is an error with a hint", async () => {
    const { child, ended, stdout } = await start("--app", folder, "--port", "0", "--json");
    const { port } = JSON.parse(stdout());
    const { code, stderr, stdout: none } = await hipmri("serve", "--port", `${port}`);
    expect([code, none]).toEqual([2, ""]);
    expect(stderr).toBe(
      `error: Cannot listen on 127.0.0.1: port ${port} is taken\nhint: Give another --port, or end the program that has it\n`,
    );
    child.kill("SIGINT");
    await ended;
  });

  test("a port that is none, and a run that is a file, are wrong usage", async () => {
    expect(await hipmri("serve", "--port", "http")).toMatchObject({
      code: 2,
      stderr: 'error: --port must be a whole number >= 0, got "http"\n',
    });
    const file = join(folder, "index.html");
    writeFileSync(file, "a file");
    expect(await hipmri("serve", file, "--port", "0")).toMatchObject({
      code: 2,
      stderr: `error: Cannot watch "${file}": expected a run folder, found a file\nhint: Give the folder that it lies in: "${folder}"\n`,
    });
  });
});
