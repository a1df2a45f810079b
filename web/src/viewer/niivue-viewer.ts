/** The viewer by NiiVue: https://github.com/niivue/niivue */
import { cmapper, MULTIPLANAR_TYPE, SHOW_RENDER, SLICE_TYPE } from "@niivue/niivue";
import { nextTask } from "../turns.ts";
import { deferCompiling } from "./deferred-gl.ts";
import { OwnNiivue } from "./own-niivue.ts";
import { makeSmallPicture } from "./small-picture.ts";
import type {
  Crosshair,
  Intensities,
  Layout,
  PointedVoxel,
  ShownLabel,
  ShownVolume,
  Snapshot,
  Triple,
  Viewer,
  VoxelBox,
} from "./viewer.ts";
import { volumeImage } from "./volume-image.ts";

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

/** Letters that say which side is which stand in the margins of the planes, where nothing cuts them. */
const LETTERS = {
  screen: { fontMinPx: 13, tileMargin: 36 },
  picture: { fontMinPx: 19, tileMargin: 54 },
} as const;
const INK = { light: [0.2, 0.27, 0.26, 1], dark: [0.75, 0.83, 0.81, 1] } as const;

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

/** Where no graphics card draws, a frame of the 3D view takes as long as its voxels and pixels are many. */
const IN_SOFTWARE = { voxels: 96, pixels: 40_000 } as const;
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

function drawsInSoftware(gl: WebGL2RenderingContext): boolean {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  return info !== null && SOFTWARE.test(String(gl.getParameter(info.UNMASKED_RENDERER_WEBGL)));
}

/** @throws Error where the browser has no WebGL 2 */
export async function makeNiivueViewer(canvas: HTMLCanvasElement): Promise<Viewer> {
  await nextTask();
  // NiiVue gets the same context when it asks.
  const gl = canvas.getContext("webgl2", { alpha: true, antialias: false });
  if (gl === null) throw new Error("The browser has no WebGL 2, which the viewer draws with");
  await nextTask();
  const isSoftware = drawsInSoftware(gl);
  await nextTask();
  const compiling = deferCompiling(gl);
  const nv = new OwnNiivue({
    backColor: [...BACKGROUND.dark],
    crosshairColor: [...CROSSHAIR],
    // Of the volume's width: thinner lines vanish between pixels.
    crosshairWidth: 0.2,
    crosshairWidthUnit: "percent",
    multiplanarForceRender: true,
    multiplanarLayout: MULTIPLANAR_TYPE.GRID,
    multiplanarShowRender: SHOW_RENDER.ALWAYS,
    isRadiologicalConvention: true,
    isNearestInterpolation: true,
    dragAndDropEnabled: false,
    loadingText: "",
    logLevel: "error",
    isResizeCanvas: true,
    ...LETTERS.screen,
    show3Dcrosshair: true,
  });
  // There are no meshes here.
  nv.meshShaders = [];
  await nv.attachToCanvas(canvas, false);
  if (isSoftware) {
    nv.voxels3d = IN_SOFTWARE.voxels;
    nv.small = makeSmallPicture(gl, IN_SOFTWARE.pixels);
  }
  await compiling.settle();
  nv.opts.drawingEnabled = false;
  nv.drawOpacity = 1;
  const listeners: ((at: Crosshair) => void)[] = [];
  const windowListeners: ((window: Intensities) => void)[] = [];
  let shape: Triple = [0, 0, 0];
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

  /** Pixels of the canvas to a millimetre in the plane there. */
  function scaleAt(x: number, y: number): number | undefined {
    const slice = nv.screenSlices[nv.tileIndex(x, y)];
    if (slice === undefined || AXIS_OF_PLANE[slice.axCorSag] === undefined) return undefined;
    const [here, there] = [nv.canvasPos2frac([x, y]), nv.canvasPos2frac([x + 1, y])];
    if (here[0]! < 0 || there[0]! < 0) return undefined;
    const [a, b] = [nv.frac2mm(here), nv.frac2mm(there)];
    const mm = Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!, a[2]! - b[2]!);
    return mm > 0 ? 1 / mm : undefined;
  }

  /** Of the planes that are drawn. */
  function scales(): Snapshot["scales"] {
    return nv.screenSlices.flatMap(({ leftTopWidthHeight: [left = 0, top = 0, width = 0, height = 0] }) => {
      const [w, h] = [Math.abs(width), Math.abs(height)];
      const start = width < 0 ? left + width : left;
      const pixelsPerMm = scaleAt(start + w / 2, top + h / 2);
      return pixelsPerMm === undefined ? [] : [{ left: start, bottom: top + h, pixelsPerMm }];
    });
  }

  return {
    async showVolume(volume: ShownVolume) {
      coming = undefined;
      nv.closeDrawing();
      for (const old of [...nv.volumes]) nv.removeVolume(old);
      // A canvas that changes its size after something was drawn waits for that.
      nv.resizeListener();
      await nextTask();
      shape = volume.shape;
      nv.opts.isOrientationTextVisible = volume.isPlaced ?? true;
      nv.addVolume(volumeImage(volume));
      nv.scene.crosshairPos = nv.vox2frac([shape[0] >> 1, shape[1] >> 1, shape[2] >> 1]);
      nv.createOnLocationChange();
      await nv.filled();
    },
    showMask(mask) {
      if (mask === undefined) nv.closeDrawing();
      else void nv.showBitmap(mask);
    },
    refreshMask(box) {
      const whole: VoxelBox = { from: [0, 0, 0], to: [shape[0] - 1, shape[1] - 1, shape[2] - 1] };
      const next = box ?? whole;
      if (changed === undefined) {
        // A pointer moves more often than the screen is drawn.
        requestAnimationFrame(() => {
          const part = changed;
          changed = undefined;
          if (part === undefined) return;
          nv.refreshBitmap(part);
          nv.drawScene();
        });
      }
      changed = changed === undefined ? next : unionOf(changed, next);
    },
    setLabels(labels) {
      nv.drawLut = lookupTable(labels);
      if (nv.volumes.length > 0) nv.refreshColormaps();
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
      const scale = scaleAt(at.x * ratio, at.y * ratio);
      return scale === undefined ? undefined : scale / ratio;
    },
    setTheme(theme) {
      nv.opts.backColor = [...BACKGROUND[theme]];
      nv.opts.fontColor = [...INK[theme]];
      nv.drawScene();
    },
    snapshot() {
      const { small } = nv;
      // Looked at elsewhere, and perhaps smaller.
      Object.assign(nv.opts, LETTERS.picture);
      nv.small = undefined;
      nv.textSizePoints();
      // The picture is gone after the frame: it is drawn and taken in one go.
      nv.drawScene();
      const own = scales();
      const taken = new Promise<Snapshot>((resolve, reject) => {
        canvas.toBlob(
          (png) => (png === null ? reject(new Error("no picture")) : resolve({ png, scales: own })),
          "image/png",
        );
      });
      nv.small = small;
      Object.assign(nv.opts, LETTERS.screen);
      nv.textSizePoints();
      return taken.finally(() => nv.drawScene());
    },
  };
}
