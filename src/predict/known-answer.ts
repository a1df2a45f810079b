/**
 * A known-answer test that travels with a model: what it says of one small seeded image, so that whoever runs it
 * somewhere else (another machine, WASM, WebGPU) can tell before the first patient whether its numbers are right there.
 */
import { z } from "zod";
import { HipError } from "../core/errors.ts";
import { makeRandom } from "../core/random.ts";
import { replaceMetadata } from "../onnx/model.ts";
import { float32Of, float32Tensor, type Program, type Runtime } from "../runtime/runtime.ts";
import { outputExtent } from "../unet/config.ts";
import { type ModelCard, readModelCard } from "./card.ts";
import { makeCanvas } from "./fit.ts";
import { type InputShape, knownInput } from "./known-input.ts";

/** In metadata_props of model.onnx. */
export const KNOWN_ANSWER_KEY = "hipmri_known_answer";

/** Its seed says all of the image and of the positions. */
export interface KnownAnswer {
  readonly format: 1;
  readonly seed: number;
  readonly shape: InputShape;
  /** Of probabilities; of the scores' mean and largest magnitude it is a share of the latter. */
  readonly tolerance: number;
  /** Positions of the result that were noted. */
  readonly positions: number;
  /** All scores of each position: positions * classes float32, little-endian, as base64. */
  readonly logits: string;
  /** Over all scores. */
  readonly mean: number;
  readonly maxAbs: number;
}

export interface AnswerCheck {
  readonly isRight: boolean;
  /** Largest difference of a probability at the noted positions; infinite where a score is not a number. */
  readonly maxError: number;
  /** Where it is. */
  readonly worstPosition: readonly [row: number, column: number];
  /** Difference of the mean or of the largest magnitude over all scores, as a share of the latter. */
  readonly summaryError: number;
}

const SEED = 1;
/** What the project promises of float32 on any backend; WASM and the CPU were seen to differ by 5e-6. */
const TOLERANCE = 1e-3;
/**
 * Integer kernels differ from machine to machine: some add pairs of products in 16 bits and cut them off, others compute
 * with the rounded numbers in float32, and a value that falls into the next step is passed on. WASM and a CPU with VNNI
 * were seen to differ by 3e-4; what is wrong altogether is off by more than this.
 */
const INT8_TOLERANCE = 0.05;
const MOST_POSITIONS = 256;
/** Of many labels fewer positions do. */
const MOST_SCORES = 2048;
const LARGEST_EXTENT = 1024;

/** Not square, so that swapped axes show; the lowest level has some pixels to normalise over. */
function answerShape({ unet }: Pick<ModelCard, "unet">): InputShape {
  const side = unet.padding === "same" ? Math.max(64, 2 * 2 ** unet.levels) : 16;
  const { input } = makeCanvas(unet, { width: side + side / 2, height: side });
  return [1, unet.inChannels, input.height, input.width];
}

interface Output {
  readonly width: number;
  /** Positions of the result. */
  readonly noted: readonly number[];
  /** [positions, classes] */
  readonly logits: Float32Array;
  readonly mean: number;
  readonly maxAbs: number;
}

async function run(
  program: Program,
  { unet }: Pick<ModelCard, "unet">,
  { seed, shape, positions }: Pick<KnownAnswer, "seed" | "shape" | "positions">,
): Promise<Output> {
  const [height, width] = [outputExtent(unet, shape[2])!, outputExtent(unet, shape[3])!];
  const results = await program.run({ image: float32Tensor(knownInput(seed, shape), shape) });
  const scores = float32Of(results, "logits");
  const pixels = width * height;
  if (scores.length !== pixels * unet.classes) {
    throw new HipError(
      "bad-model",
      `Cannot use the model: its result must have ${pixels * unet.classes} numbers, found ${scores.length}`,
      { hint: "Its card is that of another network: give the file as hipmri wrote it" },
    );
  }
  const random = makeRandom(seed, "known positions");
  const noted = Array.from({ length: positions }, () => random.integer(pixels));
  const logits = new Float32Array(positions * unet.classes);
  for (const [i, at] of noted.entries()) {
    for (let k = 0; k < unet.classes; k++) logits[i * unet.classes + k] = scores[k * pixels + at]!;
  }
  let sum = 0;
  let maxAbs = 0;
  for (const score of scores) {
    sum += score;
    // Unlike a comparison, it hands NaN on.
    maxAbs = Math.max(maxAbs, Math.abs(score));
  }
  return { width, noted, logits, mean: sum / scores.length, maxAbs };
}

function toBase64(data: Float32Array): string {
  return btoa(Array.from(new Uint8Array(data.buffer), (byte) => String.fromCharCode(byte)).join(""));
}

