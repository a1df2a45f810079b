/** What is seen of the scan: planes, brightness, crosshair; and the viewer, made once the page has time for it. */
import { type Crosshair, type Intensities, type Layout, PLANES, type Viewer } from "../viewer/viewer.ts";
import type { ScanSummary, ShownScan } from "../worker/protocol.ts";

export class View {
  crosshair = $state.raw<Crosshair | undefined>();
  window = $state.raw<Intensities>({ low: 0, high: 1 });
  /** Of the scan's values. */
  range = $state.raw<Intensities>({ low: 0, high: 1 });
  layout = $state<Layout>("all");

  #viewer: Viewer | undefined;
  #coming: Promise<Viewer> | undefined;
  #make: (() => Promise<Viewer>) | undefined;
  #isLone = false;

  /** Called once the page has a canvas. */
  lend(make: () => Promise<Viewer>): void {
    this.#make = make;
  }

  /** undefined: none was needed yet. */
  get viewer(): Viewer | undefined {
    return this.#viewer;
  }

  /** Makes the viewer before it is needed. What goes wrong is told when it is. */
  prepare(): void {
    this.#now().catch(() => {});
  }

  #now(): Promise<Viewer> {
    this.#coming ??= this.#start().catch((error) => {
      this.#coming = undefined;
      throw error;
    });
    return this.#coming;
  }

  async #start(): Promise<Viewer> {
    if (this.#make === undefined) throw new Error("internal: no canvas yet");
    const viewer = await this.#make();
    this.#viewer = viewer;
    viewer.onCrosshair((at) => {
      this.crosshair = at;
    });
    // Dragged with the right button, or set back by a double click.
    viewer.onWindow((window) => this.#take(window));
    return viewer;
  }

  /** In either order: a slider may be drawn past the other. */
  #take({ low, high }: Intensities): void {
    this.window = { low: Math.min(low, high), high: Math.max(low, high) };
  }

  async show(scan: ScanSummary, shown: ShownScan): Promise<void> {
    const viewer = await this.#now();
    const { brightness } = shown;
    await viewer.showVolume({ ...shown, name: scan.name, isPlaced: scan.isPlaced });
    this.range = brightness.range;
    this.#take(brightness.window);
    // A lone slice has one plane: the others would be strips.
    const across = ([0, 1, 2] as const).filter((axis) => shown.shape[axis] === 1);
    if (across.length === 1) this.setLayout(PLANES[across[0]!]);
    else if (this.#isLone) this.setLayout("all");
    this.#isLone = across.length === 1;
    this.crosshair = viewer.crosshair();
  }

  setLayout(layout: Layout): void {
    this.layout = layout;
    this.#viewer?.setLayout(layout);
  }

  setWindow(window: Intensities): void {
    this.#take(window);
    this.#viewer?.setWindow(this.window);
  }
}
