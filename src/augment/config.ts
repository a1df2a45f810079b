/** Which random changes training images undergo, and how often. */

export interface AugmentConfig {
  /** A factor on every probability below; mirroring is apart: an image's mirror image is as likely as itself, however long the training. */
  readonly strength: number;
  /** Turned by up to so many degrees either way. */
  readonly rotation: { readonly probability: number; readonly degrees: number };
  /** Enlarged by a factor from `low` to `high`, as often smaller as larger. */
  readonly scale: { readonly probability: number; readonly low: number; readonly high: number };
  /** Moved by up to this share of height and width. */
  readonly shift: { readonly probability: number; readonly share: number };
  /** Bent: the control points of a 5 x 5 cubic B-spline are moved by normal numbers of this deviation, in pixels. */
  readonly elastic: { readonly probability: number; readonly pixels: number };
  /** Along which axes every second image is mirrored. */
  readonly mirror: { readonly width: boolean; readonly height: boolean };
  /** A factor from `low` to `high` (of z-scored intensities). */
  readonly brightness: { readonly probability: number; readonly low: number; readonly high: number };
  /** A factor on the distance from the mean; what was darkest and lightest stays so. */
  readonly contrast: { readonly probability: number; readonly low: number; readonly high: number };
  /** An exponent on the intensities as a share of their range, or on those of the negative; mean and deviation stay. */
  readonly gamma: {
    readonly probability: number;
    readonly negativeProbability: number;
    readonly low: number;
    readonly high: number;
  };
  /** Normal noise of a deviation from 0 to `deviation`, in units of the image's own. */
  readonly noise: { readonly probability: number; readonly deviation: number };
  /** A Gaussian of `low` to `high` pixels. */
  readonly blur: { readonly probability: number; readonly low: number; readonly high: number };
  /** As if scanned with a share from `low` to 1 of the pixels along each axis. */
  readonly lowResolution: { readonly probability: number; readonly low: number };
  /** A smooth factor e^b over the image, as of a receiver coil; `strength` is the deviation of b's control points. */
  readonly bias: { readonly probability: number; readonly strength: number };
}

/** Nothing is changed. */
export const noAugmentation: AugmentConfig = {
  strength: 0,
  rotation: { probability: 0, degrees: 0 },
  scale: { probability: 0, low: 1, high: 1 },
  shift: { probability: 0, share: 0 },
  elastic: { probability: 0, pixels: 0 },
  mirror: { width: false, height: false },
  brightness: { probability: 0, low: 1, high: 1 },
  contrast: { probability: 0, low: 1, high: 1 },
  gamma: { probability: 0, negativeProbability: 0, low: 1, high: 1 },
  noise: { probability: 0, deviation: 0 },
  blur: { probability: 0, low: 0, high: 0 },
  lowResolution: { probability: 0, low: 1 },
  bias: { probability: 0, strength: 0 },
};

/** Of each mirrored axis, so that what was learnt is the same on both sides. */
export const MIRROR_PROBABILITY = 0.5;

/** The same with its strength worked into the probabilities. */
export function strengthened(config: AugmentConfig): AugmentConfig {
  const { strength, gamma } = config;
  const weaker = <T extends { readonly probability: number }>(change: T): T => ({
    ...change,
    probability: change.probability * strength,
  });
  return {
    ...config,
    strength: 1,
    rotation: weaker(config.rotation),
    scale: weaker(config.scale),
    shift: weaker(config.shift),
    elastic: weaker(config.elastic),
    brightness: weaker(config.brightness),
    contrast: weaker(config.contrast),
    gamma: { ...weaker(gamma), negativeProbability: gamma.negativeProbability * strength },
    noise: weaker(config.noise),
    blur: weaker(config.blur),
    lowResolution: weaker(config.lowResolution),
    bias: weaker(config.bias),
  };
}

export const isBending = ({ rotation, scale, shift, elastic, mirror }: AugmentConfig): boolean =>
  rotation.probability > 0 ||
  scale.probability > 0 ||
  shift.probability > 0 ||
  elastic.probability > 0 ||
  mirror.width ||
  mirror.height;
export const isSmoothing = ({ blur, lowResolution }: AugmentConfig): boolean =>
  blur.probability > 0 || lowResolution.probability > 0;
export const hasGamma = ({ gamma }: AugmentConfig): boolean =>
  gamma.probability > 0 || gamma.negativeProbability > 0;

/** nnU-Net's probabilities and strengths, with turns as small as a patient may lie. */
export const standardAugmentation: AugmentConfig = {
  strength: 1,
  rotation: { probability: 0.2, degrees: 30 },
  scale: { probability: 0.2, low: 0.7, high: 1.4 },
  shift: { probability: 0, share: 0 },
  elastic: { probability: 0, pixels: 0 },
  mirror: { width: true, height: false },
  brightness: { probability: 0.15, low: 0.75, high: 1.25 },
  contrast: { probability: 0.15, low: 0.75, high: 1.25 },
  gamma: { probability: 0.3, negativeProbability: 0.1, low: 0.7, high: 1.5 },
  noise: { probability: 0.1, deviation: 0.1 },
  blur: { probability: 0.2, low: 0.5, high: 1 },
  lowResolution: { probability: 0.25, low: 0.5 },
  bias: { probability: 0, strength: 0 },
};
