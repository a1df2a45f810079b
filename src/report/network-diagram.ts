/** A network's own graph as the picture of a U: nothing is drawn that is not computed. */
import { input } from "../graph/build.ts";
import type { Shape, Value } from "../graph/value.ts";
import { topologicalOrder } from "../graph/value.ts";
import { type DiagramKind, type DiagramNode, unetDiagram } from "../plot/diagram.ts";
import type { UnetConfig } from "../unet/config.ts";
import { buildTrainingNetwork, specifyNetwork } from "../unet/network.ts";
import { parameterCount } from "../unet/parameters.ts";

/** A dropout mask that is fed to the training graph, and how much of it is zero. */
export interface DropoutMask {
  readonly mask: Value;
  readonly rate: number;
}

type ImageShape = readonly [batch: number, channels: number, height: number, width: number];

const windowName = (shape: Shape): string => `${shape[2]}x${shape[3]}`;

/** "spatial dropout 25 %": whole channels are dropped where the mask has one value a channel. */
function dropoutName(mask: Value, dropouts: readonly DropoutMask[]): string {
  const rate = dropouts.find((dropout) => dropout.mask === mask)?.rate;
  const name = mask.shape[2] === 1 && mask.shape[3] === 1 ? "spatial dropout" : "dropout";
  return rate === undefined ? name : `${name} ${Math.round(rate * 1000) / 10} %`;
}

/** What a value is in the picture; undefined of parameters, masks and what is computed from parameters only. */
function describeValue(
  value: Value,
  dropouts: readonly DropoutMask[],
): { readonly kind: DiagramKind; readonly label: string } {
  switch (value.op) {
    case "Input":
      return { kind: "input", label: "input image" };
    case "Conv":
      return { kind: "conv", label: `conv ${windowName(value.inputs[1]!.shape)}` };
    case "ConvTranspose":
      return { kind: "up", label: `up-conv ${windowName(value.inputs[1]!.shape)}` };
    case "MaxPool":
      return { kind: "pool", label: `max pool ${value.attrs.kernel.join("x")}` };
    case "LeakyRelu":
      return { kind: "activation", label: value.attrs.alpha === 0 ? "ReLU" : "leaky ReLU" };
    case "Norm":
      return { kind: "norm", label: `${value.attrs.over} norm` };
    case "ChannelAffine":
      // Batch norm at inference: a scale and a shift by channel.
      return { kind: "norm", label: "batch norm" };
    case "Mul":
      return { kind: "dropout", label: dropoutName(value.inputs[1]!, dropouts) };
    case "Slice":
      return { kind: "crop", label: "crop" };
    case "Concat":
      return { kind: "concat", label: "concatenate" };
    default:
      throw new RangeError(`Cannot draw operation ${value.op} "${value.label}": it is no part of a U-Net`);
  }
}

/** The inputs that are feature maps; the others are parameters and masks. */
function mapsOf(value: Value): readonly Value[] {
  return value.op === "Concat" ? value.inputs : value.inputs.slice(0, 1);
}

/**
 * The feature maps from the image to the logits [N,C,H,W] with the operations that make them, in topological order.
 * @param dropouts where given, dropout is drawn with its rate
 * @throws RangeError naming an operation that no U-Net has
 */
export function diagramNodes(logits: Value, dropouts: readonly DropoutMask[] = []): DiagramNode[] {
  const onPath = new Set<Value>();
  const open = [logits];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (onPath.has(value)) continue;
    onPath.add(value);
    open.push(...mapsOf(value));
  }
  const nodes = new Map<Value, DiagramNode>();
  for (const value of topologicalOrder([logits])) {
    if (!onPath.has(value)) continue;
    const { kind, label } = describeValue(value, dropouts);
    const [, channels, height, width] = value.shape as ImageShape;
    const inputs = mapsOf(value).map((map) => nodes.get(map)!);
    const step = kind === "pool" ? 1 : kind === "up" ? -1 : 0;
    const level = (inputs[0]?.level ?? 0) + step;
    const id = `n${nodes.size}`;
    nodes.set(value, { id, kind, label, channels, height, width, level, inputs: inputs.map((n) => n.id) });
  }
  const last = nodes.get(logits)!;
  const output: DiagramNode = {
    ...last,
    id: `n${nodes.size}`,
    kind: "output",
    label: "segmentation map",
    inputs: [last.id],
  };
  return [...nodes.values(), output];
}

/**
 * The U of a configuration as a whole SVG file, drawn from its training graph, so that dropout and batch norm show.
 * @param size of the network's input, in pixels
 * @throws RangeError where the size does not fit the network
 */
export function networkDiagram(
  unet: UnetConfig,
  size: { readonly width: number; readonly height: number },
  title: string,
): string {
  const shape: ImageShape = [1, unet.inChannels, size.height, size.width];
  const spec = specifyNetwork(unet, shape);
  const parameters = input("parameters", [parameterCount(spec.parameters)]);
  const network = buildTrainingNetwork(input("image", shape), parameters, unet, spec);
  return unetDiagram(diagramNodes(network.logits, network.dropouts), { title });
}