/** @throws an error of the platform's where it is no base64 */
function fromBase64(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)).buffer);
}

/**
 * What a model says of the image of the test, to be kept with it.
 * @param program of the model, on a backend that is trusted
 */
export async function makeKnownAnswer(program: Program, card: ModelCard): Promise<KnownAnswer> {
  const shape = answerShape(card);
  const positions = Math.min(MOST_POSITIONS, Math.max(16, Math.floor(MOST_SCORES / card.unet.classes)));
  const { logits, mean, maxAbs } = await run(program, card, { seed: SEED, shape, positions });
  const tolerance = card.inference.precision === "int8" ? INT8_TOLERANCE : TOLERANCE;
  return { format: 1, seed: SEED, shape, tolerance, positions, logits: toBase64(logits), mean, maxAbs };
}

/** Probabilities of one position, in place of its scores. */
function softmax(scores: Float32Array): Float64Array {
  const highest = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = Float64Array.from(scores, (score) => Math.exp(score - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/**
 * Whether a model says here what it said where it was made. Costs one run of a small image.
 * @param program of the same model on the backend in question
 */
export async function checkKnownAnswer(
  program: Program,
  card: ModelCard,
  answer: KnownAnswer,
): Promise<AnswerCheck> {
  const { classes } = card.unet;
  const expected = fromBase64(answer.logits);
  const found = await run(program, card, answer);
  let maxError = 0;
  let worst = found.noted[0]!;
  for (const [i, at] of found.noted.entries()) {
    const part = [i * classes, (i + 1) * classes] as const;
    const [wanted, got] = [softmax(expected.subarray(...part)), softmax(found.logits.subarray(...part))];
    for (let k = 0; k < classes; k++) {
      const difference = Math.abs(wanted[k]! - got[k]!);
      const error = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
      if (error <= maxError) continue;
      maxError = error;
      worst = at;
    }
  }
  // Probabilities near 0 and 1 hardly move where scores are wrong as a whole.
  const scale = Math.max(answer.maxAbs, Number.MIN_VALUE);
  const off = Math.max(Math.abs(found.mean - answer.mean), Math.abs(found.maxAbs - answer.maxAbs)) / scale;
  const summaryError = Number.isNaN(off) ? Number.POSITIVE_INFINITY : off;
  return {
    isRight: maxError <= answer.tolerance && summaryError <= answer.tolerance,
    maxError,
    worstPosition: [Math.floor(worst / found.width), worst % found.width],
    summaryError,
  };
}

const extent = z.number().int().min(1).max(LARGEST_EXTENT);
const answerSchema = z.object({
  format: z.literal(1),
  seed: z.number().int().min(0),
  shape: z.tuple([z.literal(1), extent, extent, extent]),
  tolerance: z.number().positive(),
  positions: z.number().int().min(1).max(4096),
  logits: z.base64(),
  mean: z.number(),
  maxAbs: z.number().min(0),
});

/**
 * The known answer among a model's metadata_props.
 * @returns undefined where there is none: the model was written before version 0.5, or by another tool
 * @throws HipError "bad-model" where there is one that does not fit the card
 */
export function readKnownAnswer(
  metadata: Readonly<Record<string, string>>,
  card: ModelCard,
  name: string,
): KnownAnswer | undefined {
  const text = metadata[KNOWN_ANSWER_KEY];
  if (text === undefined) return undefined;
  const answer = parse(text);
  const { unet } = card;
  if (answer !== undefined) {
    const [, channels, height, width] = answer.shape;
    const isLegal = [height, width].every((each) => outputExtent(unet, each) !== undefined);
    const bytes = Math.floor((answer.logits.replace(/=+$/, "").length * 3) / 4);
    if (isLegal && channels === unet.inChannels && bytes === 4 * answer.positions * unet.classes)
      return answer;
  }
  throw new HipError("bad-model", `Cannot use "${name}": its known answer does not fit its card`, {
    hint: "Give the file as hipmri wrote it",
  });
}

function parse(text: string): KnownAnswer | undefined {
  try {
    return answerSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * The model with its known answer, found on the CPU on one thread, in place of an earlier one; else the same bytes.
 * @throws HipError "bad-model" when it has no card
 */
export async function withKnownAnswer(
  runtime: Runtime,
  model: Uint8Array,
  name: string,
): Promise<Uint8Array> {
  const card = readModelCard(model, name);
  const program = await runtime.load(model, { isOnHost: true });
  try {
    const answer = await makeKnownAnswer(program, card);
    return replaceMetadata(model, { [KNOWN_ANSWER_KEY]: JSON.stringify(answer) });
  } finally {
    await program.dispose();
  }
}
