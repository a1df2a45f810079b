import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { PAGE_META_POLICY, PAGE_POLICY, reportPolicy } from "../../src/server/policy.ts";

it("the page loads from its own origin alone", () => {
  const directives = new Map(PAGE_POLICY.split("; ").map((each) => [each.split(" ")[0], each]));
  expect(directives.get("default-src")).toBe("default-src 'none'");
  expect(directives.get("script-src")).toBe("script-src 'self' 'wasm-unsafe-eval'");
  expect(directives.get("frame-ancestors")).toBe("frame-ancestors 'none'");
  // Neither a host nor a scheme of a network.
  expect(PAGE_POLICY).not.toMatch(/https?:|wss?:|\*|'unsafe-eval'/);
  expect(PAGE_META_POLICY).toBe(PAGE_POLICY.replace("; frame-ancestors 'none'", ""));
});

it("a report has no script but ours", () => {
  expect(reportPolicy([])).toMatch(/script-src 'none'; .*; sandbox$/);
  expect(reportPolicy(["sha256-abc="])).toMatch(/script-src 'sha256-abc='; .*; sandbox allow-scripts$/);
});

it.each(["policy.ts", "api.ts"])("%s imports nothing, so that the page can import it", (name) => {
  const text = readFileSync(join(import.meta.dirname, "../../src/server", name), "utf8");
  expect(text).not.toMatch(/^import /m);
});
