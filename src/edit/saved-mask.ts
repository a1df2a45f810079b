/** A mask as bytes for autosave: one record of runs, which tells when it is damaged. */
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { HipError, messageOf } from "../core/errors.ts";
import { frameRecord, readRecord } from "../core/tfrecord.ts";
import type { Triple } from "./box.ts";

/** What the payload begins with; the number is the version. */
const FORMAT = "hipmri-mask/1";

export interface SavedMask {
  /** Label ids, x fastest; shape[0] * shape[1] * shape[2] voxels. */
  readonly mask: Uint8Array;
  readonly shape: Triple;
  /** The editor's, when the mask was saved: edits of the journal up to it are in the mask. */
  readonly revision: number;
}

/**
 * Payload: format, revision (float64), shape, then a length and a value for each run of equal voxels; whole numbers are
 * varints. Save between strokes: half a stroke cannot be undone once it is loaded.
 */
export function encodeMask({ mask, shape, revision }: SavedMask): Uint8Array<ArrayBuffer> {
  const voxels = shape[0] * shape[1] * shape[2];
  if (mask.length !== voxels)
    throw new RangeError(`A mask of shape ${shape.join("x")} needs ${voxels} voxels, got ${mask.length}`);
  const writer = new BinaryWriter();
  writer.string(FORMAT).double(revision);
  for (const length of shape) writer.uint32(length);
  for (let i = 0; i < mask.length; ) {
    const value = mask[i]!;
    const start = i;
    do i++;
    while (i < mask.length && mask[i] === value);
    writer.uint32(i - start).uint32(value);
  }
  return frameRecord(writer.finish());
}

/**
 * The mask that encodeMask() wrote, whole or not at all.
 * @throws HipError where the bytes are cut short, changed, of another version or no mask
 */
export function decodeMask(bytes: Uint8Array): SavedMask {
  const found = readRecord(bytes, 0);
  if (found.kind === "torn") throw unreadable("it is cut short");
  if (found.kind === "damaged") throw unreadable("its checksum differs, so bytes have changed or it is none");
  if (found.end !== bytes.length) throw unreadable(`${bytes.length - found.end} bytes follow its end`);
  try {
    return parseMask(found.payload);
  } catch (error) {
    if (error instanceof HipError) throw error;
    throw unreadable(messageOf(error));
  }
}

function parseMask(payload: Uint8Array): SavedMask {
  const reader = new BinaryReader(payload);
  const format = reader.string();
  if (format !== FORMAT)
    throw unreadable(`it must be "${FORMAT}", got ${JSON.stringify(format.slice(0, 40))}`);
  const revision = reader.double();
  const shape: Triple = [reader.uint32(), reader.uint32(), reader.uint32()];
  const voxels = shape[0] * shape[1] * shape[2];
  // Runs are added up before anything of the size is asked for.
  const start = reader.pos;
  let filled = 0;
  while (reader.pos < reader.len) {
    filled += reader.uint32();
    if (reader.uint32() > 255) throw unreadable("a label is above 255");
  }
  if (filled !== voxels || voxels >= 2 ** 31)
    throw unreadable(`its shape is ${shape.join("x")}, ${voxels} voxels, and its runs hold ${filled}`);
  const mask = new Uint8Array(voxels);
  reader.pos = start;
  for (let i = 0; i < voxels; ) {
    const end = i + reader.uint32();
    mask.fill(reader.uint32(), i, end);
    i = end;
  }
  return { mask, shape, revision };
}

const unreadable = (why: string): HipError =>
  new HipError("bad-mask", `Cannot read the saved mask: ${why}`, {
    hint: "Open the mask's file again, or an earlier copy",
  });
