/** Opens the server on 127.0.0.1 and closes it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { getRequestListener } from "@hono/node-server";
import { HipError } from "../core/errors.ts";
import { errorAnswer, NO_STORE, pageAnswer } from "./answers.ts";
import { makeApi } from "./api-routes.ts";
import { makeApp } from "./app.ts";
import { checkHost, makeKeys, makeSecret } from "./guard.ts";
import { COMMON_HEADERS } from "./policy.ts";
import { listStaticFiles } from "./static-files.ts";
import { watchRuns } from "./watched-runs.ts";

const HOST = "127.0.0.1";
const DEFAULT_PORT = 8017;
/** How many ports from the default one on are tried. */
const TRIED_PORTS = 100;

/** The built page, in a clone as in an installed package: two folders up from src/server and from dist/server alike. */
const defaultAppFolder = (): string => fileURLToPath(new URL("../../web/dist", import.meta.url));

export interface ServeOptions {
  /** Run folders, or folders of runs; they need not be there yet. */
  readonly runs: readonly string[];
  /** Undefined: 8017, or the next one that is free. 0: any free one. */
  readonly port?: number | undefined;
  /** The built page. */
  readonly appFolder?: string | undefined;
  /** How `hipmri` is started to resume a run; default: as this process was. */
  readonly command?: readonly string[] | undefined;
}

export interface Serving {
  /** With the token: for the user alone. */
  readonly url: string;
  readonly port: number;
  readonly token: string;
  /** An address that works once: the system's list of processes shows what a browser is started with. */
  onceUrl(): string;
  /** Whether the page has been built. */
  readonly hasPage: boolean;
  /** Ends every connection. Trainings that were resumed go on. */
  close(): Promise<void>;
}

function listen(server: Server, port: number): Promise<"open" | "taken"> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      if (error.code === "EADDRINUSE") resolve("taken");
      else reject(error);
    };
    server.once("error", onError);
    server.listen({ port, host: HOST, exclusive: true }, () => {
      server.off("error", onError);
      resolve("open");
    });
  });
}

/** @throws HipError "usage" where the port, or every port that is tried, is taken or not allowed */
async function openPort(server: Server, wanted: number | undefined): Promise<number> {
  const first = wanted ?? DEFAULT_PORT;
  const last = wanted ?? DEFAULT_PORT + TRIED_PORTS - 1;
  for (let port = first; port <= last; port++) {
    const state = await listen(server, port).catch((cause: NodeJS.ErrnoException) => {
      const why = cause.code === "EACCES" ? "you may not use it" : cause.message;
      throw new HipError("usage", `Cannot listen on port ${port} of ${HOST}: ${why}`, {
        hint: "Give a port from 1024 on with --port, or leave --port out",
        cause,
      });
    });
    if (state === "open") {
      const address = server.address();
      if (typeof address === "object" && address !== null) return address.port;
    }
  }
  throw new HipError(
    "usage",
    wanted === undefined
      ? `Cannot listen on ${HOST}: expected a free port from ${first} to ${last}, found none`
      : `Cannot listen on ${HOST}: port ${wanted} is taken`,
    { hint: "Give another --port, or end the program that has it" },
  );
}

/** To what is no HTTP: Node hands over the bare connection. */
const MALFORMED = [
  "HTTP/1.1 400 Bad Request",
  ...Object.entries({ ...COMMON_HEADERS, ...NO_STORE }).map(([name, value]) => `${name}: ${value}`),
  "Connection: close",
  "Content-Length: 0",
  "",
  "",
].join("\r\n");

/** Sends one of our answers without the framework, to what the framework must not see. */
async function send(outgoing: ServerResponse, response: Response): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(Buffer.from(await response.arrayBuffer()));
}

/** @throws HipError "usage" as of openPort(); "not-found" as of watchRuns() */
export async function serve(options: ServeOptions): Promise<Serving> {
  const runs = await watchRuns(
    options.runs,
    options.command === undefined ? {} : { command: options.command },
  );
  const { isWatching } = runs;
  const files = await listStaticFiles(options.appFolder ?? defaultAppFolder(), { isWatching });
  let onRequest = (_: IncomingMessage, outgoing: ServerResponse): void => {
    outgoing.writeHead(503).end();
  };
  // A request without a host is refused by our own answer.
  const server = createServer({ requireHostHeader: false }, (incoming, outgoing) =>
    onRequest(incoming, outgoing),
  );
  server.on("clientError", (_, socket) => {
    if (socket.writable) socket.end(MALFORMED);
  });
  // Slow senders of headers and bodies are let go.
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  const port = await openPort(server, options.port).catch(async (error: unknown) => {
    await runs.close();
    throw error;
  });
  const keys = makeKeys(port);
  const app = makeApp({ port, keys, files, api: makeApi(runs) });
  const listener = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    errorHandler: () => errorAnswer(400, "The request cannot be understood"),
  });
  onRequest = (incoming, outgoing) => {
    const wrong = checkHost(incoming.headers.host, port);
    // Nothing else is made of a request for another host.
    if (wrong !== undefined) void send(outgoing, pageAnswer(wrong.status, `${wrong.message}.`));
    else void listener(incoming, outgoing);
  };
  const urlOf = (token: string): string => `http://${HOST}:${port}/?token=${token}`;
  return {
    url: urlOf(keys.token),
    onceUrl() {
      const ticket = makeSecret();
      keys.tickets.add(ticket);
      return urlOf(ticket);
    },
    port,
    token: keys.token,
    hasPage: files.hasPage,
    async close() {
      await runs.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
