/**
 * A bounded parser of DICOM datasets (PS3.5 chapter 7): explicit and implicit VR, both byte orders. It works on the
 * first bytes of a file and says when it needs more, so that headers are read without the pixels. Own code, since
 * what is there for JavaScript either allocates by lengths that a file merely claims or cannot read in pieces.
 */
import { HipError } from "../../core/errors.ts";
import type { Dataset, Element } from "./dataset.ts";
import { formatTag, isVr, LONG_VRS, tagOf, type Vr, vrOfTag } from "./dictionary.ts";

/** Bytes that are there so far, of a file or inflated dataset of `size` bytes. */
export interface Window {
  readonly bytes: Uint8Array;
  readonly size: number;
  /** The file's name, for messages. */
  readonly name: string;
}

export interface Encoding {
  readonly explicitVr: boolean;
  readonly littleEndian: boolean;
}

/** Where the pixels lie; `length` undefined: encapsulated, in fragments. */
export interface PixelElement {
  readonly keyword: "PixelData" | "FloatPixelData" | "DoubleFloatPixelData";
  readonly vr: Vr;
  readonly offset: number;
  readonly length: number | undefined;
}

export interface ParsedDataset {
  readonly dataset: Dataset;
  readonly pixels: PixelElement | undefined;
  readonly end: number;
}

/** The window ends too early: call again with at least the first `wanted` bytes. */
export class MoreBytesNeeded extends Error {
  override readonly name = "MoreBytesNeeded";
  readonly wanted: number;

  constructor(wanted: number) {
    super(`${wanted} bytes are needed`);
    this.wanted = wanted;
  }
}

const UNDEFINED_LENGTH = 0xffff_ffff;
const DEEPEST = 32;
const ITEM = 0xfffe_e000;
const ITEM_END = 0xfffe_e00d;
const SEQUENCE_END = 0xfffe_e0dd;
const IMPLICIT: Encoding = { explicitVr: false, littleEndian: true };
const PIXELS: ReadonlyMap<number, PixelElement["keyword"]> = new Map(
  (["FloatPixelData", "DoubleFloatPixelData", "PixelData"] as const).map((each) => [tagOf(each), each]),
);
const NOTHING = new Uint8Array(0);

/** @throws HipError "unreadable-image" */
export function failToReadDicom(name: string, what: string, hint?: string): never {
  throw new HipError("unreadable-image", `Cannot read "${name}": ${what}`, {
    hint: hint ?? "The file is damaged: export or copy it again",
  });
}

interface ElementHead {
  readonly tag: number;
  readonly vr: Vr;
  /** Undefined: until a delimiter. */
  readonly length: number | undefined;
  /** Where the value begins. */
  readonly at: number;
}

/** One element's parser state is its place alone, so all functions take `at` and return where they stopped. */
class Reader {
  readonly #window: Window;
  readonly #view: DataView;
  readonly #encoding: Encoding;

  constructor(window: Window, encoding: Encoding) {
    this.#window = window;
    this.#encoding = encoding;
    this.#view = new DataView(window.bytes.buffer, window.bytes.byteOffset, window.bytes.byteLength);
  }

  #fail(what: string): never {
    failToReadDicom(this.#window.name, what);
  }

