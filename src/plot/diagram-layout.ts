/** Where the boxes and arrows of a U-Net diagram stand: feature maps are boxes, operations are arrows. */

export type DiagramKind =
  | "input"
  | "conv"
  | "pool"
  | "up"
  | "concat"
  | "crop"
  | "norm"
  | "activation"
  | "dropout"
  | "output";

/** One operation and the feature map it makes. Nodes come in topological order. */
export interface DiagramNode {
  readonly id: string;
  readonly kind: DiagramKind;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** 0 at the top. */
  readonly level: number;
  readonly inputs: readonly string[];
  /** What the legend calls it, e.g. "conv 3x3"; of input and output, what is written beside the box. */
  readonly label: string;
}

export interface DiagramBox {
  readonly node: DiagramNode;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Width of the left part, copied from the encoder; 0 where nothing is. */
  readonly copiedWidth: number;
  /** Operations that keep the shape and so have no box of their own: norm, activation, dropout. */
  readonly folded: readonly DiagramNode[];
  /** "256 x 256" where it differs from the box before, else "". */
  readonly size: string;
}

export interface DiagramArrow {
  readonly kind: "conv" | "pool" | "up" | "copy";
  /** As in the legend: "conv 3x3, ReLU". */
  readonly name: string;
  readonly from: readonly [x: number, y: number];
  readonly to: readonly [x: number, y: number];
}

/** The part of an encoder's box that a crop keeps. */
export interface CropMark {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface DiagramLayout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly DiagramBox[];
  readonly arrows: readonly DiagramArrow[];
  readonly crops: readonly CropMark[];
  readonly output: { readonly label: string; readonly box: DiagramBox } | undefined;
}

const GAP = 32;
/** Room between levels: an arrow and the channel count over the lower box. */
const LEVEL_GAP = 52;
const SKIP_GAP = 60;

const mapWidth = (channels: number): number => 3 + 3.2 * Math.log2(Math.max(1, channels));
const mapHeight = (pixels: number): number => 6 + 14 * Math.log2(Math.max(1, pixels));

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Box = Mutable<Omit<DiagramBox, "folded">> & { folded: DiagramNode[] };

/** Where a node's data comes from: the box, and the crop that stood between. */
interface Source {
  readonly box: Box;
  readonly crop: DiagramNode | undefined;
}

interface State {
  /** Every node that has been placed or folded, by id. */
  readonly sources: Map<string, Source>;
  /** Right edge of what stands in each level so far. */
  readonly rightOf: Map<number, number>;
  /** Ups that are drawn as the right part of a concatenation, by id: the box under them. */
  readonly pendingUps: Map<
    string,
    { readonly node: DiagramNode; readonly under: Box; folded: DiagramNode[] }
  >;
  readonly tops: readonly number[];
  readonly boxes: Box[];
  readonly arrows: DiagramArrow[];
  readonly crops: CropMark[];
  output: { readonly label: string; readonly box: Box } | undefined;
}

/** Vertical middle of each level. */
function levelMiddles(nodes: readonly DiagramNode[]): number[] {
  const tallest: number[] = [];
  for (const { level, height } of nodes) tallest[level] = Math.max(tallest[level] ?? 0, mapHeight(height));
  let y = 0;
  return Array.from(tallest, (height = 0) => {
    const middle = y + height / 2;
    y += height + LEVEL_GAP;
    return middle;
  });
}

function addBox(state: State, node: DiagramNode, left: number, width: number, copiedWidth: number): Box {
  const height = mapHeight(node.height);
  const last = state.boxes.at(-1)?.node;
  const same = last?.level === node.level && last.height === node.height && last.width === node.width;
  const y = state.tops[node.level]! - height / 2;
  const size = same ? "" : `${node.height} x ${node.width}`;
  const box: Box = { node, x: left, y, width, height, copiedWidth, folded: [], size };
  state.boxes.push(box);
  state.rightOf.set(node.level, left + width);
  state.sources.set(node.id, { box, crop: undefined });
  return box;
}

/** "conv 3x3, ReLU": norm and dropout are drawn as marks, so only the activation belongs into an arrow's name. */
function withActivation(node: DiagramNode, folded: readonly DiagramNode[]): string {
  const activation = folded.find((f) => f.kind === "activation");
  return activation === undefined ? node.label : `${node.label}, ${activation.label}`;
}

function sourceOf(state: State, node: DiagramNode, id: string | undefined): Source {
  const source = id === undefined ? undefined : state.sources.get(id);
  if (source === undefined) {
    throw new RangeError(`Diagram node "${node.id}" needs an input placed before it, got "${id ?? "none"}"`);
  }
  return source;
}

function placeAfter(state: State, node: DiagramNode): void {
  const { box: from } = sourceOf(state, node, node.inputs[0]);
  const width = mapWidth(node.channels);
  if (node.level === from.node.level) {
    const x = (state.rightOf.get(node.level) ?? 0) + GAP;
    const to = addBox(state, node, x, width, 0);
    const y = Math.max(from.y, to.y) + 0.18 * Math.min(from.height, to.height);
    // The name is settled when the whole graph is read: its activation comes after it.
    pushConv(state, to, [from.x + from.width, y], [to.x, y]);
    return;
  }
  const middle = from.x + from.width / 2;
  const free = state.rightOf.get(node.level);
  const x = Math.max(middle - width / 2, free === undefined ? 0 : free + GAP);
  const to = addBox(state, node, x, width, 0);
  const down = node.level > from.node.level;
  const start = down ? from.y + from.height : from.y;
  const end = down ? to.y - 13 : to.y + to.height;
  const kind = node.kind === "up" ? "up" : node.kind === "pool" ? "pool" : "conv";
  state.arrows.push({ kind, name: node.label, from: [middle, start], to: [to.x + width / 2, end] });
}

