/** The viewer by NiiVue: https://github.com/niivue/niivue */
import { cmapper, MULTIPLANAR_TYPE, Niivue, NVImage, SHOW_RENDER, SLICE_TYPE } from "@niivue/niivue";
import { uploadBox } from "./mask-texture.ts";
import type {
  Crosshair,
  Intensities,
  Layout,
  PointedVoxel,
  ShownLabel,
  ShownVolume,
  Triple,
  Viewer,
  VoxelBox,
} from "./viewer.ts";

const LAYOUTS: Readonly<Record<Layout, SLICE_TYPE>> = {
  all: SLICE_TYPE.MULTIPLANAR,
  axial: SLICE_TYPE.AXIAL,
  coronal: SLICE_TYPE.CORONAL,
  sagittal: SLICE_TYPE.SAGITTAL,
  "3d": SLICE_TYPE.RENDER,
};
/** NiiVue's number of a plane to the axis across it. */
const AXIS_OF_PLANE: readonly (0 | 1 | 2 | undefined)[] = [2, 1, 0];
const LABELS = 256;
const BACKGROUND = { light: [0.93, 0.94, 0.94, 1], dark: [0.03, 0.045, 0.045, 1] } as const;
const CROSSHAIR = [0.5, 0.88, 0.78, 0.9];

const triple = (values: ArrayLike<number>): Triple => [values[0]!, values[1]!, values[2]!];

function unionOf(a: VoxelBox, b: VoxelBox): VoxelBox {
  const along = (pick: (x: number, y: number) => number, end: "from" | "to"): Triple =>
    triple([0, 1, 2].map((i) => pick(a[end][i]!, b[end][i]!)));
  return { from: along(Math.min, "from"), to: along(Math.max, "to") };
}

function lookupTable(labels: readonly ShownLabel[]) {
  const channel = (): number[] => new Array<number>(LABELS).fill(0);
  const table = { R: channel(), G: channel(), B: channel(), A: channel() };
  const names = new Array<string>(LABELS).fill("");
  for (const { id, name, colour, opacity } of labels) {
    if (id === 0) continue;
    table.R[id] = colour[0];
    table.G[id] = colour[1];
    table.B[id] = colour[2];
    table.A[id] = Math.round(255 * opacity);
    names[id] = name;
  }
  return cmapper.makeDrawLut({ ...table, I: Array.from({ length: LABELS }, (_, id) => id), labels: names });
}

/** NiiVue without its own keys: letters are the page's (keys.ts), and arrows move by the same rule in every plane. */
class NiivueWithoutKeys extends Niivue {
  override keyDownListener(): void {}
  override keyUpListener(): void {}
}

