import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import { COMMON_HEADERS } from "../../src/server/policy.ts";
import { serve } from "../../src/server/serve.ts";
import { ask, startServer, type TestServer, temporaryFolder, writeFiles } from "./support.ts";

const folder = temporaryFolder();
const SECRET = "what no request may reach";
const SCRIPT = `export const text = "${"x".repeat(3000)}";\n`;
let server: TestServer;

beforeAll(async () => {
  const app = writeFiles(join(folder, "app"), {
    "index.html": "<!doctype html><title>the page</title>",
    "sw.js": "self.skipWaiting();",
    "app.webmanifest": "{}",
    "assets/index-Ab12_cd3.js": SCRIPT,
    "assets/plain.css": "body{}",
    "assets/ort.mjs": "export {};",
    "assets/ort-wasm-simd-threaded.wasm": Uint8Array.of(0, 97, 115, 109),
    "models/tiny.onnx": Uint8Array.of(8, 1),
    "a name.txt": "text",
    ".hidden": SECRET,
    ".git/config": SECRET,
  });
  writeFiles(folder, { "secret.txt": SECRET, "other/inner.txt": SECRET });
  symlinkSync(join(folder, "secret.txt"), join(app, "link.txt"));
  symlinkSync(join(folder, "other"), join(app, "linked"));
  server = await startServer({ appFolder: app });
});

/** The headers that every answer has. */
function expectCommonHeaders(headers: Readonly<Record<string, unknown>>, policy = true): void {
  for (const [name, value] of Object.entries(COMMON_HEADERS)) {
    if (policy || name !== "Content-Security-Policy") expect(headers[name.toLowerCase()], name).toBe(value);
  }
}

function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answered = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => {
      answered += chunk;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(answered));
  });
}

describe("the address that is printed", () => {
  it("names 127.0.0.1, the port and 256 random bits", () => {
    const [, port, token] = /^http:\/\/127\.0\.0\.1:(\d+)\/\?token=([\w-]{43})$/.exec(server.url) ?? [];
    expect(Number(port)).toBe(server.port);
    expect(Buffer.from(token!, "base64url")).toHaveLength(32);
  });

  it("answers GET and HEAD with all headers and a cookie for this site alone", async () => {
    const path = server.url.slice(server.url.indexOf("/?"));
    for (const method of ["GET", "HEAD"]) {
      const { status, headers, text } = await ask(server.port, path, { method });
      expect(status).toBe(200);
      expect(text).toBe(method === "GET" ? "<!doctype html><title>the page</title>" : "");
      expectCommonHeaders(headers);
      expect(headers).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-cache",
        "content-length": "38",
      });
      const [cookie] = headers["set-cookie"]!;
      expect(cookie).toMatch(
        new RegExp(`^hipmri-${server.port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`),
      );
      expect(cookie).not.toContain(server.token);
    }
  });

  it("lets a browser that came by it in everywhere", async () => {
    const visit = await ask(server.port, `/?token=${server.token}`);
    const cookie = visit.headers["set-cookie"]![0]!.split(";")[0]!;
    const headers = { cookie: `other=1; ${cookie}`, "sec-fetch-site": "same-origin" };
    expect((await ask(server.port, "/assets/plain.css", { headers })).status).toBe(200);
    expect((await ask(server.port, "/api/state", { headers })).status).toBe(200);
    expect((await ask(server.port, "/", { headers: { cookie, "sec-fetch-site": "none" } })).status).toBe(200);
  });
});

it("an address for the browser that is started works once", async () => {
  const url = server.onceUrl();
  const path = url.slice(url.indexOf("/?"));
  const first = await ask(server.port, path);
  expect([first.status, (await ask(server.port, path)).status]).toEqual([200, 401]);
  const cookie = first.headers["set-cookie"]![0]!.split(";")[0]!;
  // A reload, by whoever has the cookie.
  expect((await ask(server.port, path, { headers: { cookie } })).status).toBe(200);
  expect((await ask(server.port, `/?token=${server.token}`)).status).toBe(200);
});

