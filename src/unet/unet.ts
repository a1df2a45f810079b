/**
 * The U, as in Figure 1 of Ronneberger, Fischer, Brox: "U-Net: Convolutional Networks for Biomedical Image
 * Segmentation" (MICCAI 2015), https://arxiv.org/abs/1505.04597: down the contracting path, across the bottom, up the
 * expanding path with a skip connection at each level.
 */
import { concat } from "../graph/build.ts";
import type { Value } from "../graph/value.ts";
import { block, crop, down, dropout, gate, head, type UnetContext, up } from "./blocks.ts";
import { type UnetConfig, widthAt } from "./config.ts";

/**
 * @param image [N, inChannels, H, W]; every level must be even (H and W multiples of 2^levels in a padded network).
 * @returns logits [N, classes, H', W'] with H' = H in a padded network.
 * @throws RangeError naming the layer at which the size does not fit.
 */
export function buildUnet(image: Value, config: UnetConfig, context: UnetContext): Value {
  const skips: Value[] = [];
  let x = image;
  for (let level = 0; level < config.levels; level++) {
    x = block(x, widthAt(config, level), `encoder${level}`, config, context);
    skips.push(x);
    if (x.shape[2]! % 2 !== 0 || x.shape[3]! % 2 !== 0) {
      throw new RangeError(
        `Cannot halve "encoder${level}": height and width must be even, got ${x.shape[2]} x ${x.shape[3]}`,
      );
    }
    x = down(x, `encoder${level}`);
  }
  x = block(x, widthAt(config, config.levels), "bottleneck", config, context);
  x = dropout(x, config.bottleneckDropout, x.shape, "bottleneck.dropout", context);
  for (let level = config.levels - 1; level >= 0; level--) {
    const name = `decoder${level}`;
    const width = widthAt(config, level);
    const upward = up(x, config.upChannels === "halve" ? width : x.shape[1]!, name, config, context);
    const cut = crop(skips[level]!, upward, name);
    const skip = config.attention ? gate(cut, upward, name, context) : cut;
    const both = config.concat === "skip-first" ? [skip, upward] : [upward, skip];
    x = block(concat(both, 1, `${name}.concat`), width, name, config, context);
    // Deep supervision (Lee et al. 2015), as nnU-Net has it: lower levels are judged against coarser labels.
    if (level > 0 && level <= config.deepSupervision) {
      context.auxiliary?.(head(x, config, context, `head${level}`));
    }
  }
  return head(x, config, context);
}
