/**
 * Every operation and its attributes. The shape rules (shapes.ts), gradients (autodiff/vjp.ts) and emission
 * rules (onnx/emit.ts) are total maps over these names: a missing rule does not compile.
 */
import type { DType, Shape } from "./value.ts";

type None = Readonly<Record<never, never>>;
/** Rows and columns of a window or a step. */
export type Pair = readonly [height: number, width: number];
/** ONNX's order of padding. */
export type Pads = readonly [top: number, left: number, bottom: number, right: number];

export interface Window {
  readonly strides: Pair;
  readonly pads: Pads;
}
/** Windows that tile the image (stride = kernel, no padding); rows and columns left over are dropped. */
export interface Pooling {
  readonly kernel: Pair;
}
/** How numbers are stored as integers: the whole number q stands for (q - zeroPoint) * scale. */
export interface Quantisation {
  readonly type: "uint8" | "int8" | "int32";
  /** One for all numbers, or one for each extent of the first axis. */
  readonly scales: Float32Array;
  /** 0 where there are several scales. */
  readonly zeroPoint: number;
}
export interface Normalisation {
  /** Statistics over height and width of one image ("instance") or of the whole batch too ("batch"). */
  readonly over: "instance" | "batch";
  readonly epsilon: number;
}

export interface OpAttrs {
  /** Fed at each run. */
  readonly Input: { readonly name: string; readonly shape: Shape; readonly dtype: DType };
  /** Stored in the model. */
  readonly Constant: { readonly shape: Shape; readonly data: Float32Array };

  // Elementwise, float32, with numpy's broadcasting.
  readonly Add: None;
  readonly Sub: None;
  readonly Mul: None;
  readonly Div: None;
  readonly Minimum: None;
  /** a to the power of b; a must not be negative. */
  readonly Power: None;
  /** 1 where a <= b, else 0, as float32. */
  readonly LessEqual: None;
  readonly Neg: None;
  readonly Exp: None;
  readonly Log: None;
  readonly Sqrt: None;
  /** x where x > 0, else alpha * x; alpha 0 is ReLU. */
  readonly LeakyRelu: { readonly alpha: number };
  /** (y, dy) -> dy * (1 where y > 0, else alpha); y is LeakyRelu's result. */
  readonly LeakyReluGrad: { readonly alpha: number };
  /** uint8 to float32. */
  readonly Cast: None;
  /** x itself, through which no gradient flows. */
  readonly StopGradient: None;

  // Reductions; reduced axes stay with extent 1.
  readonly ReduceSum: { readonly axes: readonly number[] };
  readonly ReduceMax: { readonly axes: readonly number[] };

  // Shape.
  readonly Reshape: { readonly shape: Shape };
  readonly Transpose: { readonly permutation: readonly number[] };
  readonly Expand: { readonly shape: Shape };
  readonly Concat: { readonly axis: number };
  /** The block from `start` (inclusive); `trim` elements are left out at each axis's end. */
  readonly Slice: { readonly start: Shape; readonly trim: Shape };
  /** Zeros around: `before` and `after` each axis. */
  readonly Pad: { readonly before: Shape; readonly after: Shape };
  /** Each of the axes from its end to its beginning. */
  readonly Flip: { readonly axes: readonly number[] };
  /** [N,H,W], uint8 or whole float32 -> float32 [N,depth,H,W]; labels >= depth (255 = ignore) give zeros in every channel. */
  readonly OneHot: { readonly depth: number };

  /** a [..., M, K], b [..., K, N] -> [..., M, N]; the axes before the last two broadcast. */
  readonly MatMul: None;
  /**
   * x [N,C,H,W], grid [N,H',W',2] of (x, y) -> [N,C,H',W']; -1 and 1 are the middles of the outermost pixels, 0 lies outside.
   * Not differentiable here: it moves data, not activations.
   */
  readonly GridSample: { readonly mode: "linear" | "nearest" };

  /** [N, C b b, H, W] -> [N, C, H b, W b]: channel (i b + j) C + c goes to row i and column j of its pixel's block. */
  readonly DepthToSpace: { readonly block: number };
  /** x rounded to what integers of a type hold: what follows may compute with these integers. */
  readonly FakeQuantise: Quantisation;

  // Convolution (cross-correlation, as everywhere in deep learning). The three are each other's gradients.
  /** x [N,C,H,W], w [O,C,kh,kw], optional bias [O] -> [N,O,H',W'] */
  readonly Conv: Window;
  /** The adjoint of Conv in x: y [N,O,H',W'], w [O,C,kh,kw], optional bias [C] -> [N,C,H,W], `size` = [H, W]. */
  readonly ConvTranspose: Window & { readonly size: Pair };
  /** The adjoint of Conv in w: x [N,C,H,W], y [N,O,H',W'] -> [O,C,kh,kw] with `kernel` = [kh, kw]. */
  readonly ConvWeightGrad: Window & { readonly kernel: Pair };

  readonly MaxPool: Pooling;
  /** (x, y, dy) -> dx; tied maxima share dy equally. */
  readonly MaxPoolGrad: Pooling;

  /** x [N,C,H,W] * scale [C] + shift [C]. */
  readonly ChannelAffine: None;
  /** (x - mean) / sqrt(variance + epsilon) * scale [C] + shift [C]; population variance. */
  readonly Norm: Normalisation;
  /** (x, scale, dy) -> dx of Norm. */
  readonly NormInputGrad: Normalisation;
  /** (x, dy) -> [C], d loss / d scale of Norm. */
  readonly NormScaleGrad: Normalisation;
}

export type Op = keyof OpAttrs;