/** @throws Error where the browser has no WebGL 2 */
export async function makeNiivueViewer(canvas: HTMLCanvasElement): Promise<Viewer> {
  const nv = new NiivueWithoutKeys({
    backColor: [...BACKGROUND.dark],
    crosshairColor: [...CROSSHAIR],
    crosshairWidth: 0.4,
    multiplanarForceRender: true,
    multiplanarLayout: MULTIPLANAR_TYPE.GRID,
    multiplanarShowRender: SHOW_RENDER.ALWAYS,
    isRadiologicalConvention: true,
    isNearestInterpolation: true,
    dragAndDropEnabled: false,
    loadingText: "",
    logLevel: "error",
    isResizeCanvas: true,
    fontMinPx: 11,
    show3Dcrosshair: true,
  });
  await nv.attachToCanvas(canvas, false);
  nv.opts.drawingEnabled = false;
  nv.drawOpacity = 1;
  const listeners: ((at: Crosshair) => void)[] = [];
  const windowListeners: ((window: Intensities) => void)[] = [];
  let shape: Triple = [0, 0, 0];
  let labels: readonly ShownLabel[] = [];
  /** Voxels that changed since the last frame. */
  let changed: VoxelBox | undefined;
  /** A window that the next frame will have. */
  let coming: Intensities | undefined;

  function crosshair(): Crosshair {
    // By the affine itself, of oblique scans too: else NiiVue has millimetres along the voxel axes.
    const mm = triple(nv.frac2mm(nv.scene.crosshairPos, 0, true));
    return { mm, voxel: triple(nv.frac2vox(nv.scene.crosshairPos)) };
  }
  nv.onLocationChange = () => {
    for (const listener of listeners) listener(crosshair());
  };
  nv.onIntensityChange = ({ cal_min: low, cal_max: high }) => {
    if (low === undefined || high === undefined) return;
    coming = undefined;
    for (const listener of windowListeners) listener({ low, high });
  };

  function applyLabels(): void {
    nv.drawLut = lookupTable(labels);
    if (nv.volumes.length > 0) nv.refreshColormaps();
  }

  function clear(): void {
    coming = undefined;
    nv.closeDrawing();
    for (const volume of [...nv.volumes]) nv.removeVolume(volume);
  }

  return {
    async showVolume({ name, nifti, shape: own, isPlaced = true }: ShownVolume) {
      clear();
      shape = own;
      nv.opts.isOrientationTextVisible = isPlaced;
      const image = await NVImage.loadFromUrl({
        url: `${name}.nii`,
        buffer: nifti,
        name: `${name}.nii`,
        colormap: "gray",
      });
      nv.addVolume(image);
      nv.scene.crosshairPos = nv.vox2frac([shape[0] >> 1, shape[1] >> 1, shape[2] >> 1]);
      nv.createOnLocationChange();
      nv.drawScene();
      return { low: image.cal_min ?? 0, high: image.cal_max ?? 1 };
    },
    showMask(mask) {
      if (mask === undefined) {
        nv.closeDrawing();
        nv.drawScene();
        return;
      }
      // Makes the texture; the bitmap that comes with it is put aside for the caller's.
      nv.createEmptyDrawing();
      nv.drawBitmap = mask;
      applyLabels();
      nv.refreshDrawing(true);
    },
    refreshMask(box) {
      const whole: VoxelBox = { from: [0, 0, 0], to: [shape[0] - 1, shape[1] - 1, shape[2] - 1] };
      const next = box ?? whole;
      if (changed === undefined) {
        // A pointer moves more often than the screen is drawn.
        requestAnimationFrame(() => {
          const part = changed;
          changed = undefined;
          if (part === undefined || nv.drawBitmap === null || nv.drawTexture === null) return;
          uploadBox(nv.gl, nv.drawTexture, { data: nv.drawBitmap, shape, box: part });
          nv.drawScene();
        });
      }
      changed = changed === undefined ? next : unionOf(changed, next);
    },
    setLabels(next) {
      labels = next;
      applyLabels();
      nv.drawScene();
    },
    setWindow(next) {
      if (coming === undefined) {
        // All voxels are sent to the graphics card anew: once a frame is enough.
        requestAnimationFrame(() => {
          const [volume] = nv.volumes;
          const window = coming;
          coming = undefined;
          if (volume === undefined || window === undefined) return;
          volume.cal_min = window.low;
          volume.cal_max = window.high;
          nv.updateGLVolume();
        });
      }
      coming = next;
    },
    onWindow: (listener) => void windowListeners.push(listener),
    setLayout(layout) {
      nv.setSliceType(LAYOUTS[layout]);
    },
    moveSlice(axis, slices) {
      nv.moveCrosshairInVox(axis === 0 ? slices : 0, axis === 1 ? slices : 0, axis === 2 ? slices : 0);
    },
    moveTo(voxel) {
      nv.scene.crosshairPos = nv.vox2frac([...voxel]);
      nv.createOnLocationChange();
      nv.drawScene();
    },
    crosshair,
    onCrosshair: (listener) => void listeners.push(listener),
    voxelAt(event): PointedVoxel | undefined {
      const at = nv.getNoPaddingNoBorderCanvasRelativeMousePosition(event, canvas);
      const ratio = nv.uiData.dpr ?? 1;
      if (at === undefined) return undefined;
      const [x, y] = [at.x * ratio, at.y * ratio];
      const tile = nv.tileIndex(x, y);
      const axis = AXIS_OF_PLANE[nv.screenSlices[tile]?.axCorSag ?? 9];
      if (axis === undefined) return undefined;
      const frac = nv.canvasPos2frac([x, y]);
      if (frac[0]! < 0) return undefined;
      const voxel = triple(nv.frac2vox(frac));
      const point = triple([0, 1, 2].map((i) => frac[i]! * shape[i]! - 0.5));
      const isInside = voxel.every((index, i) => index >= 0 && index < shape[i]!);
      return isInside ? { voxel, point, axis } : undefined;
    },
    pixelsPerMm(event) {
      const at = nv.getNoPaddingNoBorderCanvasRelativeMousePosition(event, canvas);
      if (at === undefined) return undefined;
      const ratio = nv.uiData.dpr ?? 1;
      const slice = nv.screenSlices[nv.tileIndex(at.x * ratio, at.y * ratio)];
      if (slice === undefined || AXIS_OF_PLANE[slice.axCorSag] === undefined) return undefined;
      const step = 1 / ratio;
      const here = nv.canvasPos2frac([at.x * ratio, at.y * ratio]);
      const there = nv.canvasPos2frac([at.x * ratio + 1, at.y * ratio]);
      if (here[0]! < 0 || there[0]! < 0) return undefined;
      const [a, b] = [nv.frac2mm(here), nv.frac2mm(there)];
      const mm = Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!, a[2]! - b[2]!);
      return mm > 0 ? step / mm : undefined;
    },
    setTheme(theme) {
      nv.opts.backColor = [...BACKGROUND[theme]];
      nv.drawScene();
    },
    snapshot() {
      // The picture is gone after the frame: it is drawn and taken in one go.
      nv.drawScene();
      return new Promise((resolve, reject) => {
        canvas.toBlob(
          (blob) => (blob === null ? reject(new Error("no picture")) : resolve(blob)),
          "image/png",
        );
      });
    },
    dispose() {
      clear();
      nv.cleanup();
    },
  };
}
