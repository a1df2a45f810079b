/** A share of `hipmri predict`: which images it has, and what it leaves for merge. */
import { stat } from "node:fs/promises";
import { z } from "zod";
import { groupSlices, type Slice } from "../../apply/slice-set.ts";
import { type ErrorJson, errorFromJson, errorJson, type HipError } from "../../core/errors.ts";
import { placesOf } from "../../core/shard.ts";
import { contentOf } from "../../formats/dicom/content.ts";
import type { CasePassport } from "../../passport/types.ts";
import { openShard, readShardFile, type ShardDone, type ShardTask } from "../shard-store.ts";
import { stampFiles } from "./file-stamps.ts";
import type { PredictedMask, Prediction, PredictOptions } from "./predict.ts";
import type { PlannedMask } from "./predict-inputs.ts";

/** An image whose header was read, or that cannot be used. */
type Sized =
  | (PlannedMask & { readonly error: HipError })
  | (PlannedMask & Slice & { readonly slices: number });

/** The passport of a volume is kept once, its slices refer to it. */
const schema = z.object({
  hasFingerprint: z.boolean(),
  outputs: z.array(
    z.custom<Omit<PredictedMask, "passport">>().and(z.object({ passport: z.int().nullable() })),
  ),
  passports: z.array(z.custom<CasePassport>()),
  failures: z.array(z.object({ input: z.string(), error: z.custom<ErrorJson>() })),
});

function pack({ outputs, failures, hasFingerprint }: Prediction): z.infer<typeof schema> {
  const passports = [...new Set(outputs.flatMap(({ passport }) => passport ?? []))];
  return {
    hasFingerprint,
    outputs: outputs.map((output) => ({
      ...output,
      passport: output.passport === null ? null : passports.indexOf(output.passport),
    })),
    passports,
    failures: failures.map(({ input, error }) => ({ input, error: errorJson(error) })),
  };
}

/** What a share of predict has left. @throws ZodError of what is none */
export function unpackPrediction(result: unknown): Prediction {
  const { outputs, passports, failures, hasFingerprint } = schema.parse(result);
  return {
    hasFingerprint,
    outputs: outputs.map((output) => ({
      ...output,
      passport: output.passport === null ? null : passports[output.passport]!,
    })),
    failures: failures.map(({ input, error }) => ({ input, error: errorFromJson(error) })),
  };
}

/** The share of each image: slices of one volume have the same, since they are segmented and judged together. */
function placesOfImages(images: readonly Sized[], request: PredictOptions["shard"] & {}): readonly number[] {
  const at = new Map(images.map(({ input }, place) => [input, place]));
  const good = images.flatMap((image) => ("error" in image ? [] : [image]));
  const bad = images.flatMap((image) => ("error" in image ? [[image]] : []));
  // In the order of the images, so that a share does not depend on how groups are found.
  const groups = [...groupSlices(good), ...bad]
    .map((group) => group.map(({ input }) => at.get(input)!))
    .sort((a, b) => Math.min(...a) - Math.min(...b));
  const sizes = groups.map((places) => places.reduce((sum, place) => sum + sizeOf(images[place]!), 0));
  return placesOf(sizes, request)
    .flatMap((group) => groups[group]!)
    .sort((a, b) => a - b);
}

const sizeOf = (image: Sized): number => ("error" in image ? 0 : image.slices);

/** Of DICOM the files of its slices; the voxels of a header beside it are found by stampFiles(). */
const filesOf = ({ input, dicom }: Sized): readonly string[] =>
  dicom === undefined
    ? [input]
    : [...new Set(contentOf(dicom.series).frames.map(({ instance }) => instance.input.name))].sort();

const isFile = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isFile() ?? false;

/** A share of predict under way. */
export interface PredictShard {
  /** Of all images, in order. */
  readonly places: readonly number[];
  /** What it made, where it was done before and its masks are still there. */
  readonly before: Prediction | undefined;
  /** Writes the share's result. */
  finish(prediction: Prediction): Promise<Prediction>;
}

async function readBefore(task: ShardTask, done: ShardDone): Promise<Prediction | undefined> {
  if (!task.isDone) return undefined;
  const { result } = await readShardFile(task.path);
  const before = unpackPrediction(result);
  const areThere = await Promise.all(before.outputs.map(({ mask }) => isFile(mask)));
  return areThere.every((is) => is) ? { ...before, shard: done } : undefined;
}

/** @throws HipError "usage" as openShard(), "disk" */
export async function openPredictShard(
  { out, series, anonymise, keepTexts, shard }: PredictOptions & { readonly shard: object },
  images: readonly Sized[],
  modelSha256: string,
): Promise<PredictShard> {
  const places = placesOfImages(images, shard);
  const task = await openShard(
    out,
    shard,
    {
      verb: "predict",
      options: {
        "--series": series,
        "--anonymise": anonymise || undefined,
        "--keep-texts": keepTexts || undefined,
      },
      modelSha256,
      filesSha256: await stampFiles(images.flatMap(filesOf)),
      items: images.map((image) => ({ id: image.input, size: sizeOf(image) })),
    },
    places,
  );
  return {
    places,
    before: await readBefore(task, task.done),
    async finish(prediction) {
      await task.write(pack(prediction), prediction.failures.length === 0);
      return { ...prediction, shard: { ...task.done, isDoneBefore: false } };
    },
  };
}
