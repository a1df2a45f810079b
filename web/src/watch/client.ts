/** What the page asks `hipmri serve` of live runs: answers as JSON, and one stream of events a run. */
import type {
  ApiError,
  ControlAnswer,
  RunEventName,
  RunEvents,
  SampleList,
  ServeState,
  WorstCases,
} from "../../../src/server/api.ts";

/** The server answered, and refused. */
export class Refused extends Error {
  readonly status: number;
  readonly hint: string | null;

  constructor(status: number, message: string, hint: string | null) {
    super(message);
    this.name = "Refused";
    this.status = status;
    this.hint = hint;
  }
}

const runUrl = (id: string): string => `/api/runs/${encodeURIComponent(id)}`;
export const reportUrl = (id: string): string => `${runUrl(id)}/report`;

export const sampleUrl = (id: string, { name, version }: SampleList["samples"][number]): string =>
  `${runUrl(id)}/samples/${encodeURIComponent(name)}?v=${encodeURIComponent(version)}`;

async function refusalOf(response: Response): Promise<Refused> {
  const told = (await response.json().catch(() => undefined)) as Partial<ApiError> | undefined;
  const { message = `The server answered ${response.status}`, hint = null } = told?.error ?? {};
  return new Refused(response.status, message, hint);
}

/** @throws Refused where the server says no; TypeError where there is none */
async function ask(url: string, method: "GET" | "POST" = "GET"): Promise<Response> {
  const response = await fetch(url, { method });
  if (!response.ok) throw await refusalOf(response);
  return response;
}

async function askJson<T>(url: string, method: "GET" | "POST" = "GET"): Promise<T> {
  return (await (await ask(url, method)).json()) as T;
}

export const readState = (): Promise<ServeState> => askJson("/api/state");
export const readSamples = (id: string): Promise<SampleList> => askJson(`${runUrl(id)}/samples`);
export const readWorst = (id: string): Promise<WorstCases> => askJson(`${runUrl(id)}/worst`);

export async function readModel(id: string): Promise<Uint8Array> {
  return new Uint8Array(await (await ask(`${runUrl(id)}/model`)).arrayBuffer());
}

export const controlRun = (id: string, what: "stop" | "resume"): Promise<ControlAnswer> =>
  askJson(`${runUrl(id)}/${what}`, "POST");

export type RunListener = { readonly [Name in RunEventName]: (data: RunEvents[Name]) => void } & {
  /** The browser connects again by itself, unless the server refused. */
  readonly broken: (isOver: boolean) => void;
};

const EVENTS = ["history", "step", "epoch", "status"] as const satisfies readonly RunEventName[];

/** @returns ends it */
export function listenToRun(id: string, listener: RunListener): () => void {
  const source = new EventSource(`${runUrl(id)}/events`);
  const attach = <Name extends RunEventName>(name: Name, take: (data: RunEvents[Name]) => void): void => {
    source.addEventListener(name, ({ data }: MessageEvent<string>) =>
      take(JSON.parse(data) as RunEvents[Name]),
    );
  };
  for (const name of EVENTS) attach(name, listener[name] as (data: RunEvents[typeof name]) => void);
  source.addEventListener("error", () => listener.broken(source.readyState === EventSource.CLOSED));
  return () => source.close();
}
