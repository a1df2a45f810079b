/** What every verb does where files were changed since one of its shards was done. */
import { expect } from "vitest";
import type { CliResult } from "./support.ts";

/** @param share does a shard, with `--json` and further flags, that was done before the files were changed */
export async function expectRedone(share: (...more: readonly string[]) => Promise<CliResult>): Promise<void> {
  const { code, stderr } = await share();
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining(
      "- items: files were changed since\nhint: Give another folder with --out, or remove them with --overwrite",
    ),
  ]);
  const again = await share("--overwrite");
  expect([again.code, again.stdout]).toEqual([0, expect.not.stringContaining('"doneBefore": true')]);
  expect((await share("--overwrite")).stdout).toContain('"doneBefore": true');
}
