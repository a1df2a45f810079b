/** The page's entry. */
import "./app.css";
import { mount } from "svelte";
import App from "./App.svelte";

const target = document.getElementById("app");
if (target === null) throw new Error("internal: the page has no #app");
mount(App, { target });
