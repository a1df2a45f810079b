// The page without a network: what it is made of is kept at the first visit. FILES and VERSION are filled in by the build.
const FILES = __FILES__;
// Several deployments may share an origin: each keeps to its own.
const OWN = `hipmri ${new URL(self.registration.scope).pathname} `;
const CACHE = `${OWN}__VERSION__`;
const PAGE = "./index.html";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)));
});

self.addEventListener("activate", (event) => {
  // An old version's files are let go once no page uses them any more.
  const drop = async () => {
    const names = await caches.keys();
    await Promise.all(
      names.filter((name) => name.startsWith(OWN) && name !== CACHE).map((name) => caches.delete(name)),
    );
    await self.clients.claim();
  };
  event.waitUntil(drop());
});

/** What this version keeps; undefined where the browser lends no storage: the network is asked then. */
const openKept = () => caches.open(CACHE).catch(() => undefined);

/** The server first, which sets its cookie and may have a newer page. */
async function page(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await (await openKept())?.match(PAGE, { ignoreSearch: true });
    if (kept === undefined) throw error;
    return kept;
  }
}

/** Names of assets hold a digest of their content: what is kept is right. */
async function asset(request) {
  const cache = await openKept();
  const kept = await cache?.match(request, { ignoreSearch: true });
  if (kept !== undefined) return kept;
  const response = await fetch(request);
  if (response.ok && new URL(request.url).pathname.includes("/assets/")) {
    // A full disk keeps nothing, and takes nothing from the page either.
    await cache?.put(request, response.clone()).catch(() => {});
  }
  return response;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  // Live runs are never kept.
  if (request.method !== "GET" || url.origin !== self.location.origin || url.pathname.includes("/api/"))
    return;
  event.respondWith(request.mode === "navigate" ? page(request) : asset(request));
});
