/** Files as they are dropped, and a predictor that needs no runtime. */
import type { DroppedFile } from "../../src/apply/open-scans.ts";
import { makeByteSource } from "../../src/core/bytes.ts";
import type { DicomPlatform } from "../../src/formats/dicom/content.ts";
import { loadDicomCodec } from "../../src/node/dicom-codecs.ts";
import { inflateGzip } from "../../src/node/inflate.ts";
import type { Predictor, SliceStack } from "../../src/predict/predictor.ts";
import { makeCard } from "../support/model-card.ts";

export const PLATFORM: DicomPlatform = { inflate: inflateGzip, loadCodec: loadDicomCodec };

export const dropped = (files: Readonly<Record<string, Uint8Array>>): readonly DroppedFile[] =>
  Object.entries(files).map(([name, bytes]) => ({ name, source: makeByteSource(bytes) }));

/** Finds label 1 where a value is odd; notes what it was shown. */
export function oddFinder(): Predictor & { readonly seen: SliceStack[] } {
  const seen: SliceStack[] = [];
  const card = makeCard();
  return {
    seen,
    card: { ...card, input: { ...card.input, orientation: null } },
    predict(stack) {
      seen.push(stack);
      return Promise.resolve(Uint8Array.from(stack.image, (value) => value % 2));
    },
    dispose: () => Promise.resolve(),
  };
}
