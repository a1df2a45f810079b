/** Changes of brightness: each takes images [N,C,H,W] and one number an image [N,1,1,1], or a field. */
import {
  add,
  div,
  exp,
  maximum,
  minimum,
  mul,
  neg,
  power,
  reduceMax,
  reduceMean,
  sqrt,
  sub,
} from "../graph/build.ts";
import type { Value } from "../graph/value.ts";

const IMAGE_AXES = [1, 2, 3] as const;
/** Constant images have no range to divide by. */
const TINY = 1e-6;

const mean = (x: Value): Value => reduceMean(x, IMAGE_AXES);
const highest = (x: Value): Value => reduceMax(x, IMAGE_AXES);
const lowest = (x: Value): Value => neg(reduceMax(neg(x), IMAGE_AXES));
function deviation(x: Value, around: Value): Value {
  const centred = sub(x, around);
  return sqrt(add(mean(mul(centred, centred)), TINY * TINY));
}

/** `changed` with the mean and the deviation that `image` has. */
function withMomentsOf(image: Value, changed: Value): Value {
  const [before, after] = [mean(image), mean(changed)];
  const factor = div(deviation(image, before), deviation(changed, after));
  return add(mul(sub(changed, after), factor), before);
}

/** The distance from the mean times `factor`, kept within the image's own range. */
export function changeContrast(image: Value, factor: Value): Value {
  const middle = mean(image);
  const changed = add(mul(sub(image, middle), factor), middle);
  return minimum(maximum(changed, lowest(image)), highest(image));
}

/** Intensities as a share of their range to the power of `gamma`; those of the negative where `sign` is -1. */
export function changeGamma(image: Value, gamma: Value, sign: Value): Value {
  const turned = mul(image, sign);
  const low = lowest(turned);
  const range = add(sub(highest(turned), low), TINY);
  const curved = power(maximum(div(sub(turned, low), range), 0), gamma);
  return mul(withMomentsOf(turned, add(mul(curved, range), low)), sign);
}

/** A smooth factor e^field over intensities counted from the darkest; mean and deviation stay. */
export function changeBias(image: Value, field: Value): Value {
  const low = lowest(image);
  return withMomentsOf(image, mul(sub(image, low), exp(field)));
}
