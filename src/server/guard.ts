/**
 * Who may ask. The server is bound to 127.0.0.1, but every web page that is open in a browser of this machine can send
 * requests there too, and every user of the machine can: hence the names it answers to, the origin, and the token.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** 256 bits as URL-safe text. */
export const makeSecret = (): string => randomBytes(32).toString("base64url");

/** Takes equally long wherever the texts differ; digests make them equally long. */
export function isSameSecret(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

export interface Keys {
  /** In the address that is printed, and as "Authorization: Bearer". */
  readonly token: string;
  /** In the cookie: what a browser keeps is not what the address shows. */
  readonly session: string;
  /** Tokens that let one visit in, each once: for addresses that others may see, as in a list of processes. */
  readonly tickets: Set<string>;
  /** With the port: browsers keep cookies of all ports of a host together. */
  readonly cookieName: string;
}

export function makeKeys(port: number): Keys {
  return { token: makeSecret(), session: makeSecret(), tickets: new Set(), cookieName: `hipmri-${port}` };
}

/** What the guard reads of a request. */
export interface Asked {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly cookie: string | undefined;
  readonly authorization: string | undefined;
  readonly secFetchSite: string | undefined;
  readonly secFetchMode: string | undefined;
  readonly secFetchDest: string | undefined;
  /** "token" of the query. */
  readonly queryToken: string | undefined;
  readonly isFrontDoor: boolean;
}

export interface Refusal {
  readonly status: 401 | 403;
  readonly message: string;
}

/** Names under which a server on this port is reached without a resolver's help. */
export function hostsOf(port: number): readonly string[] {
  const names = ["127.0.0.1", "localhost"];
  const withPort = names.map((name) => `${name}:${port}`);
  // Browsers leave the default port out.
  return port === 80 ? [...withPort, ...names] : withPort;
}

/** "http://HOST" of a page that this server has sent. */
const originsOf = (port: number): readonly string[] => hostsOf(port).map((host) => `http://${host}`);

/** A page elsewhere can make a name of its own mean 127.0.0.1 (DNS rebinding): its requests then carry that name. */
export function checkHost(host: string | undefined, port: number): Refusal | undefined {
  if (host !== undefined && hostsOf(port).includes(host.toLowerCase())) return undefined;
  return { status: 403, message: `This server answers to 127.0.0.1:${port} and localhost:${port} only` };
}

const FOREIGN: Refusal = { status: 403, message: "Requests from other pages are refused" };
export const LOCKED: Refusal = {
  status: 401,
  message:
    "Open the address that hipmri serve printed: copy the whole line from the terminal, http://127.0.0.1 to the last letter after token=, into the address bar. Each start of the server prints another one",
};

const isReading = (method: string): boolean => method === "GET" || method === "HEAD";

function cookieValue(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

function bearerOf(header: string | undefined): string | undefined {
  return /^Bearer +([\w-]+)$/i.exec(header ?? "")?.[1];
}

/** @returns why the request comes from another page; undefined where it does not */
function checkOrigin(asked: Asked, port: number, hasBearer: boolean): Refusal | undefined {
  const { method, origin, secFetchSite: site } = asked;
  if (origin !== undefined && !originsOf(port).includes(origin)) return FOREIGN;
  // Browsers always send an origin with these; a program shows the token instead.
  if (!isReading(method) && origin === undefined && !hasBearer) return FOREIGN;
  if (site === undefined || site === "same-origin") return undefined;
  // "none": typed, or from a bookmark.
  if (isReading(method) && site === "none") return undefined;
  // A link to the address that was printed, in another page or on another port (which is "same-site").
  const isVisit = asked.secFetchMode === "navigate" && asked.secFetchDest === "document";
  return isReading(method) && isVisit && asked.isFrontDoor ? undefined : FOREIGN;
}

function useTicket(token: string, tickets: Set<string>): boolean {
  const ticket = [...tickets].find((each) => isSameSecret(each, token));
  return ticket !== undefined && tickets.delete(ticket);
}

export type Verdict =
  | { readonly refusal: Refusal }
  /** isNew: came with the address that was printed, and is to be given the cookie. */
  | { readonly refusal: undefined; readonly isNew: boolean };

/** Whether a request is answered. The host comes first, then the origin, then the token. */
export function judgeRequest(asked: Asked, port: number, keys: Keys): Verdict {
  const bearer = bearerOf(asked.authorization);
  const hasBearer = bearer !== undefined && isSameSecret(bearer, keys.token);
  const wrong = checkHost(asked.host, port) ?? checkOrigin(asked, port, hasBearer);
  if (wrong !== undefined) return { refusal: wrong };
  const { queryToken } = asked;
  const isVisit = asked.isFrontDoor && isReading(asked.method);
  if (isVisit && queryToken !== undefined) {
    if (isSameSecret(queryToken, keys.token) || useTicket(queryToken, keys.tickets)) {
      return { refusal: undefined, isNew: true };
    }
  }
  const session = cookieValue(asked.cookie, keys.cookieName);
  const isKnown = hasBearer || (session !== undefined && isSameSecret(session, keys.session));
  return isKnown ? { refusal: undefined, isNew: false } : { refusal: LOCKED };
}

/** For a browser session of this site alone, out of reach of scripts. */
export const cookieOf = (keys: Keys): string =>
  `${keys.cookieName}=${keys.session}; Path=/; HttpOnly; SameSite=Strict`;
