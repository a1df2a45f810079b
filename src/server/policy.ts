/**
 * What the page may load and do, as headers that every answer of `hipmri serve` carries. No import of Node here: the
 * build of the page puts the same policy into its meta tag.
 */

/** Only our own origin; wasm; pictures, workers and fetches of what the page itself has made. */
const DIRECTIVES = {
  "default-src": "'none'",
  "script-src": "'self' 'wasm-unsafe-eval'",
  // The viewer and the charts place their elements by style attributes.
  "style-src": "'self' 'unsafe-inline'",
  "img-src": "'self' data: blob:",
  "font-src": "'self' data:",
  "connect-src": "'self'",
  "worker-src": "'self' blob:",
  "manifest-src": "'self'",
  "media-src": "'none'",
  "object-src": "'none'",
  "base-uri": "'none'",
  "form-action": "'none'",
  "frame-ancestors": "'none'",
} as const satisfies Readonly<Record<string, string>>;

const join = (directives: readonly (readonly [name: string, value: string])[]): string =>
  directives.map(([name, value]) => `${name} ${value}`).join("; ");

/** The page's Content-Security-Policy, as the header says it. */
export const PAGE_POLICY = join(Object.entries(DIRECTIVES));

/** The same for a meta tag, where browsers refuse directives about frames around the page. */
export const PAGE_META_POLICY = join(
  Object.entries(DIRECTIVES).filter(([name]) => name !== "frame-ancestors"),
);

/**
 * Of report.html, which may come from anywhere: an origin of its own without cookies, no connection, no script but
 * those of these hashes.
 * @param scriptHashes e.g. "sha256-…"
 */
export function reportPolicy(scriptHashes: readonly string[]): string {
  const scripts = scriptHashes.length === 0 ? "'none'" : scriptHashes.map((hash) => `'${hash}'`).join(" ");
  return join([
    ["default-src", "'none'"],
    ["script-src", scripts],
    ["style-src", "'unsafe-inline'"],
    ["img-src", "data:"],
    ["base-uri", "'none'"],
    ["form-action", "'none'"],
    ["frame-ancestors", "'none'"],
    ["sandbox", scriptHashes.length === 0 ? "" : "allow-scripts"],
  ]).trim();
}

/** Headers of every answer, whatever it is. COOP and COEP give the page threads (cross-origin isolation). */
export const COMMON_HEADERS = {
  "Content-Security-Policy": PAGE_POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
} as const satisfies Readonly<Record<string, string>>;
