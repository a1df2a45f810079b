/** How answers are made: headers, errors as JSON, 304, and the small pages that stand in for the real one. */
import type { ApiError } from "./api.ts";
import { COMMON_HEADERS } from "./policy.ts";

type Headers = Readonly<Record<string, string>>;
/** What fetch's Response takes as a body here. */
export type Body = Uint8Array<ArrayBuffer> | ReadableStream | string | null;

/** Of /api and of refusals. */
export const NO_STORE = { "Cache-Control": "no-store" } as const;

/** An answer with the headers that all have; those given win. */
export function answer(body: Body, status: number, headers: Headers): Response {
  return new Response(body, { status, headers: { ...COMMON_HEADERS, ...headers } });
}

export function jsonAnswer(value: unknown, status = 200): Response {
  return answer(JSON.stringify(value), status, {
    "Content-Type": "application/json; charset=utf-8",
    ...NO_STORE,
  });
}

export function errorAnswer(status: number, message: string, hint: string | null = null): Response {
  const error: ApiError = { error: { message, hint } };
  return jsonAnswer(error, status);
}

/** A page of one sentence. @param text is ours, and needs no escaping */
export function pageAnswer(status: number, text: string): Response {
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>hipmri</title><style>:root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;margin:15vh auto;max-width:36rem;padding:0 1rem}</style></head>
<body><main><h1>hipmri</h1><p>${text}</p></main></body></html>
`;
  return answer(html, status, { "Content-Type": "text/html; charset=utf-8", ...NO_STORE });
}

/** Bytes with a tag, or 304 where the browser has them. */
export function taggedAnswer(
  asked: { readonly ifNoneMatch: string | undefined },
  file: { readonly bytes: Uint8Array<ArrayBuffer>; readonly headers: Headers },
): Response {
  const tags = (asked.ifNoneMatch ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  const { ETag: tag } = file.headers;
  if (tag !== undefined && tags.includes(tag)) {
    const { "Content-Type": _type, "Content-Encoding": _encoding, ...rest } = file.headers;
    return answer(null, 304, rest);
  }
  return answer(file.bytes, 200, { ...file.headers, "Content-Length": `${file.bytes.length}` });
}
