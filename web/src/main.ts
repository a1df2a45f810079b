/** The page's entry. */
import "./app.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { nextTask } from "./turns.ts";

// The token was for the server, which answered with a cookie: it is not to stay in the address and the history.
const address = new URL(location.href);
if (address.searchParams.has("token")) {
  address.searchParams.delete("token");
  history.replaceState(null, "", address);
}

const target = document.getElementById("app");
if (target === null) throw new Error("internal: the page has no #app");
// Reading the script was a task of its own.
await nextTask();
mount(App, { target });

// The page works without a network from its second visit on.
if ("serviceWorker" in navigator && import.meta.env.PROD) {
  navigator.serviceWorker.register("./sw.js").catch(() => {
    // Some hosts and private windows allow none: the page works all the same, with a network.
  });
}
