import { describe, expect, test } from "vitest";
import { itemsOf, numberOf, textOf, textsOf } from "../../../src/formats/dicom/dataset.ts";
import { readDicomSeries } from "../../../src/formats/dicom/read.ts";
import { type DicomSegOptions, writeDicomSeg } from "../../../src/formats/dicom/seg.ts";
import { anonymousUid } from "../../../src/formats/dicom/seg-source.ts";
import type { DicomSeries } from "../../../src/formats/dicom/series.ts";
import { apply } from "../../../src/nifti/affine.ts";
import { HIPMRI_LABELS } from "../../../src/volume/volume.ts";
import { placeKey, readSeg } from "./seg-reader.ts";
import { listSlices, stackAt } from "./slices.ts";
import { listFixture } from "./support.ts";

const CREATED = { date: "20261123", time: "172458" };
const ALGORITHM = { name: "hipmri-unet pelvis", version: "0.1.0" };

function optionsFor(mask: Uint8Array, differs: Partial<DicomSegOptions> = {}): DicomSegOptions {
  return { mask, labels: HIPMRI_LABELS, algorithm: ALGORITHM, created: CREATED, ...differs };
}

/** A lopsided L of prostate and a corner of bladder, and where their voxels lie. */
async function planted(series: DicomSeries): Promise<{ mask: Uint8Array; places: ReadonlySet<string> }> {
  const { header, values } = await readDicomSeries(series);
  const [nx = 1, ny = 1] = header.shape;
  const mask = new Uint8Array(values.length);
  const places = new Set<string>();
  for (let at = 0; at < mask.length; at++) {
    const [x, y, z] = [at % nx, Math.floor(at / nx) % ny, Math.floor(at / nx / ny)];
    if (x >= 1 && x <= 2 && y >= 1) mask[at] = 5;
    else if (y === 0 && x === 0 && z === 1) mask[at] = 3;
    // Segments are numbered in the order of labels: bladder, then prostate.
    if (mask[at] !== 0) places.add(placeKey(mask[at] === 3 ? 1 : 2, apply(header.affine, [x, y, z])));
  }
  return { mask, places };
}

