/** The cases of a training, read once before it starts: what they hold, their sums, and all that is wrong with them. */
import { cpus } from "node:os";
import { HipError } from "../../core/errors.ts";
import { mapParallel } from "../../core/parallel.ts";
import { findCopies, type Place } from "../../dataset/doctor/duplicate-findings.ts";
import { fingerprint } from "../../dataset/doctor/fingerprint.ts";
import { isConstant } from "../../dataset/doctor/intensities.ts";
import type { DoctorFinding } from "../../dataset/doctor/types.ts";
import type { CaseEntry, DatasetIndex, DecodedCase, Split } from "../../dataset/types.ts";
import { makeProgress } from "../progress.ts";
import { type CaseDigest, digestCase } from "./data-digest.ts";
import { type DataPlace, dataError, findingLine } from "./data-problems.ts";
import { type CaseFacts, checkCases, type OpenDataOptions, type OpenedData, openData } from "./open-data.ts";

export interface ReadCases {
  /** Of the cases that this session works with. */
  readonly facts: CaseFacts;
  /** Of the test cases too, so that the model can tell them again by their content. */
  readonly digests: ReadonlyMap<string, CaseDigest>;
}

export interface ReadCasesOptions extends DataPlace {
  /** The test split will be judged at the end: its cases are looked at now. */
  readonly test: boolean;
  readonly stderr: NodeJS.WriteStream;
  readonly quiet?: boolean;
  warn(text: string): void;
  /** Takes every case that can be used. */
  onDecoded(decoded: DecodedCase): void;
  /** Whether patients were, or are to be, shared out by the seed, whatever splits the layout states. */
  readonly isDrawn: boolean;
  /** What the run was started with has been accepted: copies are no reason to refuse it. */
  readonly isResumed: boolean;
}

/** Where its images are and what they are known by, file by file as check has it: one slice may be copied alone. */
function placesOf({ entry, image, width, height, isReversed }: DecodedCase): readonly Place[] {
  const { files } = entry;
  const each = image.length / files.length;
  return files.flatMap((_file, i) => {
    const values = image.subarray(i * each, (i + 1) * each);
    // An image of one value is like any other of that value.
    if (isConstant(values)) return [];
    const { image: file } = files[isReversed ? files.length - 1 - i : i]!;
    return [{ entry, file, print: fingerprint(values, [width, height, each / (width * height)]) }];
  });
}

/** Loads as `opened` does, and remembers what each image is known by. */
function digesting(opened: OpenedData, onDecoded?: (decoded: DecodedCase) => void) {
  const digests = new Map<string, CaseDigest>();
  const places: Place[] = [];
  const load = async (entry: CaseEntry): Promise<DecodedCase> => {
    const decoded = await opened.load(entry);
    const digest = digestCase(decoded);
    digests.set(entry.id, digest);
    places.push(...placesOf(decoded));
    onDecoded?.(decoded);
    return decoded;
  };
  return { load, digests, places };
}

/**
 * Copies of an image. Where the layout states the splits, those that training makes of them count: it moves all scans
 * of a patient to one side.
 */
function copiesOf(
  places: readonly Place[],
  splitOf: ((entry: CaseEntry) => Split | undefined) | undefined,
  { cases }: DatasetIndex,
): readonly DoctorFinding[] {
  const order = new Map(cases.map((entry, at) => [entry, at]));
  const sorted = [...places].sort((a, b) => order.get(a.entry)! - order.get(b.entry)!);
  const sided = sorted.map((place) => ({
    ...place,
    entry: { ...place.entry, split: splitOf?.(place.entry) },
  }));
  return findCopies(sided, splitOf !== undefined);
}

const isError = ({ severity }: DoctorFinding): boolean => severity === "error";

/** Whether each case has a split of the layout's. */
const isStated = ({ cases }: DatasetIndex): boolean => cases.every(({ split }) => split !== undefined);

/** The side on which training has a patient whom the layout has in several splits: the one held out furthest. */
function furthestSplits({ cases }: DatasetIndex): (entry: CaseEntry) => Split | undefined {
  const furthest = new Map<string, Split>();
  for (const side of ["train", "validate", "test"] as const) {
    for (const { patient, split } of cases) if (split === side) furthest.set(patient, side);
  }
  return ({ patient }) => furthest.get(patient);
}

