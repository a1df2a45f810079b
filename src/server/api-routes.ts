/** The routes below /api, as api.ts describes them. */
import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { type Context, Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { HipError } from "../core/errors.ts";
import { RUN_FILES, SAMPLES_FOLDER, sampleEpoch } from "../node/run-folder.ts";
import { VERSION } from "../node/version.ts";
import { GALLERY_SCRIPT } from "../report/gallery.ts";
import { answer, errorAnswer, jsonAnswer, NO_STORE, taggedAnswer } from "./answers.ts";
import { type ControlAnswer, RUN_JSON_FILES, type ServeState } from "./api.ts";
import { COMMON_HEADERS, reportPolicy } from "./policy.ts";
import { sendRunEvents } from "./run-events.ts";
import { listSamples } from "./run-facts.ts";
import { contentTypeOf, readWithin, versionOf } from "./static-files.ts";
import type { WatchedRun } from "./watched-run.ts";
import type { WatchedRuns } from "./watched-runs.ts";
import { worstCases } from "./worst-cases.ts";

/** Of a browser with some open pages; every stream costs a look at the disk a second. */
const MOST_STREAMS = 64;
const GALLERY_HASH = `sha256-${createHash("sha256").update(GALLERY_SCRIPT).digest("base64")}`;

const noRun = (): Response => errorAnswer(404, "There is no such run");

/** A file of a run as it is, with a tag; 404 where there is none, or where a link leads out of the run. */
async function fileAnswer(
  c: Context,
  run: WatchedRun,
  name: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const root = await realpath(run.folder).catch(() => undefined);
  const version = root === undefined ? undefined : await versionOf(join(root, name));
  const bytes = root === undefined || version === undefined ? undefined : await readWithin(root, name);
  if (bytes === undefined) return errorAnswer(404, `This run has no ${name} yet`);
  return taggedAnswer(
    { ifNoneMatch: c.req.header("if-none-match") },
    {
      bytes,
      headers: { "Content-Type": contentTypeOf(name), ...NO_STORE, ETag: `"${version}"`, ...headers },
    },
  );
}

async function worstAnswer(run: WatchedRun): Promise<Response> {
  const root = await realpath(run.folder).catch(() => run.folder);
  for (const name of [RUN_FILES.testMetrics, RUN_FILES.metrics]) {
    const bytes = await readWithin(root, name);
    if (bytes === undefined) continue;
    try {
      return jsonAnswer(worstCases(new TextDecoder().decode(bytes), name));
    } catch (error) {
      if (!(error instanceof HipError)) throw error;
      return errorAnswer(422, `Cannot read ${name}: it is not as version 0.3 or later writes it`);
    }
  }
  return errorAnswer(404, `This run has no ${RUN_FILES.metrics} yet`);
}

async function control(what: () => Promise<void>, note: string): Promise<Response> {
  try {
    await what();
    const accepted: ControlAnswer = { accepted: true, note };
    return jsonAnswer(accepted, 202);
  } catch (error) {
    if (!(error instanceof HipError)) throw error;
    return errorAnswer(error.code === "usage" ? 409 : 500, error.message, error.hint ?? null);
  }
}

export function makeApi(runs: WatchedRuns): Hono {
  const api = new Hono();
  let streams = 0;

  const forRun =
    (work: (c: Context, run: WatchedRun) => Response | Promise<Response>) => async (c: Context) => {
      const run = await runs.find(c.req.param("id") ?? "");
      return run === undefined ? noRun() : work(c, run);
    };

  function events(c: Context, run: WatchedRun): Response {
    if (c.req.method === "HEAD")
      return answer(null, 200, { "Content-Type": "text/event-stream", ...NO_STORE });
    if (streams >= MOST_STREAMS) return errorAnswer(503, "Too many pages watch at once");
    streams++;
    const gone = new AbortController();
    const signal = AbortSignal.any([gone.signal, runs.signal]);
    const response = streamSSE(c, async (stream) => {
      stream.onAbort(() => gone.abort());
      const sink = {
        send: (event: string, data: unknown, id?: string) =>
          stream.writeSSE({ event, data: JSON.stringify(data), ...(id === undefined ? {} : { id }) }),
        beat: async () => {
          await stream.write(": alive\n\n");
        },
      };
      try {
        await sendRunEvents(run, sink, c.req.header("last-event-id"), signal);
      } finally {
        streams--;
      }
    });
    for (const [name, value] of Object.entries({ ...COMMON_HEADERS, ...NO_STORE }))
      response.headers.set(name, value);
    return response;
  }

  api.get("/state", async () => {
    const all = await runs.list();
    const state: ServeState = {
      version: VERSION,
      isWatching: runs.isWatching,
      runs: await Promise.all(all.map((run) => run.state())),
    };
    return jsonAnswer(state);
  });
  api.get(
    "/runs/:id",
    forRun(async (_, run) => jsonAnswer(await run.state())),
  );
  api.get("/runs/:id/events", forRun(events));
  api.get(
    "/runs/:id/samples",
    forRun(async (_, run) => jsonAnswer(await listSamples(run.folder))),
  );
  api.get(
    "/runs/:id/samples/:name",
    forRun((c, run) => {
      const name = c.req.param("name") ?? "";
      if (sampleEpoch(name) === undefined) return errorAnswer(404, "There is no such sample");
      return fileAnswer(c, run, join(SAMPLES_FOLDER, name));
    }),
  );
  api.get(
    "/runs/:id/report",
    forRun((c, run) =>
      fileAnswer(c, run, RUN_FILES.report, { "Content-Security-Policy": reportPolicy([GALLERY_HASH]) }),
    ),
  );
  api.get(
    "/runs/:id/files/:name",
    forRun((c, run) => {
      const name = RUN_JSON_FILES.find((each) => each === c.req.param("name"));
      return name === undefined ? errorAnswer(404, "There is no such file") : fileAnswer(c, run, name);
    }),
  );
  api.get(
    "/runs/:id/worst",
    forRun((_, run) => worstAnswer(run)),
  );
  api.get(
    "/runs/:id/model",
    forRun((c, run) => fileAnswer(c, run, RUN_FILES.model)),
  );
  api.post(
    "/runs/:id/stop",
    forRun((_, run) => control(() => run.stop(), "It stops as soon as the work is saved")),
  );
  api.post(
    "/runs/:id/resume",
    forRun((_, run) => control(() => run.resume(), "It starts: the data are read first")),
  );
  return api;
}
