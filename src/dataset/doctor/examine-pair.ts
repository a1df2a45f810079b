/** Reads one image and its mask as far as that goes: what is wrong becomes a problem, never an end. */
import type { Inflate } from "../../core/bytes.ts";
import { HipError } from "../../core/errors.ts";
import { readImage, readImageHeader } from "../../formats/image-file.ts";
import { checkFinite } from "../../nifti/read.ts";
import type { Image, ImageHeader } from "../../volume/image.ts";
import { type Folder, openInFolder } from "../folder.ts";
import { withoutTrailingOnes } from "../geometry.ts";
import { ROUNDING, toLabelIds } from "../mask-values.ts";
import type { FilePair } from "../types.ts";
import type { FileProblem } from "./findings.ts";
import { fingerprint } from "./fingerprint.ts";
import { factsOf, type HeaderFacts, headerProblems } from "./headers.ts";
import { isConstant } from "./intensities.ts";
import type { FindingCode } from "./types.ts";

export interface ReadContext {
  readonly folder: Folder;
  readonly inflate: Inflate;
}

export interface PairRequest {
  readonly file: FilePair;
  readonly caseId: string;
  /** 2 of slice files, 3 of volumes. */
  readonly mostAxes: 2 | 3;
}

/** What a pair's headers say. */
export interface PairHeaders {
  readonly name: string;
  readonly image: HeaderFacts | undefined;
  readonly mask: HeaderFacts | undefined;
  /** The image's own, to reckon how far slices lie apart. */
  readonly header: ImageHeader | undefined;
  readonly problems: readonly FileProblem[];
}

export interface PairExam extends PairHeaders {
  /** Intensities, x fastest; undefined where they could not be read or have too many axes. */
  readonly values: Float32Array | undefined;
  /** Label ids, x fastest; undefined where they could not be read. */
  readonly ids: Uint8Array | undefined;
  /** Whether the mask has the shape of its image. */
  readonly isMaskFitting: boolean;
  /** Of the intensities; undefined of a constant image, which is like any other constant one. */
  readonly fingerprint: string | undefined;
}

const REMEDY_COPY = "Copy or download the file again, or take it and its partner away";

function problemOf(error: HipError, file: string, caseId: string): FileProblem {
  const code: FindingCode = error.code === "bad-image" ? "bad-header" : "unreadable-file";
  return { code, file, caseId, message: error.message, remedy: error.hint ?? REMEDY_COPY };
}

/** What `work` gives, or what the HipError that it throws says. */
async function attempt<T>(
  work: () => T | Promise<T>,
  onError: (error: HipError) => void,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HipError)) throw error;
    onError(error);
    return undefined;
  }
}

function compareHeaders(
  { file, caseId, mostAxes }: PairRequest,
  image: ImageHeader | undefined,
  mask: ImageHeader | undefined,
) {
  const imageFacts = image === undefined ? undefined : factsOf(image, file.image, caseId);
  const maskFacts = mask === undefined ? undefined : factsOf(mask, file.mask, caseId);
  return {
    name: file.name,
    image: imageFacts,
    mask: maskFacts,
    header: image,
    problems: imageFacts === undefined ? [] : headerProblems(imageFacts, maskFacts, mostAxes),
  };
}

/** Reads the headers only; of a gzipped file its start. */
export async function examineHeaders(request: PairRequest, context: ReadContext): Promise<PairHeaders> {
  const problems: FileProblem[] = [];
  const read = (path: string): Promise<ImageHeader | undefined> =>
    attempt(
      async () => readImageHeader(await openInFolder(context.folder, path), context.inflate),
      (error) => problems.push(problemOf(error, path, request.caseId)),
    );
  const compared = compareHeaders(request, await read(request.file.image), await read(request.file.mask));
  return { ...compared, problems: [...problems, ...compared.problems] };
}

/** Reads both files whole. */
export async function examinePair(request: PairRequest, context: ReadContext): Promise<PairExam> {
  const { file, caseId, mostAxes } = request;
  const problems: FileProblem[] = [];
  const read = (path: string): Promise<Image | undefined> =>
    attempt(
      async () => readImage(await openInFolder(context.folder, path), context.inflate),
      (error) => problems.push(problemOf(error, path, caseId)),
    );
  const image = await read(file.image);
  const mask = await read(file.mask);
  const compared = compareHeaders(request, image?.header, mask?.header);
  problems.push(...compared.problems);
  const imageShape = withoutTrailingOnes(image?.header.shape ?? []);
  const maskShape = withoutTrailingOnes(mask?.header.shape ?? []);
  const isUsable = image !== undefined && imageShape.length <= mostAxes;
  if (isUsable) {
    await attempt(
      () => checkFinite(image.values, { name: file.image, shape: imageShape }),
      (error) => problems.push(fileProblem("not-finite", file.image, caseId, error)),
    );
  }
  const ids = mask === undefined ? undefined : await readIds(mask, maskShape, request, problems);
  const print = isUsable && !isConstant(image.values) ? fingerprint(image.values, imageShape) : undefined;
  if (print !== undefined && mask !== undefined && print === fingerprint(mask.values, maskShape)) {
    const message = `Image "${file.image}" and mask "${file.mask}" hold the same values`;
    const remedy = "Put the right file in place of the one that was copied twice";
    problems.push({ code: "image-is-mask", file: file.image, caseId, message, remedy });
  }
  return {
    ...compared,
    problems,
    values: isUsable ? image.values : undefined,
    ids,
    isMaskFitting: `${imageShape}` === `${maskShape}`,
    fingerprint: print,
  };
}

function fileProblem(code: FindingCode, file: string, caseId: string, error: HipError): FileProblem {
  return { code, file, caseId, message: error.message, remedy: error.hint ?? REMEDY_COPY };
}

function readIds(
  mask: Image,
  shape: readonly number[],
  { file, caseId }: PairRequest,
  problems: FileProblem[],
): Promise<Uint8Array | undefined> {
  return attempt(
    () => toLabelIds(mask.values, { name: file.mask, shape }),
    (error) => {
      const isWhole = mask.values.every((value) => Math.abs(value - Math.round(value)) <= ROUNDING);
      const code = isWhole ? "label-out-of-range" : "fractional-labels";
      problems.push(fileProblem(code, file.mask, caseId, error));
    },
  );
}
