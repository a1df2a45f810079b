/** A started server and a client that sends exactly what it is told: fetch() would mend paths and headers. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect } from "vitest";
import { type ServeOptions, type Serving, serve } from "../../src/server/serve.ts";

/** A folder that is removed after the test file. Its path has no links, as the server shows it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "hipmri-serve-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return folder;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

function send(
  port: number,
  path: string,
  { method = "GET", headers = {}, body }: Asking,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, resolve);
    asked.once("error", reject);
    asked.end(body);
  });
}

export async function ask(port: number, path: string, asking: Asking = {}): Promise<Answered> {
  const response = await send(port, path, asking);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return { status: response.statusCode ?? 0, headers: response.headers, bytes, text: bytes.toString("utf8") };
}

export interface TestServer extends Serving {
  /** With the token. */
  get(path: string, asking?: Asking): Promise<Answered>;
  json<T>(path: string): Promise<T>;
  post(path: string): Promise<Answered>;
}

/** On any free port; closed after the test file. */
export async function startServer(options: Partial<ServeOptions> = {}): Promise<TestServer> {
  const serving = await serve({ runs: [], port: 0, ...options });
  afterAll(() => serving.close());
  const bearer = { authorization: `Bearer ${serving.token}` };
  const get = (path: string, asking: Asking = {}): Promise<Answered> =>
    ask(serving.port, path, { ...asking, headers: { ...bearer, ...asking.headers } });
  return {
    ...serving,
    get,
    async json(path) {
      const { status, text } = await get(path);
      expect(status, text).toBe(200);
      return JSON.parse(text);
    },
    post: (path) => get(path, { method: "POST" }),
  };
}

export interface SentEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

export interface EventReader {
  readonly headers: IncomingHttpHeaders;
  readonly events: readonly SentEvent[];
  /** Resolves once an event fits. */
  until(fits: (event: SentEvent) => boolean): Promise<SentEvent>;
  close(): void;
}

function parseEvent(block: string): SentEvent | undefined {
  const fields = new Map(
    block.split("\n").map((line) => {
      const at = line.indexOf(":");
      return [line.slice(0, at), line.slice(at + 1).trim()] as const;
    }),
  );
  const event = fields.get("event");
  return event === undefined
    ? undefined
    : { event, id: fields.get("id"), data: JSON.parse(fields.get("data") ?? "null") };
}

/** Listens to a run as a browser does. */
export async function listen(server: TestServer, id: string, lastEventId?: string): Promise<EventReader> {
  const response = await send(server.port, `/api/runs/${id}/events`, {
    headers: {
      authorization: `Bearer ${server.token}`,
      ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
    },
  });
  const events: SentEvent[] = [];
  let wake: () => void = () => undefined;
  let rest = "";
  response.setEncoding("utf8");
  response.on("data", (chunk: string) => {
    const blocks = (rest + chunk).split("\n\n");
    rest = blocks.pop() ?? "";
    events.push(...blocks.flatMap((block) => parseEvent(block) ?? []));
    wake();
  });
  response.on("error", () => undefined);
  return {
    headers: response.headers,
    events,
    async until(fits) {
      for (;;) {
        const found = events.find(fits);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    close: () => response.destroy(),
  };
}

export const stepLine = (step: number, epoch = 1): string =>
  `${JSON.stringify({ kind: "step", step, epoch, loss: 1 / step, lr: 0.01, gradientNorm: 1, seconds: 0.1 })}\n`;

export const epochLine = (epoch: number, step: number, isBest = true): string =>
  `${JSON.stringify({ kind: "epoch", step, epoch, loss: 0.5, validationLoss: 0.4, foregroundDice: 0.8, dice: { prostate: 0.8 }, isBest, lr: 0.01, seconds: step * 0.1 + epoch })}\n`;
