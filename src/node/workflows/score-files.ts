/** What `hipmri score --out` leaves behind. */
import { join } from "node:path";
import type { Metrics } from "../../metrics/types.ts";
import { masksReport } from "../../report/masks-report.ts";
import { makeFolder, writeFileAtomic } from "../atomic.ts";
import { RUN_FILES } from "../run-folder.ts";
import { commandLine } from "../shell.ts";
import { VERSION } from "../version.ts";
import type { ScoreOptions } from "./score.ts";

/** metrics.json comes last: where it is, all else is there too. */
export async function writeScores(
  out: string,
  { prediction, truth, labels, map, perOrgan, convention, toleranceMm }: ScoreOptions,
  metrics: Metrics,
  labelsFrom: string,
): Promise<readonly string[]> {
  const flag = (name: string, value: string | number | undefined): readonly string[] =>
    value === undefined ? [] : [name, `${value}`];
  const command = commandLine([
    "hipmri",
    "score",
    prediction,
    truth,
    ...flag("--labels", labels),
    ...flag("--map", map),
    ...(perOrgan ? ["--per-organ"] : []),
    ...flag("--convention", convention),
    ...flag("--tolerance", toleranceMm),
    "--out",
    out,
  ]);
  const report = masksReport({
    metrics,
    prediction,
    truth,
    facts: [{ name: "Labels from", value: labelsFrom }],
    reproduce: [command, `hipmri-unet ${VERSION}`],
  });
  const files: string[] = [];
  const write = async (path: string, content: string | Uint8Array): Promise<void> => {
    await writeFileAtomic(path, content);
    files.push(path);
  };
  await makeFolder(join(out, "figures"));
  for (const { name, content } of report.figures) await write(join(out, "figures", name), content);
  await write(join(out, RUN_FILES.report), report.html);
  await write(join(out, RUN_FILES.metrics), `${JSON.stringify(metrics, null, 2)}\n`);
  return files;
}