describe("writeDicomSeg()", () => {
  test.each([
    "axial",
    "coronal-implicit",
    "sagittal-big-endian",
    "oblique-rle",
    "down-deflated",
    "tilted-ct",
    "enhanced",
    "localiser",
  ])("%s: every voxel at its millimetres", async (name) => {
    const { series } = await listFixture(name);
    for (const one of series) {
      const { mask, places } = await planted(one);
      const seg = await readSeg(await writeDicomSeg(one, optionsFor(mask)));
      expect(seg.places).toEqual(places);
      expect(seg.segments).toEqual([
        { number: 1, label: "bladder", code: "89837001 SCT Bladder" },
        { number: 2, label: "prostate", code: "41216001 SCT Prostate" },
      ]);
      // Prostate on every slice, bladder on one.
      expect(seg.frameCount).toBe(one.sliceCount + 1);
    }
  });

  test("refers to its source, and takes over patient and study", async () => {
    const { series } = await listFixture("axial");
    const { mask } = await planted(series[0]!);
    const { dataset } = await readSeg(await writeDicomSeg(series[0]!, optionsFor(mask)));
    const root = "1.2.826.0.1.3680043.10.9999";
    const [referenced] = itemsOf(dataset, "ReferencedSeriesSequence");
    expect(textOf(referenced!, "SeriesInstanceUID")).toBe(`${root}.11`);
    const instances = itemsOf(referenced!, "ReferencedInstanceSequence");
    // In the order of their places, which is not that of their numbers.
    expect(instances.map((item) => textOf(item, "ReferencedSOPInstanceUID"))).toEqual(
      [4, 1, 6, 2, 5, 3].map((number) => `${root}.11.${number}`),
    );
    expect(textOf(dataset, "FrameOfReferenceUID")).toBe(`${root}.2`);
    expect(textOf(dataset, "StudyInstanceUID")).toBe(`${root}.1`);
    expect(textOf(dataset, "PatientID")).toBe("SECRET-4711");
    expect(textOf(dataset, "PatientName")).toBe("M\u00fcller^Invented");
    expect(textOf(dataset, "SpecificCharacterSet")).toBe("ISO_IR 100");
    expect(textOf(dataset, "ContentDate")).toBe("20261123");
    expect(numberOf(dataset, "SeriesNumber")).toBe(1011);
    expect(textOf(dataset, "SeriesInstanceUID")).not.toBe(`${root}.11`);
  });

  test("names the frame of an enhanced source", async () => {
    const { series } = await listFixture("enhanced");
    const { mask } = await planted(series[1]!);
    const { dataset } = await readSeg(await writeDicomSeg(series[1]!, optionsFor(mask)));
    const numbers = itemsOf(dataset, "PerFrameFunctionalGroupsSequence")
      .slice(1)
      .map((frame) => {
        const [derivation] = itemsOf(frame, "DerivationImageSequence");
        const [source] = itemsOf(derivation!, "SourceImageSequence");
        return numberOf(source!, "ReferencedFrameNumber");
      });
    // Slices were stored in the order 2, 0, 3, 1, two echoes each.
    expect(numbers).toEqual([4, 8, 2, 6]);
  });

  test("is the same for equal input, and another object for another mask or time", async () => {
    const { series } = await listFixture("axial");
    const { mask } = await planted(series[0]!);
    const one = await writeDicomSeg(series[0]!, optionsFor(mask));
    expect(await writeDicomSeg(series[0]!, optionsFor(mask))).toEqual(one);
    const uid = async (options: DicomSegOptions): Promise<string | undefined> =>
      textOf((await readSeg(await writeDicomSeg(series[0]!, options))).dataset, "SOPInstanceUID");
    const later = { ...CREATED, time: "172459" };
    const other = mask.slice();
    other[0] = 1;
    const uids = [optionsFor(mask), optionsFor(mask, { created: later }), optionsFor(other)].map(uid);
    const found = await Promise.all(uids);
    expect(new Set(found).size).toBe(3);
    for (const each of found) expect(each).toMatch(/^2\.25\.[1-9][0-9]{30,38}$/);
  });

  test("anonymised it holds nothing of the patient, and maps UIDs by one rule", async () => {
    const { series } = await listFixture("axial");
    const { mask, places } = await planted(series[0]!);
    const bytes = await writeDicomSeg(series[0]!, optionsFor(mask, { anonymise: {} }));
    const text = new TextDecoder("latin1").decode(bytes);
    for (const secret of [
      "SECRET",
      "4711",
      "Invented",
      "Nobody",
      "1950",
      "20240102",
      "030405",
      "A-17",
      "073Y",
      "S1 ",
      "9999",
      "2026",
    ]) {
      expect(text).not.toContain(secret);
    }
    const { dataset, places: read } = await readSeg(bytes);
    expect(read).toEqual(places);
    expect(textOf(dataset, "PatientIdentityRemoved")).toBe("YES");
    expect(textOf(dataset, "ContentDate")).toBe("19000101");
    const study = "1.2.826.0.1.3680043.10.9999.1";
    expect(textOf(dataset, "StudyInstanceUID")).toBe(anonymousUid(study, {}));
    expect(anonymousUid(study, { secret: "x" })).not.toBe(anonymousUid(study, {}));
  });

  test("a secret keeps one patient's studies together; without it each study has an ID of its own", async () => {
    const id = async (study: string, secret: string | undefined): Promise<string | undefined> => {
      const { series } = await listSlices(stackAt([0, 3], () => ({ StudyInstanceUID: study })));
      const anonymise = secret === undefined ? {} : { secret };
      const seg = await writeDicomSeg(series[0]!, optionsFor(new Uint8Array(12), { anonymise }));
      return textOf((await readSeg(seg)).dataset, "PatientID");
    };
    expect(await id("1.1", "s")).toBe(await id("1.2", "s"));
    expect(await id("1.1", "s")).not.toBe(await id("1.1", "t"));
    expect(await id("1.1", undefined)).not.toBe(await id("1.2", undefined));
  });

  test("codes a label of no dictionary as ours, in UTF-8 where the source allows", async () => {
    const { series } = await listSlices(stackAt([0, 3]));
    const labels = [{ id: 9, name: "M\u00e4use\\bein" }];
    const mask = new Uint8Array(12).fill(9, 3, 5);
    const seg = await readSeg(await writeDicomSeg(series[0]!, optionsFor(mask, { labels })));
    expect(textOf(seg.dataset, "SpecificCharacterSet")).toBe("ISO_IR 192");
    const utf8 = String.fromCharCode(...new TextEncoder().encode("M\u00e4use bein"));
    expect(seg.segments).toEqual([
      { number: 1, label: utf8, code: expect.stringMatching(/^L-[0-9a-f]{12} 99HIPMRI M/) },
    ]);
    const { series: latin } = await listFixture("axial");
    const other = await readSeg(
      await writeDicomSeg(latin[0]!, optionsFor(new Uint8Array(480).fill(9), { labels })),
    );
    expect(other.segments[0]!.label).toBe("Mause bein");
  });

  test("an empty mask has all segments and one frame without a voxel", async () => {
    const { series } = await listSlices(stackAt([0, 3]));
    const seg = await readSeg(await writeDicomSeg(series[0]!, optionsFor(new Uint8Array(12))));
    expect(seg.frameCount).toBe(1);
    expect(seg.places.size).toBe(0);
    expect(seg.segments.map(({ label }) => label)).toEqual(["body", "bone", "bladder", "rectum", "prostate"]);
  });

  test("all segments on request", async () => {
    const { series } = await listSlices(stackAt([0, 3]));
    const mask = new Uint8Array(12).fill(5, 0, 2);
    const few = await readSeg(await writeDicomSeg(series[0]!, optionsFor(mask)));
    const all = await readSeg(await writeDicomSeg(series[0]!, optionsFor(mask, { allSegments: true })));
    expect([few.segments.length, all.segments.length]).toEqual([1, 5]);
    expect([few.frameCount, all.frameCount]).toEqual([1, 1]);
  });

  test("stays lossy where its source was", async () => {
    const lossy = {
      LossyImageCompression: "01",
      LossyImageCompressionRatio: "10",
      LossyImageCompressionMethod: "ISO_10918_1",
    };
    const { series } = await listSlices(stackAt([0, 3], () => lossy));
    const { dataset } = await readSeg(await writeDicomSeg(series[0]!, optionsFor(new Uint8Array(12))));
    expect(textsOf(dataset, "LossyImageCompression")).toEqual(["01"]);
    expect(textsOf(dataset, "LossyImageCompressionRatio")).toEqual(["10"]);
  });

  test("refuses labels without a name, and masks of another size", async () => {
    const { series } = await listSlices(stackAt([0, 3]));
    const mask = new Uint8Array(12);
    mask.set([9, 8]);
    await expect(writeDicomSeg(series[0]!, optionsFor(mask))).rejects.toMatchObject({
      code: "bad-mask",
      message: "The mask holds labels without a name: 8, 9",
    });
    await expect(writeDicomSeg(series[0]!, optionsFor(new Uint8Array(11)))).rejects.toThrow(
      "The mask must have the series' 3 x 2 x 2 = 12 voxels, got 11",
    );
  });
});
