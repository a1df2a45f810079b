/** What tells the cases of a data folder from another's without reading them: shards of a training must have the same. */
import { createHash } from "node:crypto";
import { counted } from "../../core/text.ts";
import type { LayoutName } from "../../dataset/types.ts";
import type { TrainConfig } from "../../train/config.ts";
import { openTrainingData } from "./read-cases.ts";

/** "191 cases (sha256:…)": of their names, patients and stated splits, wherever the folder lies. */
export async function describeCases(
  data: string,
  {
    plane,
    layout,
  }: { readonly plane: TrainConfig["input"]["plane"]; readonly layout: LayoutName | undefined },
): Promise<string> {
  const { index } = await openTrainingData({ data, layout }, { plane });
  const names = createHash("sha256");
  for (const { id, patient, split } of index.cases) names.update(JSON.stringify([id, patient, split]));
  return `${counted(index.cases.length, "case")} (sha256:${names.digest("hex").slice(0, 16)})`;
}
