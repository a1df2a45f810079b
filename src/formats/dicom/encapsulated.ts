/** Compressed frames in their fragments (PS3.5 section A.4). */
import { failToReadDicom } from "./parse.ts";

const ITEM = 0xe000;
const SEQUENCE_END = 0xe0dd;

interface Fragment {
  /** Where its item begins, counted from the first fragment's. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

interface Fragments {
  /** Where each frame begins, as above; may be empty. */
  readonly offsets: readonly number[];
  readonly fragments: readonly Fragment[];
}

function readFragments(bytes: Uint8Array, name: string): Fragments {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const items: { start: number; bytes: Uint8Array }[] = [];
  let at = 0;
  for (;;) {
    if (at + 8 > bytes.length) failToReadDicom(name, "its compressed pixel data is cut short");
    const element = view.getUint16(at, true) === 0xfffe ? view.getUint16(at + 2, true) : 0;
    if (element === SEQUENCE_END) break;
    const length = view.getUint32(at + 4, true);
    if (element !== ITEM) failToReadDicom(name, "its compressed pixel data holds something else than items");
    if (at + 8 + length > bytes.length) failToReadDicom(name, "its compressed pixel data is cut short");
    items.push({ start: at, bytes: bytes.subarray(at + 8, at + 8 + length) });
    at += 8 + length;
  }
  const [table, ...rest] = items;
  if (table === undefined) failToReadDicom(name, "its compressed pixel data is empty");
  const tableView = new DataView(table.bytes.buffer, table.bytes.byteOffset, table.bytes.byteLength);
  const origin = rest[0]?.start ?? 0;
  return {
    offsets: Array.from({ length: Math.floor(table.bytes.length / 4) }, (_, i) =>
      tableView.getUint32(4 * i, true),
    ),
    fragments: rest.map((item) => ({ offset: item.start - origin, bytes: item.bytes })),
  };
}

function joined(parts: readonly Fragment[]): Uint8Array {
  if (parts.length === 1) return parts[0]!.bytes;
  const out = new Uint8Array(parts.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { bytes } of parts) {
    out.set(bytes, at);
    at += bytes.length;
  }
  return out;
}

/**
 * The compressed bytes of each frame.
 * @param bytes from the first item on; what follows the delimiter is not looked at
 * @throws HipError "unreadable-image"
 */
export function splitFrames(bytes: Uint8Array, frameCount: number, name: string): readonly Uint8Array[] {
  const { offsets, fragments } = readFragments(bytes, name);
  if (frameCount === 1 && fragments.length > 0) return [joined(fragments)];
  if (fragments.length === frameCount) return fragments.map((fragment) => fragment.bytes);
  if (offsets.length !== frameCount) {
    failToReadDicom(
      name,
      `it must have ${frameCount} compressed frames, found ${fragments.length} fragments`,
    );
  }
  return offsets.map((start, i) => {
    const end = offsets[i + 1] ?? Number.POSITIVE_INFINITY;
    const parts = fragments.filter(({ offset }) => offset >= start && offset < end);
    if (parts.length === 0) failToReadDicom(name, `its compressed frame ${i + 1} is empty`);
    return joined(parts);
  });
}
