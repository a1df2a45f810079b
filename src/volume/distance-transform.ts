/**
 * Exact Euclidean distance transform on a grid with its own spacing along each axis.
 * Felzenszwalb, Huttenlocher: "Distance transforms of sampled functions" (Theory of Computing 8, 2012):
 * the squared distance separates, so each axis is one pass that takes the lower envelope of parabolas.
 */

type Triple = readonly [x: number, y: number, z: number];

/** Columns copied together, so that a pass across rows reads whole cache lines. */
const TILE = 16;

/**
 * Squared distance along x to the nearest mark of the same row, mm^2; Infinity in a row without marks.
 * Of a binary row the envelope is simply the nearer of the marks to the left and to the right.
 */
function transformRows(marks: Uint8Array, squared: Float64Array, length: number, spacingMm: number): void {
  for (let start = 0; start < marks.length; start += length) {
    const end = start + length;
    let steps = Infinity;
    for (let i = start; i < end; i++) {
      steps = marks[i]! !== 0 ? 0 : steps + 1;
      squared[i] = steps;
    }
    steps = Infinity;
    for (let i = end - 1; i >= start; i--) {
      const left = squared[i]!;
      steps = left === 0 ? 0 : steps + 1;
      const distanceMm = Math.min(left, steps) * spacingMm;
      squared[i] = distanceMm * distanceMm;
    }
  }
}

/** Lower envelope of the parabolas rooted at the samples of one line; the buffers are reused between lines. */
class Envelope {
  /** Index of each parabola's vertex, its sample, and its sample plus the square of the vertex's position. */
  readonly #vertex: Int32Array;
  readonly #sample: Float64Array;
  readonly #offset: Float64Array;
  /** Where each parabola becomes the lowest, in index units. */
  readonly #from: Float64Array;

  constructor(length: number) {
    this.#vertex = new Int32Array(length);
    this.#sample = new Float64Array(length);
    this.#offset = new Float64Array(length);
    this.#from = new Float64Array(length);
  }

  /** Replaces `line[start .. start + length)` by min over j of line[j] + ((i - j) * spacing)^2. */
  transform(line: Float64Array, start: number, length: number, spacingMm: number): void {
    const vertex = this.#vertex;
    const sample = this.#sample;
    const offset = this.#offset;
    const from = this.#from;
    const doubleSquare = 2 * spacingMm * spacingMm;
    let top = -1;
    for (let q = 0; q < length; q++) {
      const value = line[start + q]!;
      // A parabola at infinity is never the lowest, and infinity - infinity would be NaN.
      if (value === Infinity) continue;
      const positionMm = q * spacingMm;
      const lifted = value + positionMm * positionMm;
      let crossing = -Infinity;
      while (top >= 0) {
        crossing = (lifted - offset[top]!) / (doubleSquare * (q - vertex[top]!));
        if (crossing > from[top]!) break;
        top--;
      }
      if (top < 0) crossing = -Infinity;
      top++;
      vertex[top] = q;
      sample[top] = value;
      offset[top] = lifted;
      from[top] = crossing;
    }
    if (top < 0) return;
    let k = 0;
    for (let q = 0; q < length; q++) {
      while (k < top && from[k + 1]! < q) k++;
      const awayMm = (q - vertex[k]!) * spacingMm;
      line[start + q] = sample[k]! + awayMm * awayMm;
    }
  }
}

/** The envelope down each column of `data`, which is seen as [length, stride]. */
function transformColumns(data: Float64Array, length: number, stride: number, spacingMm: number): void {
  if (length === 1) return;
  const envelope = new Envelope(length);
  const tile = new Float64Array(TILE * length);
  for (let column = 0; column < stride; column += TILE) {
    const width = Math.min(TILE, stride - column);
    for (let i = 0; i < length; i++) {
      const row = i * stride + column;
      for (let c = 0; c < width; c++) tile[c * length + i] = data[row + c]!;
    }
    for (let c = 0; c < width; c++) envelope.transform(tile, c * length, length, spacingMm);
    for (let i = 0; i < length; i++) {
      const row = i * stride + column;
      for (let c = 0; c < width; c++) data[row + c] = tile[c * length + i]!;
    }
  }
}

function hasMarks(marks: Uint8Array): boolean {
  for (let i = 0; i < marks.length; i++) if (marks[i] !== 0) return true;
  return false;
}

/** The transform within each z plane: a plane is worked out when it is first asked for. */
export class PlanarDistances {
  /** Squared distance to the nearest mark of the voxel's own plane, mm^2; valid in prepared planes only. */
  readonly squared: Float64Array;
  readonly #marks: Uint8Array;
  readonly #shape: Triple;
  readonly #spacingMm: Triple;
  readonly #prepared: Uint8Array;

  /** @param marks nonzero = marked; shape[0] * shape[1] * shape[2] voxels, x fastest. */
  constructor(marks: Uint8Array, shape: Triple, spacingMm: Triple) {
    const n = shape[0] * shape[1] * shape[2];
    if (marks.length !== n)
      throw new RangeError(`Marks of shape ${shape.join("x")} need ${n} voxels, got ${marks.length}`);
    this.squared = new Float64Array(n);
    this.#marks = marks;
    this.#shape = shape;
    this.#spacingMm = spacingMm;
    this.#prepared = new Uint8Array(shape[2]);
  }

  prepare(z: number): void {
    if (this.#prepared[z] !== 1) this.#transformPlane(z);
  }

  #transformPlane(z: number): void {
    const [nx, ny] = this.#shape;
    const marks = this.#marks.subarray(z * nx * ny, (z + 1) * nx * ny);
    const squared = this.squared.subarray(z * nx * ny, (z + 1) * nx * ny);
    if (hasMarks(marks)) {
      transformRows(marks, squared, nx, this.#spacingMm[0]);
      transformColumns(squared, ny, nx, this.#spacingMm[1]);
    } else {
      squared.fill(Infinity);
    }
    this.#prepared[z] = 1;
  }
}
