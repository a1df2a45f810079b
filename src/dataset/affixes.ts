/** Pairing images with masks whose names differ by one constant part: "001.png" and "001_mask.png". */
import { VIEW_WORDS } from "./name-words.ts";

/** What is taken off a name before it is compared. */
export interface Affix {
  readonly prefix: string;
  readonly suffix: string;
}

const NONE: Affix = { prefix: "", suffix: "" };
const MASK_WORDS = "segmentations?|segs?|dseg|labels?|lab|masks?|gt|annotations?|manual|roi";
const IMAGE_WORDS = ["images?", "img", "scan", "orig", "volume", "vol", "case", "0000", ...VIEW_WORDS].join(
  "|",
);
const PREDICTION_WORDS = "predictions?|predicted|preds?|outputs?|results?|auto";

export const MASK_WORD = new RegExp(`(?:^|[_\\-. ])(?:${MASK_WORDS})(?:$|[_\\-. ])`, "i");

/** The name without the affix. */
export function strip(name: string, { prefix, suffix }: Affix): string {
  return name.slice(prefix.length, name.length - suffix.length);
}

/** The affixes of known words that all of these names share, none first. */
function sharedAffixes(names: readonly string[], words: string): Affix[] {
  const [first = ""] = names;
  const prefix = new RegExp(`^(?:${words})(?:[_\\-. ]|(?=\\d))`, "i").exec(first)?.[0] ?? "";
  const suffix = new RegExp(`[_\\-. ](?:${words})$`, "i").exec(first)?.[0] ?? "";
  const candidates: Affix[] = [NONE, { prefix: "", suffix }, { prefix, suffix: "" }, { prefix, suffix }];
  const isShared = (affix: Affix): boolean =>
    names.every(
      (name) =>
        name.startsWith(affix.prefix) &&
        name.endsWith(affix.suffix) &&
        name.length > affix.prefix.length + affix.suffix.length,
    );
  return candidates.filter(isShared);
}

/** Which affixes of the images' and of the masks' names make the most pairs; of equals those that take least away. */
export function findAffixes(
  images: readonly string[],
  masks: readonly string[],
): { readonly image: Affix; readonly mask: Affix } {
  const [image, mask] = bestAffixes(
    { names: images, words: IMAGE_WORDS },
    { names: masks, words: MASK_WORDS },
  );
  return { image, mask };
}

/** As findAffixes(), of masks by two hands: "seg_004.nii.gz" and what a tool made of "case_004.nii.gz". */
export function findMaskAffixes(
  predictions: readonly string[],
  truths: readonly string[],
): { readonly prediction: Affix; readonly truth: Affix } {
  const words = `${MASK_WORDS}|${PREDICTION_WORDS}|${IMAGE_WORDS}`;
  const [prediction, truth] = bestAffixes({ names: predictions, words }, { names: truths, words });
  return { prediction, truth };
}

/** Names, and the words that may stand before or after them. */
interface Named {
  readonly names: readonly string[];
  readonly words: string;
}

function bestAffixes(one: Named, other: Named): readonly [one: Affix, other: Affix] {
  let best: readonly [Affix, Affix] = [NONE, NONE];
  let most = 0;
  for (const a of sharedAffixes(one.names, one.words)) {
    const wanted = new Set(one.names.map((name) => strip(name, a)));
    for (const b of sharedAffixes(other.names, other.words)) {
      const pairs = other.names.filter((name) => wanted.has(strip(name, b))).length;
      if (pairs <= most) continue;
      best = [a, b];
      most = pairs;
    }
  }
  return best;
}

/** For messages: `"_t2" of the images and "_seg" of the masks`; undefined where nothing is taken off. */
export function describeAffixes({
  image,
  mask,
}: {
  readonly image: Affix;
  readonly mask: Affix;
}): string | undefined {
  const parts = [
    [image, "images"],
    [mask, "masks"],
  ] as const;
  const told = parts.flatMap(([{ prefix, suffix }, what]) => {
    const affixes = [prefix, suffix].filter((text) => text !== "").map((text) => `"${text}"`);
    return affixes.length === 0 ? [] : [`${affixes.join(" and ")} of the ${what}`];
  });
  return told.length === 0 ? undefined : told.join(" and ");
}
