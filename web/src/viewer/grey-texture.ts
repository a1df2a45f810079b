/** A volume as the viewer's shaders read it: grey and opacity, a byte each, in a 3D texture that is filled slab by slab. */
import { bind3d } from "./bind3d.ts";
import type { Intensities, Triple } from "./viewer.ts";

/** A slab has about as many voxels: a few milliseconds, converted and sent. */
const SLAB_VOXELS = 1 << 18;

/** Slices of a slab, and how many slabs there are. */
export function slabsOf([width, height, depth]: Triple): { readonly slices: number; readonly count: number } {
  const slices = Math.max(1, Math.floor(SLAB_VOXELS / (width * height)));
  return { slices, count: Math.ceil(depth / slices) };
}

/**
 * Values as pairs of bytes. As NiiVue has it, what is brighter than black is never quite transparent, and white is half
 * opaque.
 * @param out two bytes a value
 */
export function greyBytes(values: Float32Array, { low, high }: Intensities, out: Uint8Array): void {
  const scale = 255 / Math.max(1e-5, high - low);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // NaN is black.
    let grey = 0;
    if (value > low) grey = value >= high ? 255 : Math.max(2, Math.round((value - low) * scale));
    out[2 * i] = grey;
    out[2 * i + 1] = (grey * 128 + 127) / 255;
  }
}

function bindNew(gl: WebGL2RenderingContext, unit: number, filter: number): WebGLTexture {
  const texture = gl.createTexture();
  bind3d(gl, unit, texture);
  gl.texParameteri(gl.TEXTURE_3D, gl.TEXTURE_MIN_FILTER, filter);
  gl.texParameteri(gl.TEXTURE_3D, gl.TEXTURE_MAG_FILTER, filter);
  for (const side of [gl.TEXTURE_WRAP_R, gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T])
    gl.texParameteri(gl.TEXTURE_3D, side, gl.CLAMP_TO_EDGE);
  return texture;
}

/** Black. @param unit the texture unit that it is bound to */
export function makeGreyTexture(gl: WebGL2RenderingContext, unit: number, shape: Triple): WebGLTexture {
  const texture = bindNew(gl, unit, gl.LINEAR);
  const { LUMINANCE_ALPHA: format } = gl;
  gl.texImage3D(gl.TEXTURE_3D, 0, format, ...shape, 0, format, gl.UNSIGNED_BYTE, null);
  return texture;
}

/** Nothing is labelled. @param unit the texture unit that it is bound to */
export function makeMaskTexture(gl: WebGL2RenderingContext, unit: number, shape: Triple): WebGLTexture {
  const texture = bindNew(gl, unit, gl.NEAREST);
  gl.texStorage3D(gl.TEXTURE_3D, 1, gl.R8, ...shape);
  return texture;
}

/** @param bytes of the slab, as greyBytes() makes them */
export function fillGrey(
  gl: WebGL2RenderingContext,
  unit: number,
  texture: WebGLTexture,
  {
    from,
    slices,
    shape,
    bytes,
  }: { readonly from: number; readonly slices: number; readonly shape: Triple; readonly bytes: Uint8Array },
): void {
  bind3d(gl, unit, texture);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  const [width, height] = shape;
  const { LUMINANCE_ALPHA: format } = gl;
  gl.texSubImage3D(gl.TEXTURE_3D, 0, 0, 0, from, width, height, slices, format, gl.UNSIGNED_BYTE, bytes);
}
