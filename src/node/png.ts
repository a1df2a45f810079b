/** SVG -> PNG with resvg: native code, so it lives with Node. */
import { Resvg } from "@resvg/resvg-js";

/**
 * The PNG file of an SVG, `width` pixels wide, on white. Text takes the machine's fonts; on a machine without any,
 * shapes are drawn and text is left out, while the SVG file itself stays whole.
 */
export function svgToPng(svg: string, options: { readonly width: number }): Uint8Array {
  const resvg = new Resvg(svg, {
    fitTo: { mode: "width", value: options.width },
    background: "#ffffff",
    font: { loadSystemFonts: true, defaultFontFamily: "DejaVu Sans", sansSerifFamily: "DejaVu Sans" },
  });
  return new Uint8Array(resvg.render().asPng());
}