/** An arrow whose name is read late, after the activation has been folded into its box. */
function pushConv(
  state: State,
  to: Box,
  from: readonly [number, number],
  end: readonly [number, number],
): void {
  const kind = to.node.kind === "pool" ? "pool" : to.node.kind === "up" ? "up" : "conv";
  state.arrows.push({
    kind,
    get name() {
      return withActivation(to.node, to.folded);
    },
    from,
    to: end,
  });
}

function placeConcat(state: State, node: DiagramNode): void {
  const up = node.inputs.map((id) => state.pendingUps.get(id)).find((pending) => pending !== undefined);
  const copies = node.inputs.filter((id) => !state.pendingUps.has(id)).map((id) => sourceOf(state, node, id));
  const free = (state.rightOf.get(node.level) ?? -SKIP_GAP) + SKIP_GAP;
  const upWidth = up === undefined ? 0 : mapWidth(up.node.channels);
  const copied = mapWidth(node.channels - (up?.node.channels ?? 0));
  const wanted = up === undefined ? free : up.under.x + up.under.width / 2 - upWidth / 2 - copied;
  const to = addBox(state, node, Math.max(free, wanted), copied + upWidth, copied);
  if (up !== undefined) {
    to.folded.push(...up.folded);
    const { under } = up;
    state.arrows.push({
      kind: "up",
      name: withActivation(up.node, up.folded),
      from: [under.x + under.width / 2, under.y - 13],
      to: [to.x + copied + upWidth / 2, to.y + to.height],
    });
  }
  for (const { box, crop } of copies) {
    const y = Math.max(box.y, to.y) + 0.18 * Math.min(box.height, to.height);
    const name = crop === undefined ? "copy" : "copy and crop";
    state.arrows.push({ kind: "copy", name, from: [box.x + box.width, y], to: [to.x, y] });
    if (crop !== undefined) {
      const height = mapHeight(crop.height);
      state.crops.push({ x: box.x, y: box.y + (box.height - height) / 2, width: box.width, height });
    }
  }
}

/** Does every reader of `id` come down to a concatenation, over operations that keep the shape? */
function feedsConcat(id: string, readers: ReadonlyMap<string, readonly DiagramNode[]>): boolean {
  const all = readers.get(id) ?? [];
  return (
    all.length > 0 &&
    all.every((reader) => {
      if (reader.kind === "concat") return true;
      const keeps = reader.kind === "norm" || reader.kind === "activation" || reader.kind === "dropout";
      return keeps && feedsConcat(reader.id, readers);
    })
  );
}

/** Operations without a box of their own: those that keep the shape become marks on the box they follow. */
function fold(state: State, node: DiagramNode): void {
  const id = node.inputs[0];
  const pending = id === undefined ? undefined : state.pendingUps.get(id);
  if (pending !== undefined) {
    pending.folded.push(node);
    state.pendingUps.set(node.id, pending);
    return;
  }
  const source = sourceOf(state, node, id);
  if (node.kind === "crop") {
    state.sources.set(node.id, { box: source.box, crop: node });
    return;
  }
  if (node.kind === "output") state.output = { label: node.label, box: source.box };
  else source.box.folded.push(node);
  state.sources.set(node.id, source);
}

/**
 * Places a network given in topological order: convolutions to the right, pooling down, up-convolution up.
 * @throws RangeError where an input is missing or comes later than its reader.
 */
export function layoutDiagram(nodes: readonly DiagramNode[]): DiagramLayout {
  const readers = new Map<string, DiagramNode[]>();
  for (const node of nodes) {
    for (const id of node.inputs) readers.set(id, [...(readers.get(id) ?? []), node]);
  }
  const state: State = {
    sources: new Map(),
    rightOf: new Map(),
    pendingUps: new Map(),
    tops: levelMiddles(nodes),
    boxes: [],
    arrows: [],
    crops: [],
    output: undefined,
  };
  for (const node of nodes) {
    switch (node.kind) {
      case "input":
        addBox(state, node, (state.rightOf.get(node.level) ?? -GAP) + GAP, mapWidth(node.channels), 0);
        break;
      case "up":
        if (feedsConcat(node.id, readers)) {
          const under = sourceOf(state, node, node.inputs[0]).box;
          state.pendingUps.set(node.id, { node, under, folded: [] });
        } else placeAfter(state, node);
        break;
      case "conv":
      case "pool":
        placeAfter(state, node);
        break;
      case "concat":
        placeConcat(state, node);
        break;
      default:
        fold(state, node);
    }
  }
  const { boxes, arrows, crops, output } = state;
  const width = boxes.reduce((most, box) => Math.max(most, box.x + box.width), 0);
  const height = boxes.reduce((most, box) => Math.max(most, box.y + box.height), 0);
  return { width, height, boxes, arrows, crops, output };
}
