/**
 * NiiVue with textures of our own: it turns a volume into one in a single task, float by float, and makes a second one of
 * its gradient, which nothing here reads. Ours are filled slab by slab while the page goes on.
 */
import { Niivue, type NVImage, type SLICE_TYPE } from "@niivue/niivue";
import { inTurns, nextTask } from "../turns.ts";
import { bind3d } from "./bind3d.ts";
import { coarseBox, coarseMatrix, coarseShape, sampleBox } from "./coarse-volume.ts";
import { withoutDrawing } from "./deferred-gl.ts";
import { fillGrey, greyBytes, makeGreyTexture, makeMaskTexture, slabsOf } from "./grey-texture.ts";
import { uploadBox } from "./mask-texture.ts";
import type { SmallPicture } from "./small-picture.ts";
import type { Intensities, Triple, VoxelBox } from "./viewer.ts";
import { bareImage } from "./volume-image.ts";

/** As NiiVue's shaders have them. */
const UNIT = { volume: 0, mask: 7 } as const;
/** Where textures are kept that no shader reads just now. */
const SPARE_UNIT = 11;

/** Of letters: seen on black, on white and on either background. */
const ON_PICTURE = [0.12, 0.62, 0.52, 1] as const;

/** What the 3D view reads. */
interface Coarse {
  readonly shape: Triple;
  readonly matrix: Float32Array;
  readonly volume: WebGLTexture;
  readonly values: Float32Array;
  readonly mask: WebGLTexture;
  readonly maskData: Uint8Array;
}

/** A volume that textures were made for. */
interface Held {
  readonly image: NVImage;
  readonly shape: Triple;
  readonly data: Float32Array;
  readonly coarse: Coarse;
  /** The image's, with which the textures were, or are being, filled. */
  window: Intensities | undefined;
}

export class OwnNiivue extends Niivue {
  /** That the 3D view has at most along each axis. Set before the first volume. */
  voxels3d = 256;
  /** Draws the 3D view with fewer pixels than the screen has. */
  small: SmallPicture | undefined;
  #held: Held | undefined;
  #filling: Promise<void> = Promise.resolve();
  #isFilling = false;

  /** Letters are the page's (keys.ts), and arrows move by the same rule in every plane. */
  override keyDownListener(): void {}
  override keyUpListener(): void {}

  override resizeListener(): void {
    const { canvas } = this;
    const ratio = devicePixelRatio;
    const isSame =
      canvas !== null &&
      this.initialized &&
      this.uiData.dpr === ratio &&
      canvas.width === Math.floor(canvas.offsetWidth * ratio) &&
      canvas.height === Math.floor(canvas.offsetHeight * ratio);
    // A canvas that is given its size again is emptied, and waits for the graphics card.
    if (isSame) this.drawScene();
    else super.resizeListener();
  }

  /** Letters stand beside a plane where there is room. */
  override drawSliceOrientationText(
    [left = 0, top = 0, width = 0, height = 0]: number[],
    ...rest: [axCorSag: SLICE_TYPE]
  ): void {
    const room = (Math.max(0, this.opts.tileMargin) / 2) * (this.uiData.dpr ?? 1);
    const { fontColor } = this.opts;
    // Rounded to pixels it may be a little less.
    const isBeside = left >= room - 2 && top >= room - 2;
    if (!isBeside) this.opts.fontColor = [...ON_PICTURE];
    const out = isBeside ? room : -4;
    super.drawSliceOrientationText([left - out, top - out, width + 2 * out, height + 2 * out], ...rest);
    this.opts.fontColor = fontColor;
  }

  /** Once the volume is in the graphics card. */
  filled(): Promise<void> {
    return this.#filling;
  }

