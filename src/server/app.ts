/** The whole of `hipmri serve` as one function from request to answer: first the guard, then the page or the API. */
import { type Context, Hono } from "hono";
import { answer, errorAnswer, pageAnswer, taggedAnswer } from "./answers.ts";
import { cookieOf, judgeRequest, type Keys, LOCKED, type Refusal } from "./guard.ts";
import type { StaticFiles } from "./static-files.ts";

/** Bodies are not needed: what is asked is in the address. */
const MOST_BODY_BYTES = 4096;

export interface AppOptions {
  readonly port: number;
  readonly keys: Keys;
  readonly files: StaticFiles;
  /** Answers below /api/. */
  readonly api: Hono;
}

const isApi = (path: string): boolean => path === "/api" || path.startsWith("/api/");

function refuse(path: string, { status, message }: Refusal): Response {
  if (isApi(path)) return errorAnswer(status, message);
  return pageAnswer(status, `${message}.`);
}

/** Whether a request's body is short enough; it is read to its end, and what it holds is not looked at. */
async function isShort(request: Request): Promise<boolean> {
  if (Number(request.headers.get("content-length") ?? 0) > MOST_BODY_BYTES) return false;
  if (request.body === null) return true;
  let length = 0;
  for await (const chunk of request.body) {
    length += (chunk as Uint8Array).length;
    if (length > MOST_BODY_BYTES) return false;
  }
  return true;
}

async function servePage(c: Context, { files }: AppOptions): Promise<Response> {
  if (c.req.method !== "GET" && c.req.method !== "HEAD") {
    return errorAnswer(405, `${c.req.method} is not answered here`);
  }
  const { pathname } = new URL(c.req.url);
  const isGzipTaken = /\bgzip\b/.test(c.req.header("accept-encoding") ?? "");
  const file = await files.read(pathname, { isGzipTaken });
  if (file !== undefined) return taggedAnswer({ ifNoneMatch: c.req.header("if-none-match") }, file);
  if (pathname === "/") {
    return pageAnswer(200, "The page has not been built: the API is here, and nothing to look at.");
  }
  return pageAnswer(404, "There is nothing at this address.");
}

export function makeApp(options: AppOptions): Hono {
  const { port, keys, api } = options;
  const app = new Hono();
  app.use(async (c, next) => {
    const { pathname } = new URL(c.req.url);
    const verdict = judgeRequest(
      {
        method: c.req.method,
        host: c.req.header("host"),
        origin: c.req.header("origin"),
        cookie: c.req.header("cookie"),
        authorization: c.req.header("authorization"),
        secFetchSite: c.req.header("sec-fetch-site"),
        secFetchMode: c.req.header("sec-fetch-mode"),
        secFetchDest: c.req.header("sec-fetch-dest"),
        queryToken: c.req.query("token"),
        isFrontDoor: pathname === "/",
      },
      port,
      keys,
    );
    if (verdict.refusal !== undefined) {
      const refused = refuse(pathname, verdict.refusal);
      if (verdict.refusal === LOCKED) refused.headers.set("WWW-Authenticate", 'Bearer realm="hipmri"');
      return refused;
    }
    if (!(await isShort(c.req.raw))) return errorAnswer(413, "The request is too long");
    await next();
    if (verdict.isNew) c.res.headers.set("Set-Cookie", cookieOf(keys));
    return undefined;
  });
  app.route("/api", api);
  app.all("*", async (c) =>
    isApi(new URL(c.req.url).pathname)
      ? errorAnswer(404, "The API has no such address")
      : servePage(c, options),
  );
  app.onError((error) => {
    process.stderr.write(`warning: a request failed: ${error.stack ?? error.message}\n`);
    return errorAnswer(500, "The server failed to answer");
  });
  app.notFound(() => answer("", 404, {}));
  return app;
}