  /** Makes sure that the bytes up to `end` are in the window. */
  #need(end: number, limit: number, what: () => string): void {
    if (end > limit) {
      this.#fail(
        `${what()} needs bytes up to ${end}, found ${limit}${limit < this.#window.size ? " in its item" : ""}`,
      );
    }
    if (end > this.#window.bytes.length) throw new MoreBytesNeeded(end);
  }

  #tag(at: number): number {
    const { littleEndian } = this.#encoding;
    return this.#view.getUint16(at, littleEndian) * 0x1_0000 + this.#view.getUint16(at + 2, littleEndian);
  }

  #head(at: number, limit: number): ElementHead {
    this.#need(at + 8, limit, () => `the element at byte ${at}`);
    const { littleEndian, explicitVr } = this.#encoding;
    const tag = this.#tag(at);
    const length32 = (offset: number): number | undefined => {
      const length = this.#view.getUint32(offset, littleEndian);
      return length === UNDEFINED_LENGTH ? undefined : length;
    };
    // Items and delimiters have no VR in any encoding.
    if (!explicitVr || tag >>> 16 === 0xfffe) {
      return { tag, vr: vrOfTag(tag) ?? "UN", length: length32(at + 4), at: at + 8 };
    }
    const vr = String.fromCharCode(this.#view.getUint8(at + 4), this.#view.getUint8(at + 5));
    if (!isVr(vr)) this.#fail(`element ${formatTag(tag)} at byte ${at} has no valid value representation`);
    if (!LONG_VRS.has(vr)) {
      return { tag, vr, length: this.#view.getUint16(at + 6, littleEndian), at: at + 8 };
    }
    this.#need(at + 12, limit, () => `element ${formatTag(tag)} at byte ${at}`);
    return { tag, vr, length: length32(at + 8), at: at + 12 };
  }

  /** The elements from `at` to `limit`, or to an item's end where `untilItemEnd`. */
  elements(
    at: number,
    limit: number,
    depth: number,
    untilItemEnd: boolean,
    stop?: (tag: number) => boolean,
  ): ParsedDataset {
    const dataset = new Map<number, Element>();
    let next = at;
    while (next < limit) {
      const start = next;
      // Asked before the rest of the element is read: what follows may be in another encoding.
      this.#need(start + 4, limit, () => `the element at byte ${start}`);
      if (stop?.(this.#tag(start))) return { dataset, pixels: undefined, end: start };
      const head = this.#head(start, limit);
      const { tag, length } = head;
      if (untilItemEnd && tag === ITEM_END) return { dataset, pixels: undefined, end: head.at };
      if (tag >>> 16 === 0xfffe) this.#fail(`${formatTag(tag)} at byte ${start} stands outside a sequence`);
      const keyword = depth === 0 ? PIXELS.get(tag) : undefined;
      if (keyword !== undefined) {
        return { dataset, pixels: { keyword, vr: head.vr, offset: head.at, length }, end: head.at };
      }
      if (length !== undefined && head.at + length > limit) {
        this.#need(head.at + length, limit, () => `element ${formatTag(tag)} at byte ${start}`);
      }
      const known = vrOfTag(tag);
      if (
        length === undefined ||
        (head.vr === "SQ" && known === "SQ") ||
        (head.vr === "UN" && known === "SQ")
      ) {
        const { items, end } = this.#sequence(head, limit, depth);
        // A sequence that is not known is only walked through.
        if (known === "SQ") {
          const { littleEndian } = this.#encoding;
          dataset.set(tag, { vr: "SQ", value: NOTHING, littleEndian, items });
        }
        next = end;
        continue;
      }
      next = head.at + length;
      if (known === undefined) continue;
      this.#need(next, limit, () => `element ${formatTag(tag)} at byte ${start}`);
      dataset.set(tag, {
        vr: head.vr === "UN" ? known : head.vr,
        value: this.#window.bytes.subarray(head.at, next),
        littleEndian: this.#encoding.littleEndian,
        items: [],
      });
    }
    if (untilItemEnd) this.#fail(`an item that begins at byte ${at} does not end`);
    return { dataset, pixels: undefined, end: next };
  }

  #sequence(head: ElementHead, limit: number, depth: number): { items: Dataset[]; end: number } {
    const { tag, vr, length } = head;
    if (vr !== "SQ" && vr !== "UN") this.#fail(`element ${formatTag(tag)} of type ${vr} has no length`);
    if (depth >= DEEPEST) this.#fail(`sequences are nested more than ${DEEPEST} deep`);
    // A sequence of unknown VR is in implicit VR little endian, whatever the file (PS3.5 section 6.2.2, note 2).
    const reader = vr === "UN" && this.#encoding.explicitVr ? new Reader(this.#window, IMPLICIT) : this;
    return reader.#items(head, length === undefined ? limit : head.at + length, depth);
  }

  #items({ tag, at, length }: ElementHead, limit: number, depth: number): { items: Dataset[]; end: number } {
    const items: Dataset[] = [];
    let next = at;
    while (next < limit) {
      const head = this.#head(next, limit);
      if (head.tag === SEQUENCE_END && length === undefined) return { items, end: head.at };
      if (head.tag !== ITEM) {
        this.#fail(
          `sequence ${formatTag(tag)} holds ${formatTag(head.tag)} at byte ${next}, expected an item`,
        );
      }
      const open = head.length === undefined;
      const itemEnd = open ? limit : head.at + (head.length ?? 0);
      if (itemEnd > limit) this.#need(itemEnd, limit, () => `an item of sequence ${formatTag(tag)}`);
      const item = this.elements(head.at, itemEnd, depth + 1, open);
      items.push(item.dataset);
      next = item.end;
    }
    if (length === undefined) this.#fail(`sequence ${formatTag(tag)} at byte ${at} does not end`);
    return { items, end: next };
  }
}

/**
 * Parses the elements from byte `at` up to the pixels or the end; of those that are not in our dictionary nothing
 * is kept. Values are views of the window.
 * @param stop ends before the first element whose tag it holds for
 * @throws MoreBytesNeeded; HipError "unreadable-image"
 */
export function parseDataset(
  window: Window,
  at: number,
  encoding: Encoding,
  stop?: (tag: number) => boolean,
): ParsedDataset {
  return new Reader(window, encoding).elements(at, window.size, 0, false, stop);
}