  /** Whether the volume is larger than 3D textures may be: NiiVue then has a way of its own. */
  #isHuge({ dimsRAS }: NVImage): boolean {
    return (dimsRAS ?? []).slice(1, 4).some((size) => size > (this.uiData.max3D ?? 0));
  }

  override refreshLayers(image: NVImage, layer: number): void {
    const { data, shape } = layer === 0 ? grid(image) : { data: undefined, shape: undefined };
    if (data === undefined || shape === undefined || this.#isHuge(image) || this.back === null) {
      this.#letGo();
      super.refreshLayers(image, layer);
      return;
    }
    if (this.#held?.image !== image) this.#hold(image, shape, data);
    this.#fill();
  }

  #hold(image: NVImage, shape: Triple, data: Float32Array): void {
    const { gl } = this;
    const back = this.back!;
    const { matRAS, dimsRAS, pixDimsRAS } = image;
    if (matRAS === undefined || dimsRAS === undefined || pixDimsRAS === undefined) return;
    this.#letGo();
    // The box in which the volume lies and all that shaders are told once: NiiVue's work, for a single voxel of its size.
    withoutDrawing(gl, () => super.refreshLayers(standIn(image, shape), 0));
    back.matRAS = matRAS;
    back.dims = dimsRAS;
    back.pixDims = pixDimsRAS;
    const { volScale, vox } = this.sliceScale(true);
    this.volScale = volScale;
    this.vox = vox;
    if (this.volumeObject3D !== null) this.volumeObject3D.scale = [...volScale];
    gl.deleteTexture(this.volumeTexture);
    this.volumeTexture = makeGreyTexture(gl, UNIT.volume, shape);
    const small = coarseShape(shape, this.voxels3d);
    const voxels = small[0] * small[1] * small[2];
    const coarse: Coarse = {
      shape: small,
      matrix: coarseMatrix([...matRAS], shape, small),
      volume: makeGreyTexture(gl, SPARE_UNIT, small),
      values: new Float32Array(voxels),
      mask: makeMaskTexture(gl, SPARE_UNIT, small),
      maskData: new Uint8Array(voxels),
    };
    this.#held = { image, shape, data, coarse, window: undefined };
    for (const shader of [this.renderShader, this.pickingImageShader]) {
      if (shader === undefined) continue;
      shader.use(gl);
      gl.uniform3fv(shader.uniforms.texVox ?? null, small);
      gl.uniform3fv(shader.uniforms.volScale ?? null, volScale);
    }
  }

  #letGo(): void {
    if (this.#held === undefined) return;
    this.gl.deleteTexture(this.#held.coarse.volume);
    this.gl.deleteTexture(this.#held.coarse.mask);
    this.#held = undefined;
  }

  /** Fills the textures by the image's window; where that changes meanwhile, once more after. */
  #fill(): void {
    if (this.#isFilling) return;
    this.#isFilling = true;
    const run = async (): Promise<void> => {
      // Whoever asked has drawn enough in this task.
      await nextTask();
      for (;;) {
        const held = this.#held;
        const { cal_min: low = 0, cal_max: high = 1 } = held?.image ?? {};
        if (held === undefined || (held.window?.low === low && held.window.high === high)) return;
        held.window = { low, high };
        await this.#fillWith(held, { low: Math.min(low, high), high: Math.max(low, high) });
        if (this.#held === held) this.drawScene();
      }
    };
    this.#filling = run().finally(() => {
      this.#isFilling = false;
    });
  }

  async #fillWith(held: Held, window: Intensities): Promise<void> {
    const { gl } = this;
    const { coarse } = held;
    const send = (unit: number, texture: WebGLTexture, shape: Triple, values: Float32Array) => {
      const { slices, count } = slabsOf(shape);
      const plane = shape[0] * shape[1];
      const bytes = new Uint8Array(2 * plane * Math.min(slices, shape[2]));
      const one = (slab: number): void => {
        const from = slab * slices;
        const here = Math.min(slices, shape[2] - from);
        if (values === coarse.values) {
          const box: VoxelBox = { from: [0, 0, from], to: [shape[0] - 1, shape[1] - 1, from + here - 1] };
          sampleBox(held.data, held.shape, values, shape, box);
        }
        greyBytes(values.subarray(from * plane, (from + here) * plane), window, bytes);
        fillGrey(gl, unit, texture, {
          from,
          slices: here,
          shape,
          bytes: bytes.subarray(0, 2 * here * plane),
        });
      };
      return inTurns(count, one, () => this.#held === held);
    };
    await send(UNIT.volume, this.volumeTexture!, held.shape, held.data);
    if (this.#held !== held) return;
    await send(SPARE_UNIT, coarse.volume, coarse.shape, coarse.values);
  }

  /** The mask of the volume that is shown, x fastest; the array stays the caller's. */
  async showBitmap(mask: Uint8Array): Promise<void> {
    const held = this.#held;
    if (held === undefined) {
      // Makes the texture; the bitmap that comes with it is put aside for the caller's.
      this.createEmptyDrawing();
      this.drawBitmap = mask;
      this.refreshDrawing(true);
      return;
    }
    this.gl.deleteTexture(this.drawTexture);
    const texture = makeMaskTexture(this.gl, UNIT.mask, held.shape);
    this.drawTexture = texture;
    this.drawBitmap = mask;
    const { slices, count } = slabsOf(held.shape);
    const [width, height, depth] = held.shape;
    const one = (slab: number): void =>
      this.refreshBitmap({
        from: [0, 0, slab * slices],
        to: [width - 1, height - 1, Math.min(depth, (slab + 1) * slices) - 1],
      });
    // Every mask has a texture of its own, and so has none.
    await inTurns(count, one, () => this.#held === held && this.drawTexture === texture);
    if (this.#held === held) this.drawScene();
  }

  /** Sends a part of the mask to the graphics card, without drawing. */
  refreshBitmap(box: VoxelBox): void {
    const held = this.#held;
    if (this.drawBitmap === null || this.drawTexture === null) return;
    if (held === undefined) {
      this.refreshDrawing(false);
      return;
    }
    const { gl, drawBitmap: data, drawTexture } = this;
    uploadBox(gl, UNIT.mask, drawTexture, { data, shape: held.shape, box });
    const { shape, mask, maskData } = held.coarse;
    const part = coarseBox(box, held.shape, shape);
    if (part === undefined) return;
    sampleBox(data, held.shape, maskData, shape, part);
    uploadBox(gl, SPARE_UNIT, mask, { data: maskData, shape, box: part });
  }

  override drawImage3D(...args: Parameters<Niivue["drawImage3D"]>): void {
    const coarse = this.#held?.coarse;
    const { back, volumeTexture, drawTexture, gl } = this;
    if (coarse === undefined || back === null) {
      super.drawImage3D(...args);
      return;
    }
    const { matRAS } = back;
    if (matRAS === undefined) return;
    bind3d(gl, UNIT.volume, coarse.volume);
    bind3d(gl, UNIT.mask, coarse.mask);
    back.matRAS = coarse.matrix;
    const [left, top, width, height] = this.screenSlices.at(-1)?.leftTopWidthHeight ?? [];
    const draw = (): void => super.drawImage3D(...args);
    const small = this.uiData.mouseDepthPicker ? undefined : this.small;
    if (small && left !== undefined && top !== undefined && width !== undefined && height !== undefined)
      small.draw([left, gl.canvas.height - height - top, width, height], this.opts.backColor, draw);
    else draw();
    back.matRAS = matRAS;
    bind3d(gl, UNIT.mask, drawTexture);
    bind3d(gl, UNIT.volume, volumeTexture);
  }
}

/** Of images that volume-image.ts made. */
function grid({ img, dimsRAS }: NVImage): {
  readonly data: Float32Array | undefined;
  readonly shape: Triple | undefined;
} {
  const data = img instanceof Float32Array ? img : undefined;
  const shape: Triple | undefined = dimsRAS && [dimsRAS[1]!, dimsRAS[2]!, dimsRAS[3]!];
  return { data, shape };
}

/** One voxel where the whole volume lies. */
function standIn({ matRAS, pixDimsRAS }: NVImage, shape: Triple): NVImage {
  const one: Triple = [1, 1, 1];
  const affine = coarseMatrix([...(matRAS ?? [])], shape, one);
  const [x, y, z] = shape.map((size, i) => size * pixDimsRAS![i + 1]!) as [number, number, number];
  return bareImage({
    name: "",
    shape: one,
    spacingMm: [x, y, z],
    affine: [...affine],
    data: new Float32Array(1),
  });
}
