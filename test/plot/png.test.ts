import { decode } from "fast-png";
import { describe, expect, test } from "vitest";
import { svgToPng } from "../../src/node/png.ts";

const rectangle = (extra: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><rect width="10" height="10" fill="#d55e00"/>${extra}</svg>`;

describe("svgToPng", () => {
  test("is as wide as asked, keeps the shape, and lies on white", () => {
    const png = decode(svgToPng(rectangle(""), { width: 40 }));
    expect([png.width, png.height, png.channels]).toEqual([40, 20, 4]);
    const pixel = (x: number): number[] => [...png.data.subarray((5 * 40 + x) * 4, (5 * 40 + x) * 4 + 4)];
    expect(pixel(5)).toEqual([213, 94, 0, 255]);
    expect(pixel(35)).toEqual([255, 255, 255, 255]);
  });

  test("equal drawings give equal bytes", () => {
    expect(
      Buffer.compare(svgToPng(rectangle(""), { width: 40 }), svgToPng(rectangle(""), { width: 40 })),
    ).toBe(0);
  });
});
