import { describe, expect, test } from "vitest";
import { exp, input } from "../../src/graph/build.ts";
import type { DiagramNode } from "../../src/plot/diagram.ts";
import { diagramNodes, networkDiagram } from "../../src/report/network-diagram.ts";
import type { UnetConfig } from "../../src/unet/config.ts";
import { buildInferenceNetwork, buildTrainingNetwork, specifyNetwork } from "../../src/unet/network.ts";
import { initialParameters, initialStatistics, parameterCount } from "../../src/unet/parameters.ts";
import { presets } from "../../src/unet/presets.ts";

const shape = (edge: number) => [1, 1, edge, edge] as const;

function trainingNodes(unet: UnetConfig, edge: number): DiagramNode[] {
  const spec = specifyNetwork(unet, shape(edge));
  const flat = input("parameters", [parameterCount(spec.parameters)]);
  const network = buildTrainingNetwork(input("image", shape(edge)), flat, unet, spec);
  return diagramNodes(network.logits, network.dropouts);
}

const tally = (nodes: readonly DiagramNode[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { kind, label } of nodes) counts[`${kind}: ${label}`] = (counts[`${kind}: ${label}`] ?? 0) + 1;
  return counts;
};
const sizes = (nodes: readonly DiagramNode[], kind: string): string[] =>
  nodes
    .filter((node) => node.kind === kind)
    .map((n) => `${n.level}: ${n.channels} of ${n.height}x${n.width}`);

describe("diagramNodes", () => {
  test("the seed: three levels, two convolutions a block, and nothing else", () => {
    const nodes = trainingNodes(presets.seed, 256);
    expect(tally(nodes)).toEqual({
      "input: input image": 1,
      "conv: conv 3x3": 14,
      "activation: ReLU": 14,
      "pool: max pool 2x2": 3,
      "up: up-conv 2x2": 3,
      "concat: concatenate": 3,
      "conv: conv 1x1": 1,
      "output: segmentation map": 1,
    });
    expect(sizes(nodes, "pool")).toEqual(["1: 64 of 128x128", "2: 128 of 64x64", "3: 256 of 32x32"]);
    expect(sizes(nodes, "concat")).toEqual(["2: 512 of 64x64", "1: 256 of 128x128", "0: 128 of 256x256"]);
    expect(sizes(nodes, "output")).toEqual(["0: 6 of 256x256"]);
  });

  test("every node comes after its inputs, and none is without a reader but the last", () => {
    const nodes = trainingNodes(presets.ptrblck, 64);
    const seen = new Set<string>();
    for (const node of nodes) {
      for (const id of node.inputs) expect(seen).toContain(id);
      seen.add(node.id);
    }
    const read = new Set(nodes.flatMap((node) => node.inputs));
    expect(nodes.filter((node) => !read.has(node.id)).map((node) => node.kind)).toEqual(["output"]);
  });

  test("ronneberger: sizes of the paper's Figure 1, four crops, dropout after the lowest block", () => {
    const nodes = trainingNodes(presets.ronneberger, 572);
    expect(sizes(nodes, "crop")).toEqual([
      "0: 64 of 392x392",
      "1: 128 of 200x200",
      "2: 256 of 104x104",
      "3: 512 of 56x56",
    ]);
    expect(sizes(nodes, "dropout")).toEqual(["4: 1024 of 28x28"]);
    expect(nodes.find((node) => node.kind === "dropout")?.label).toBe("dropout 50 %");
    expect(sizes(nodes, "output")).toEqual(["0: 6 of 388x388"]);
  });

  test("sakboonyara: dropout and batch norm between the convolutions of every block, in that order", () => {
    const nodes = trainingNodes(presets.sakboonyara, 256);
    expect(nodes.slice(0, 8).map((node) => node.label)).toEqual([
      "input image",
      "conv 3x3",
      "ReLU",
      "spatial dropout 25 %",
      "batch norm",
      "conv 3x3",
      "ReLU",
      "max pool 2x2",
    ]);
    expect(tally(nodes)).toMatchObject({ "dropout: spatial dropout 25 %": 9, "norm: batch norm": 9 });
  });

  test("without the rates dropout has none, and instance norm and leaky ReLU have their names", () => {
    const unet = { ...presets.pelvis, levels: 1, bottleneckDropout: 0.125 };
    const spec = specifyNetwork(unet, shape(8));
    const flat = input("parameters", [parameterCount(spec.parameters)]);
    const { logits } = buildTrainingNetwork(input("image", shape(8)), flat, unet, spec);
    const labels = diagramNodes(logits).map((node) => node.label);
    expect(labels).toContain("dropout");
    expect(labels).toContain("instance norm");
    expect(labels).toContain("leaky ReLU");
    expect(trainingNodes(unet, 8).map((node) => node.label)).toContain("dropout 12.5 %");
  });

  test("an inference graph has its batch norm and no dropout", () => {
    const unet = { ...presets.sakboonyara, levels: 1, baseWidth: 2 };
    const spec = specifyNetwork(unet, shape(8));
    const parameters = initialParameters(spec.parameters, { seed: 0, initialisation: "he" });
    const weights = { parameters, statistics: initialStatistics(spec.statistics) };
    const kinds = diagramNodes(buildInferenceNetwork(input("image", shape(8)), weights, unet, spec)).map(
      (node) => node.label,
    );
    expect(kinds.filter((label) => label === "batch norm")).toHaveLength(3);
    expect(kinds.join()).not.toContain("dropout");
  });

  test("what is no part of a U-Net is refused", () => {
    expect(() => diagramNodes(exp(input("image", shape(8))))).toThrow(
      new RangeError('Cannot draw operation Exp "": it is no part of a U-Net'),
    );
  });
});

describe("networkDiagram", () => {
  test("shows dropout and batch norm, height before width, and the title escaped", () => {
    const svg = networkDiagram(presets.sakboonyara, { width: 256, height: 128 }, "<U>");
    for (const text of ["spatial dropout 25 %", "batch norm", "128 x 256", "8 x 16", "&lt;U&gt;"]) {
      expect(svg).toContain(`>${text}<`);
    }
  });

  test("a size that does not fit is refused by the network itself", () => {
    expect(() => networkDiagram(presets.seed, { width: 12, height: 12 }, "x")).toThrow(
      'Cannot halve "encoder2": height and width must be even, got 3 x 3',
    );
  });
});
