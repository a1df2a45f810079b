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
  let best = { image: NONE, mask: NONE };
  let most = 0;
  for (const image of sharedAffixes(images, IMAGE_WORDS)) {
    const wanted = new Set(images.map((name) => strip(name, image)));
    for (const mask of sharedAffixes(masks, MASK_WORDS)) {
      const pairs = masks.filter((name) => wanted.has(strip(name, mask))).length;
      if (pairs <= most) continue;
      best = { image, mask };
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
