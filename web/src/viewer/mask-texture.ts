/** Sends the changed part of a mask to the graphics card: all of a large one would take longer than a frame. */
import { bind3d } from "./bind3d.ts";
import type { Triple, VoxelBox } from "./viewer.ts";

export interface MaskPart {
  readonly data: Uint8Array;
  readonly shape: Triple;
  readonly box: VoxelBox;
}

/** @param unit the texture unit that it is bound to @param texture a 3D texture of one byte a voxel */
export function uploadBox(
  gl: WebGL2RenderingContext,
  unit: number,
  texture: WebGLTexture,
  { data, shape, box }: MaskPart,
): void {
  const [x, y, z] = box.from;
  const [width, height, depth] = [0, 1, 2].map((i) => box.to[i]! - box.from[i]! + 1) as [
    number,
    number,
    number,
  ];
  bind3d(gl, unit, texture);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  gl.pixelStorei(gl.UNPACK_ROW_LENGTH, shape[0]);
  gl.pixelStorei(gl.UNPACK_IMAGE_HEIGHT, shape[1]);
  gl.pixelStorei(gl.UNPACK_SKIP_PIXELS, x);
  gl.pixelStorei(gl.UNPACK_SKIP_ROWS, y);
  gl.pixelStorei(gl.UNPACK_SKIP_IMAGES, z);
  gl.texSubImage3D(gl.TEXTURE_3D, 0, x, y, z, width, height, depth, gl.RED, gl.UNSIGNED_BYTE, data);
  for (const name of [
    gl.UNPACK_ROW_LENGTH,
    gl.UNPACK_IMAGE_HEIGHT,
    gl.UNPACK_SKIP_PIXELS,
    gl.UNPACK_SKIP_ROWS,
    gl.UNPACK_SKIP_IMAGES,
  ]) {
    gl.pixelStorei(name, 0);
  }
}