describe("a request is refused", () => {
  it.each([
    "/",
    "/?token=wrong",
    "/?token=",
    "/assets/plain.css",
    "/no-such-file",
    "/api/state",
    "/api/nothing",
  ])("without the token: %s", async (path) => {
    const { status, headers, text } = await ask(server.port, path);
    expect(status).toBe(401);
    expectCommonHeaders(headers);
    expect(text).toContain("Open the address that hipmri serve printed");
    expect(headers["set-cookie"]).toBeUndefined();
    const isApi = path.startsWith("/api/");
    expect(headers["content-type"]).toMatch(isApi ? /^application\/json/ : /^text\/html/);
  });

  it("with a wrong bearer or cookie, or a token elsewhere than at the front door", async () => {
    for (const headers of [
      { authorization: "Bearer wrong" },
      { authorization: server.token },
      { cookie: `hipmri-${server.port}=${server.token}` },
      { cookie: `hipmri-1=${server.token}` },
    ]) {
      expect((await ask(server.port, "/api/state", { headers })).status).toBe(401);
    }
    expect((await ask(server.port, `/api/state?token=${server.token}`)).status).toBe(401);
    expect((await ask(server.port, `/?token=${server.token}`, { method: "POST" })).status).toBe(403);
  });

  it.each([
    "evil.example",
    "evil.example:PORT",
    "127.0.0.1",
    "127.0.0.1:1",
    "[::1]:PORT",
    "127.0.0.1:PORT.evil.example",
  ])('for host "%s"', async (host) => {
    const headers = { host: host.replace("PORT", `${server.port}`) };
    for (const path of ["/", "/api/state", "/a\\b"]) {
      const answered = await server.get(path, { headers });
      expect(answered.status).toBe(403);
      expectCommonHeaders(answered.headers);
    }
  });

  it("without a host, or that is no HTTP", async () => {
    for (const [text, status] of [
      ["GET / HTTP/1.0\r\n\r\n", 403],
      ["GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 403],
      ["nonsense\r\n\r\n", 400],
      [`GET / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, 400],
    ] as const) {
      const answered = await sendRaw(server.port, text);
      expect(answered).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(answered).toContain("frame-ancestors 'none'");
    }
  });

  it("and for localhost it is not", async () => {
    const host = `LOCALHOST:${server.port}`;
    expect((await server.get("/api/state", { headers: { host } })).status).toBe(200);
  });

  it.each([
    ["GET", { origin: "https://evil.example" }],
    ["GET", { origin: "null" }],
    ["GET", { origin: "http://127.0.0.1:1" }],
    ["GET", { "sec-fetch-site": "cross-site" }],
    // Another port of this machine.
    ["GET", { "sec-fetch-site": "same-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }],
    ["POST", { origin: "https://evil.example" }],
    ["POST", { "sec-fetch-site": "none" }],
    ["OPTIONS", { origin: "https://evil.example", "access-control-request-method": "POST" }],
  ])("from another page: %s %j", async (method, headers) => {
    const answered = await server.get("/api/state", { method, headers: headers as Record<string, string> });
    expect(answered.status).toBe(403);
    expect(answered.headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("but a link to the printed address may stand anywhere", async () => {
    const headers = {
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    };
    expect((await ask(server.port, `/?token=${server.token}`, { headers })).status).toBe(200);
    const framed = { ...headers, "sec-fetch-dest": "iframe" };
    expect((await ask(server.port, `/?token=${server.token}`, { headers: framed })).status).toBe(403);
  });

  it("that changes something and has a cookie but no origin", async () => {
    const visit = await ask(server.port, `/?token=${server.token}`);
    const cookie = visit.headers["set-cookie"]![0]!.split(";")[0]!;
    const method = "POST";
    const path = "/api/runs/none/stop";
    expect((await ask(server.port, path, { method, headers: { cookie } })).status).toBe(403);
    const origin = `http://127.0.0.1:${server.port}`;
    expect((await ask(server.port, path, { method, headers: { cookie, origin } })).status).toBe(404);
  });

  it("with a body that is too long, told or not", async () => {
    const body = "x".repeat(5000);
    const told = { "content-length": "5000" };
    expect((await server.get("/api/runs/none/stop", { method: "POST", body, headers: told })).status).toBe(
      413,
    );
    const chunked = { "transfer-encoding": "chunked" };
    expect((await server.get("/api/runs/none/stop", { method: "POST", body, headers: chunked })).status).toBe(
      413,
    );
  });

  it("by a method that is not answered", async () => {
    for (const method of ["PUT", "DELETE", "POST"]) {
      expect((await server.get("/assets/plain.css", { method })).status).toBe(405);
    }
  });
});

describe("files of the page", () => {
  it.each([
    ["/sw.js", "text/javascript; charset=utf-8"],
    ["/app.webmanifest", "application/manifest+json; charset=utf-8"],
    ["/assets/plain.css", "text/css; charset=utf-8"],
    ["/assets/ort.mjs", "text/javascript; charset=utf-8"],
    ["/assets/ort-wasm-simd-threaded.wasm", "application/wasm"],
    ["/models/tiny.onnx", "application/octet-stream"],
    ["/a%20name.txt", "text/plain; charset=utf-8"],
  ])("%s is %s", async (path, type) => {
    const { status, headers } = await server.get(path);
    expect([status, headers["content-type"], headers["cache-control"]]).toEqual([200, type, "no-cache"]);
    expectCommonHeaders(headers);
  });

  it("whose names hold a digest are kept for good", async () => {
    const { headers } = await server.get("/assets/index-Ab12_cd3.js");
    expect(headers["cache-control"]).toBe("public, max-age=31536000, immutable");
  });

  it("are not sent again, and shortened where the browser takes gzip", async () => {
    const path = "/assets/index-Ab12_cd3.js";
    const plain = await server.get(path);
    expect(plain.text).toBe(SCRIPT);
    expect(plain.headers["content-encoding"]).toBeUndefined();
    const short = await server.get(path, { headers: { "accept-encoding": "gzip, br" } });
    expect(short.headers["content-encoding"]).toBe("gzip");
    expect(short.headers.vary).toBe("Accept-Encoding");
    expect(gunzipSync(short.bytes).toString()).toBe(SCRIPT);
    expect(short.headers.etag).not.toBe(plain.headers.etag);
    const again = await server.get(path, { headers: { "if-none-match": `"x", W/${plain.headers.etag}` } });
    expect([again.status, again.text, again.headers.etag]).toEqual([304, "", plain.headers.etag]);
    expectCommonHeaders(again.headers);
  });

  it.each([
    "/../secret.txt",
    "/assets/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e%2fsecret.txt",
    "/..%5csecret.txt",
    "/..\\secret.txt",
    "/%252e%252e%252fsecret.txt",
    "//secret.txt",
    "/%00",
    "/index.html%00.txt",
    "/%ff",
    "/link.txt",
    "/linked/inner.txt",
    "/.hidden",
    "/%2ehidden",
    "/.git/config",
    "/assets/",
    "/assets",
    "/etc/passwd",
    "//etc/passwd",
    "http://evil.example/secret.txt",
    "/C:/secret.txt",
  ])("%s is none of them", async (path) => {
    const { status, headers, text } = await server.get(path);
    expect([400, 404]).toContain(status);
    expect(text).not.toContain(SECRET);
    expectCommonHeaders(headers);
  });

  it("a file that has become a link since is not read", async () => {
    const app = writeFiles(join(folder, "changing"), { "index.html": "page", "sub/a.txt": "a" });
    const own = await startServer({ appFolder: app });
    expect((await own.get("/sub/a.txt")).text).toBe("a");
    const { renameSync, rmSync } = await import("node:fs");
    rmSync(join(app, "sub/a.txt"));
    symlinkSync(join(folder, "secret.txt"), join(app, "sub/a.txt"));
    expect((await own.get("/sub/a.txt")).status).toBe(404);
    renameSync(join(app, "sub"), join(app, "gone"));
    mkdirSync(join(folder, "sub"));
    writeFileSync(join(folder, "sub/a.txt"), SECRET);
    symlinkSync(join(folder, "sub"), join(app, "sub"));
    expect((await own.get("/sub/a.txt")).status).toBe(404);
  });

  it("the page is told in its own text whether there are runs to watch", async () => {
    const app = writeFiles(join(folder, "telling"), { "index.html": "<html><head></head></html>" });
    const plain = await (await startServer({ appFolder: app })).get("/");
    const watching = await (await startServer({ appFolder: app, runs: [join(folder, "run")] })).get("/");
    expect(plain.text).not.toContain("hipmri-server");
    expect(watching.text).toContain('<meta name="hipmri-server" content="watching" />');
    expect(watching.headers.etag).not.toBe(plain.headers.etag);
  });

  it("where there is no page, it says so with all headers", async () => {
    const own = await startServer({ appFolder: join(folder, "nothing") });
    expect(own.hasPage).toBe(false);
    const { status, headers, text } = await ask(own.port, `/?token=${own.token}`);
    expect(status).toBe(200);
    expectCommonHeaders(headers);
    expect(text).toContain("The page has not been built");
  });
});

describe("ports", () => {
  /** Takes a port until the work is done. */
  async function withTaken(port: number, work: () => Promise<void>): Promise<void> {
    const blocker = createServer().listen(port, "127.0.0.1");
    await new Promise((resolve) => blocker.once("listening", resolve));
    try {
      await work();
    } finally {
      await new Promise((resolve) => blocker.close(resolve));
    }
  }

  it("one that was asked for and is taken is an error", async () => {
    const free = await serve({ runs: [], port: 0, appFolder: folder });
    await free.close();
    await withTaken(free.port, async () => {
      const error = await serve({ runs: [], port: free.port }).catch((each: unknown) => each);
      expect(error).toBeInstanceOf(HipError);
      expect(error).toMatchObject({
        code: "usage",
        message: `Cannot listen on 127.0.0.1: port ${free.port} is taken`,
        hint: "Give another --port, or end the program that has it",
      });
    });
    await expect(serve({ runs: [], port: 70_000 })).rejects.toMatchObject({ code: "usage" });
  });

  it("without a wish it is the first that is free from 8017 on", async () => {
    const first = await serve({ runs: [], appFolder: folder });
    const second = await serve({ runs: [], appFolder: folder });
    expect(first.port).toBeGreaterThanOrEqual(8017);
    expect(second.port).toBeGreaterThan(first.port);
    expect(second.token).not.toBe(first.token);
    await Promise.all([first.close(), second.close()]);
    await expect(ask(first.port, "/")).rejects.toThrow();
  });
});

it("a run that is a file is an error", async () => {
  await expect(serve({ runs: [join(folder, "secret.txt")], port: 0 })).rejects.toMatchObject({
    code: "usage",
    message: `Cannot watch "${join(folder, "secret.txt")}": expected a run folder, found a file`,
  });
});
