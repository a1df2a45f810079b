/** From the scanner's millimetres to the body's own frame and back: shift, turn, stature. */
import type { Point } from "./shapes.ts";

export interface Pose {
  /** Where the body's origin lies in RAS+ millimetres. */
  readonly shiftMm: Point;
  /** Stature: body mm of a 1 mm step in a standard man. */
  readonly scale: Point;
  /** Rows of the rotation, body to world. */
  readonly turn: readonly [Point, Point, Point];
}

/** @param anglesRad about x (nodding), y (rolling sideways in the coronal plane), z (turning) */
export function makePose(shiftMm: Point, scale: Point, anglesRad: Point): Pose {
  const [a, b, c] = anglesRad;
  const [sa, ca] = [Math.sin(a), Math.cos(a)];
  const [sb, cb] = [Math.sin(b), Math.cos(b)];
  const [sc, cc] = [Math.sin(c), Math.cos(c)];
  return {
    shiftMm,
    scale,
    turn: [
      [cc * cb, cc * sb * sa - sc * ca, cc * sb * ca + sc * sa],
      [sc * cb, sc * sb * sa + cc * ca, sc * sb * ca - cc * sa],
      [-sb, cb * sa, cb * ca],
    ],
  };
}

/** RAS+ millimetres of a point of the body. */
export function toWorld(pose: Pose, point: Point): Point {
  const [px, py, pz] = [point[0] * pose.scale[0], point[1] * pose.scale[1], point[2] * pose.scale[2]];
  const [rx, ry, rz] = pose.turn;
  const [tx, ty, tz] = pose.shiftMm;
  return [
    rx[0] * px + rx[1] * py + rx[2] * pz + tx,
    ry[0] * px + ry[1] * py + ry[2] * pz + ty,
    rz[0] * px + rz[1] * py + rz[2] * pz + tz,
  ];
}

/**
 * The affine map from RAS+ millimetres to the body's frame, the inverse of toWorld(): three rows of x, y, z
 * coefficients and a constant.
 */
export function toBodyRows(pose: Pose): readonly [x: BodyRow, y: BodyRow, z: BodyRow] {
  const [rx, ry, rz] = pose.turn;
  const [tx, ty, tz] = pose.shiftMm;
  const row = (axis: 0 | 1 | 2): BodyRow => {
    const perScale = 1 / pose.scale[axis];
    const [a, b, c] = [rx[axis] * perScale, ry[axis] * perScale, rz[axis] * perScale];
    return [a, b, c, -(a * tx + b * ty + c * tz)];
  };
  return [row(0), row(1), row(2)];
}

export type BodyRow = readonly [number, number, number, number];
