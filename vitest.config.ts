import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
    // Texts are the same whether npm or npx has started the tests.
    env: { npm_lifecycle_event: "test" },
  },
});
