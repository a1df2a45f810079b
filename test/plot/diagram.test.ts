import { describe, expect, test } from "vitest";
import { type DiagramKind, type DiagramNode, unetDiagram } from "../../src/plot/diagram.ts";
import { layoutDiagram } from "../../src/plot/diagram-layout.ts";
import { expectGolden } from "./golden.ts";

interface Sketch {
  readonly levels: number;
  readonly base: number;
  readonly size: number;
  readonly padded: boolean;
  readonly extras: boolean;
}

/** A U-Net as the paper draws it; `extras` adds batch norm after each convolution and dropout before each pool. */
function sketch({ levels, base, size, padded, extras }: Sketch): DiagramNode[] {
  const nodes: DiagramNode[] = [];
  let edge = size;
  let last = "";
  function add(kind: DiagramKind, level: number, channels: number, label: string, inputs = [last]): string {
    last = `${kind}-${nodes.length}`;
    nodes.push({ id: last, kind, channels, height: edge, width: edge, level, inputs, label });
    return last;
  }
  function block(level: number, channels: number): void {
    for (let i = 0; i < 2; i++) {
      if (!padded) edge -= 2;
      add("conv", level, channels, "conv 3x3");
      if (extras) add("norm", level, channels, "batch norm");
      add("activation", level, channels, "ReLU");
    }
  }
  add("input", 0, 1, "input image", []);
  const skips: string[] = [];
  for (let level = 0; level < levels; level++) {
    block(level, base << level);
    skips.push(extras ? add("dropout", level, base << level, "dropout 25 %") : last);
    edge /= 2;
    add("pool", level + 1, base << level, "max pool 2x2");
  }
  block(levels, base << levels);
  for (let level = levels - 1; level >= 0; level--) {
    edge *= 2;
    const up = add("up", level, base << level, "up-conv 2x2");
    let skip = skips[level]!;
    if (!padded) skip = add("crop", level, base << level, "crop", [skip]);
    add("concat", level, base << (level + 1), "concatenate", [skip, up]);
    block(level, base << level);
  }
  add("conv", 0, 6, "conv 1x1");
  add("output", 0, 6, "segmentation map");
  return nodes;
}

const SEED = sketch({ levels: 3, base: 64, size: 256, padded: true, extras: false });
const RONNEBERGER = sketch({ levels: 4, base: 64, size: 572, padded: false, extras: false });

describe("unetDiagram", () => {
  test("a small U-Net is drawn as it was looked at", () => {
    const nodes = sketch({ levels: 1, base: 8, size: 32, padded: false, extras: true });
    expectGolden("unet.svg", unetDiagram(nodes, { title: "Small" }));
  });

  test("the legend names the operations that occur, and only those", () => {
    const svg = unetDiagram(SEED, { title: "seed" });
    for (const name of ["conv 3x3, ReLU", "max pool 2x2", "up-conv 2x2", "copy", "conv 1x1", "copied maps"]) {
      expect(svg).toContain(`>${name}<`);
    }
    expect(svg).not.toMatch(/batch norm|dropout|crop/);
    expect(unetDiagram(RONNEBERGER, { title: "x" })).toContain(">copy and crop<");
    const extras = unetDiagram(sketch({ levels: 2, base: 8, size: 64, padded: true, extras: true }), {
      title: "x",
    });
    expect(extras).toContain(">batch norm<");
    expect(extras).toContain(">dropout 25 %<");
  });

  test("sizes follow the paper: 572 in, 388 out, 28 at the bottom", () => {
    const svg = unetDiagram(RONNEBERGER, { title: "x" });
    for (const size of ["572 x 572", "568 x 568", "28 x 28", "392 x 392", "388 x 388"]) {
      expect(svg).toContain(`>${size}<`);
    }
  });

  test("is self-contained, rounded, escaped and the same again", () => {
    const svg = unetDiagram(SEED, { title: "<seed> & co" });
    expect(svg).toContain("&lt;seed&gt; &amp; co");
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(
      /https?:|<style|href|url\(|NaN/,
    );
    for (const tag of svg.match(/<[^>]*>/g) ?? []) expect(tag).not.toMatch(/\d\.\d{3}/);
    expect(unetDiagram(SEED, { title: "<seed> & co" })).toBe(svg);
  });

  test("an input that is not there, or comes later, is refused", () => {
    const lost: DiagramNode = { ...SEED[1]!, inputs: ["nowhere"] };
    expect(() => unetDiagram([SEED[0]!, lost], { title: "x" })).toThrow(
      new RangeError('Diagram node "conv-1" needs an input placed before it, got "nowhere"'),
    );
    expect(() => unetDiagram([SEED[1]!, SEED[0]!], { title: "x" })).toThrow(
      new RangeError('Diagram node "conv-1" needs an input placed before it, got "input-0"'),
    );
  });
});

describe("layoutDiagram", () => {
  test.each([
    ["seed", SEED],
    ["ronneberger", RONNEBERGER],
  ] as const)("%s: no two boxes overlap, and every box lies in the picture", (_, nodes) => {
    const { boxes, width, height } = layoutDiagram(nodes);
    boxes.forEach((a, i) => {
      expect(a.x).toBeGreaterThanOrEqual(0);
      expect(a.x + a.width).toBeLessThanOrEqual(width);
      expect(a.y + a.height).toBeLessThanOrEqual(height);
      for (const b of boxes.slice(i + 1)) {
        const apart =
          a.x + a.width < b.x || b.x + b.width < a.x || a.y + a.height < b.y || b.y + b.height < a.y;
        expect(apart, `${a.node.id}, ${b.node.id}`).toBe(true);
      }
    });
  });

  test("is a U: as many arrows down as up, one copy a level, from left to right", () => {
    const { arrows, boxes } = layoutDiagram(SEED);
    const count = (kind: string): number => arrows.filter((a) => a.kind === kind).length;
    expect([count("pool"), count("up"), count("copy"), count("conv")]).toEqual([3, 3, 3, 15]);
    // input, 8 + 6 convolutions, 3 pools, 3 concatenations, the last 1x1
    expect(boxes).toHaveLength(1 + 14 + 3 + 3 + 1);
    for (const a of arrows) {
      if (a.kind === "copy" || a.kind === "conv") expect(a.to[0]).toBeGreaterThan(a.from[0]);
      if (a.kind === "pool") expect(a.to[1]).toBeGreaterThan(a.from[1]);
      if (a.kind === "up") expect(a.to[1]).toBeLessThan(a.from[1]);
    }
  });

  test("the copied part of a concatenation is half of it", () => {
    const { boxes } = layoutDiagram(SEED);
    for (const box of boxes.filter((b) => b.node.kind === "concat")) {
      expect(box.copiedWidth).toBeCloseTo(box.width / 2, 9);
    }
  });

  test("each crop is marked on the box it is cut from", () => {
    expect(layoutDiagram(RONNEBERGER).crops).toHaveLength(4);
    expect(layoutDiagram(SEED).crops).toHaveLength(0);
  });

  test("an up-convolution that no concatenation reads has a box of its own", () => {
    const [input, conv] = [SEED[0]!, SEED[1]!];
    const pool: DiagramNode = { ...conv, id: "p", kind: "pool", level: 1, height: 128, inputs: [conv.id] };
    const up: DiagramNode = { ...conv, id: "u", kind: "up", inputs: ["p"] };
    const { boxes, arrows } = layoutDiagram([input, conv, pool, up]);
    expect(boxes.map((b) => b.node.id)).toEqual([input.id, conv.id, "p", "u"]);
    expect(arrows.map((a) => a.kind)).toEqual(["conv", "pool", "up"]);
  });
});
