/** The page's entry. */
import "./app.css";
import { mount } from "svelte";
import App from "./App.svelte";

const target = document.getElementById("app");
if (target === null) throw new Error("internal: the page has no #app");
mount(App, { target });

// The page works without a network from its second visit on.
if ("serviceWorker" in navigator && import.meta.env.PROD) {
  navigator.serviceWorker.register("./sw.js").catch(() => {
    // Some hosts and private windows allow none: the page works all the same, with a network.
  });
}
