/** The conventions by name. */
import { deepmind } from "./deepmind.ts";
import { hipmri } from "./hipmri.ts";
import { medpy } from "./medpy.ts";
import { monai } from "./monai.ts";
import { nnunet } from "./nnunet.ts";
import type { Convention, ConventionName } from "./types.ts";

const CONVENTIONS: { readonly [K in ConventionName]: Convention } = {
  hipmri,
  monai,
  nnunet,
  medpy,
  deepmind,
};

export function conventionOf(name: ConventionName): Convention {
  return CONVENTIONS[name];
}
