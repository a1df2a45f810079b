/** A share of `hipmri check`, and its shards merged: findings are made of all cases together, at merge. */
import { z } from "zod";
import { type ErrorJson, errorFromJson, errorJson, HipError } from "../../core/errors.ts";
import { examineCases, indexForCheck, reportOfExams } from "../../dataset/doctor/check.ts";
import type { CaseExam } from "../../dataset/doctor/examine-case.ts";
import type { Indexed } from "../../dataset/doctor/read-index.ts";
import { type Thumbnail, takeThumbnail } from "../../report/doctor-thumbnail.ts";
import { inItemOrder, openShard, type ShardDone, type ShardRequest, type ShardSet } from "../shard-store.ts";
import { measureCases } from "./case-sizes.ts";
import { type CheckOptions, type CheckResult, doctorOptions, writeCheckPage } from "./check.ts";
import { stampCases } from "./file-stamps.ts";

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

/** A case examined; which one it is says its place. */
interface ExaminedCase {
  readonly exam: Omit<CaseExam, "entry">;
  readonly thumbnail: Thumbnail | null;
}

const schema = z.object({
  /** As the data folder was called. */
  root: z.string(),
  /** Of the whole data set; the first shard has it for all. */
  indexed: z.custom<Indexed>(isObject).nullable(),
  /** Why the data set could not be indexed. */
  refused: z.custom<ErrorJson>(isObject).nullable(),
  /** In the order of the share's items. */
  cases: z.array(z.custom<ExaminedCase>(isObject)),
});

async function examine(indexed: Indexed, places: readonly number[], options: CheckOptions) {
  const { index } = indexed;
  const thumbnails = new Map<string, Thumbnail>();
  const keyOf = ({ id, split }: { readonly id: string; readonly split: string | undefined }): string =>
    JSON.stringify([split, id]);
  const exams = await examineCases(
    index,
    places.map((place) => index.cases[place]!),
    {
      ...doctorOptions(options),
      onVoxels: (voxels) => thumbnails.set(keyOf(voxels.entry), takeThumbnail(voxels)),
    },
  );
  return exams.map(({ entry, ...exam }): ExaminedCase => {
    return { exam, thumbnail: thumbnails.get(keyOf(entry)) ?? null };
  });
}

/**
 * Examines a share of the cases that checkData() would examine, and leaves OUT/shards/I-of-N.json for mergeChecks().
 * @throws HipError as checkData() and openShard(); "usage" of a fast check, which is no work to share
 */
export async function checkShard(
  options: CheckOptions & { readonly out: string },
  request: ShardRequest,
): Promise<ShardDone> {
  if (options.isFast) {
    throw new HipError(
      "usage",
      "--fast cannot be used with shards: it reads headers only, which is soon done",
      {
        hint: "Leave one of the two away; --shard 1/1 does all where a cluster's variables ask for a share",
      },
    );
  }
  const { data, out, layout } = options;
  const found = await indexForCheck(doctorOptions(options));
  const cases = found instanceof HipError ? [] : found.index.cases;
  const sizes = await measureCases(
    doctorOptions(options).folder,
    cases.map(({ files }) => files.map(({ image }) => image)),
  );
  const job = {
    verb: "check",
    options: { data, "--layout": layout },
    filesSha256: await stampCases(data, cases),
    items: cases.map(({ id, split }, i) => ({
      id: split === undefined ? id : `${split}/${id}`,
      size: sizes[i]!,
    })),
  };
  const task = await openShard(out, request, job);
  if (task.isDone) return task.done;
  const result: z.infer<typeof schema> = {
    root: data,
    indexed: request.index === 1 && !(found instanceof HipError) ? found : null,
    refused: found instanceof HipError ? errorJson(found) : null,
    cases: found instanceof HipError ? [] : await examine(found, task.places, options),
  };
  await task.write(result);
  return task.done;
}

/** Writes OUT/check.html as checkData() does; the report is equal. @throws HipError "disk" */
export async function mergeChecks({ out, files }: ShardSet): Promise<CheckResult> {
  const results = files.map(({ result }) => schema.parse(result));
  const [{ root, indexed, refused }] = results as [z.infer<typeof schema>];
  const cases = inItemOrder(
    files,
    results.map((result) => result.cases),
  );
  if (indexed === null) {
    const report = reportOfExams(root, errorFromJson(refused!), []);
    return { report, page: await writeCheckPage(out, report, []) };
  }
  const exams = cases.map(({ exam }, place): CaseExam => ({ ...exam, entry: indexed.index.cases[place]! }));
  const report = reportOfExams(root, indexed, exams);
  const thumbnails = cases.flatMap(({ thumbnail }) => thumbnail ?? []);
  return { report, page: await writeCheckPage(out, report, thumbnails) };
}
