/** Builds the page into web/dist: static files that any host can serve, its content security policy within. */
import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";
import { PAGE_META_POLICY } from "../src/server/policy.ts";
import { serviceWorker } from "./build/service-worker.ts";

const ROOT = fileURLToPath(new URL(".", import.meta.url));

/** The policy as a meta tag, for hosts that send no headers of ours. */
function policyInPage(): Plugin {
  return {
    name: "policy-in-page",
    apply: "build",
    transformIndexHtml: () => [
      {
        tag: "meta",
        attrs: { "http-equiv": "Content-Security-Policy", content: PAGE_META_POLICY },
        injectTo: "head-prepend",
      },
    ],
  };
}

export default defineConfig({
  root: ROOT,
  base: "./",
  plugins: [
    svelte({ configFile: `${ROOT}svelte.config.js` }),
    policyInPage(),
    serviceWorker(`${ROOT}build/service-worker.js`, `${ROOT}public`),
  ],
  resolve: { conditions: ["onnxruntime-web-use-extern-wasm", "browser", "module", "import", "default"] },
  worker: { format: "es" },
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4000,
  },
});