/**
 * Decodes every case once, so that all problems of a data set are told together and before training.
 * @throws HipError "bad-dataset" listing the problems, at most 20; a single problem keeps its own error
 */
export async function readCases(
  opened: OpenedData,
  split: Readonly<Record<Split, readonly CaseEntry[]>>,
  options: ReadCasesOptions,
): Promise<ReadCases> {
  const used = [...split.train, ...split.validate, ...(options.test ? split.test : [])];
  const others = options.test ? [] : split.test;
  const { load, digests, places } = digesting(opened, options.onDecoded);
  const progress = makeProgress(options.stderr, {
    total: used.length + others.length,
    label: "Reading cases",
    isQuiet: options.quiet ?? false,
  });
  try {
    // First, so that they are the first to leave a memory that cannot hold all.
    await digestOthers(others, load, { warn: options.warn, onCase: (done) => progress.update(done) });
    const done = others.length;
    const { facts, errors } = await checkCases({ ...opened, load }, used, (more) =>
      progress.update(done + more),
    );
    const sides = new Map(
      (["train", "validate", "test"] as const).flatMap((side) =>
        split[side].map((entry) => [entry, side] as const),
      ),
    );
    const isSided = !options.isDrawn && isStated(opened.index);
    const copies = copiesOf(places, isSided ? (entry) => sides.get(entry) : undefined, opened.index);
    const refused = options.isResumed ? [] : copies.filter(isError);
    const error = dataError({ faults: undefined, errors, cases: used.length, copies: refused }, options);
    if (error !== undefined) throw error;
    for (const copy of copies) options.warn(findingLine(copy));
    return { facts, digests };
  } finally {
    progress.stop();
  }
}

/** A bad test case stops no training that is not judged on it. */
async function digestOthers(
  cases: readonly CaseEntry[],
  load: OpenedData["load"],
  options: { readonly warn: (text: string) => void; readonly onCase: (done: number) => void },
): Promise<void> {
  let done = 0;
  await mapParallel(cases, Math.max(2, cpus().length), async (entry) => {
    try {
      await load(entry);
    } catch (error) {
      if (!(error instanceof HipError)) throw error;
      options.warn(`the model will not know test case "${entry.id}" again: ${error.message}`);
    }
    options.onCase(++done);
  });
}

/**
 * Where files lack their partners or masks cannot be used nothing can be trained: then all other cases are read, so
 * that what is wrong with them is told in the same breath.
 * @throws HipError as readCases(), with the files that cannot be paired
 */
export async function refuseFaulty(
  opened: OpenedData,
  options: DataPlace & Partial<Pick<ReadCasesOptions, "stderr" | "quiet">>,
): Promise<void> {
  const { index, badMasks } = opened;
  const { faults } = index;
  if (faults === undefined && badMasks.length === 0) return;
  const { cases } = index;
  const { load, places } = digesting(opened);
  const { stderr } = options;
  const isQuiet = stderr === undefined || (options.quiet ?? false);
  if (!isQuiet) {
    stderr.write("There is something wrong with the data: every case is read, to tell all of it\n");
  }
  const progress = makeProgress(stderr ?? process.stderr, {
    total: cases.length,
    label: "Reading cases",
    isQuiet,
  });
  try {
    const { errors } = await checkCases({ ...opened, load }, cases, (done) => progress.update(done));
    const copies = copiesOf(places, isStated(index) ? furthestSplits(index) : undefined, index);
    // Bad masks are among the errors, unless their files changed meanwhile.
    const found = errors.length === 0 ? badMasks : errors;
    throw dataError({ faults, errors: found, cases: cases.length, copies: copies.filter(isError) }, options);
  } finally {
    progress.stop();
  }
}

/** Data to train on, of which nothing but the index is wanted. @throws HipError as openData() and refuseFaulty() */
export async function openTrainingData(
  place: DataPlace,
  options: Pick<OpenDataOptions, "plane">,
): Promise<OpenedData> {
  const opened = await openData(place.data, { ...options, layout: place.layout, isPartial: true });
  await refuseFaulty(opened, place);
  return opened;
}
