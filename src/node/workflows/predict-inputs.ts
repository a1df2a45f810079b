/** Which images `hipmri predict` reads, and where each mask goes. */
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { HipError } from "../../core/errors.ts";
import { quoteSome, sortListing } from "../../dataset/listing.ts";
import { chooseSeries } from "../../formats/dicom/choose.ts";
import { type DicomSeries, listDicomSeries } from "../../formats/dicom/series.ts";
import { imageStem } from "../../formats/image-file.ts";
import { DICOM_ON_NODE, findDicomFiles } from "../dicom-folder.ts";
import { openFolder } from "../folder.ts";
import { findSeries } from "./dicom-input.ts";

export interface PlannedMask {
  /** An image file, or of DICOM the path that the user gave. */
  readonly input: string;
  readonly mask: string;
  readonly dicom?: { readonly series: DicomSeries; readonly seg: string };
}

const EXPECTED = ".nii, .nii.gz, .hdr with .img, .nrrd, .nhdr, .mha, .mhd or .png";

/** An input with the name that its mask gets. */
interface Named {
  readonly input: string;
  readonly stem: string;
  readonly series?: DicomSeries;
}

const ofFile = (input: string): Named => ({ input, stem: imageStem(basename(input))! });

/** Any series will do: only whether there is one is asked. */
const ANY = Symbol("any");

/** The wanted series of a folder or file; undefined where there is no DICOM. */
async function ofDicom(input: string, wanted: string | typeof ANY | undefined): Promise<Named | undefined> {
  const listing = await findSeries(input);
  if (listing === undefined) return undefined;
  const series = wanted === ANY ? listing.series[0]! : chooseSeries(listing.series, wanted);
  const name = basename(resolve(input)).replace(/\.dcm$/i, "");
  return { input, series, stem: listing.series.length > 1 ? `${name}_series_${series.index}` : name };
}

/** A file stands for itself, a folder for the images in it, in natural order, or for its DICOM series. */
async function expand(input: string, wanted: string | undefined): Promise<readonly Named[]> {
  const found = await stat(input).catch(() => undefined);
  if (found === undefined) {
    throw new HipError("not-found", `Cannot find input "${input}"`, { hint: "Check the path" });
  }
  if (!found.isDirectory() && imageStem(basename(input)) !== undefined) return [ofFile(input)];
  const { files, strangers } = found.isDirectory()
    ? sortListing(await openFolder(input).list(""))
    : { files: [], strangers: [] };
  // DICOM files mostly have no ending: folders of images alone are not searched for them.
  const mayHoldDicom = files.length === 0 || wanted !== undefined || strangers.length > 0;
  const series = mayHoldDicom ? await ofDicom(input, files.length > 0 ? (wanted ?? ANY) : wanted) : undefined;
  if (series !== undefined && (files.length === 0 || wanted !== undefined)) return [series];
  if (series !== undefined) {
    throw new HipError(
      "usage",
      `Folder "${input}" holds both DICOM and other images, such as "${files[0]!.fileName}"`,
      { hint: "Name the series with --series, or give the other images by themselves" },
    );
  }
  if (files.length > 0) return files.map((file) => ofFile(join(input, file.fileName)));
  if (!found.isDirectory()) {
    throw new HipError(
      "usage",
      `Input "${input}" must be an image (${EXPECTED}), DICOM, or a folder of such files`,
      { hint: "Convert the image to NIfTI first" },
    );
  }
  const what = strangers.length === 0 ? "the folder is empty" : `found ${quoteSome(strangers)}`;
  throw new HipError(
    "not-found",
    `Cannot find images in folder "${input}": expected ${EXPECTED}, or DICOM, ${what}`,
    {
      hint: "Give the folder that holds the images themselves: folders inside it are searched for DICOM only",
    },
  );
}

/** Single DICOM files, as a shell lists those of a folder, make up series together. */
async function expandAll(inputs: readonly string[], wanted: string | undefined): Promise<readonly Named[]> {
  const isLoose = await Promise.all(
    inputs.map(async (input) => {
      const found = await stat(input).catch(() => undefined);
      return (found?.isFile() ?? false) && imageStem(basename(input)) === undefined;
    }),
  );
  const loose = inputs.filter((_, i) => isLoose[i]);
  const together = loose.length > 1 ? await ofLooseDicom(loose, wanted) : undefined;
  const others = together === undefined ? inputs : inputs.filter((_, i) => !isLoose[i]);
  const named = (await Promise.all(others.map((input) => expand(input, wanted)))).flat();
  return together === undefined ? named : [...named, together];
}

/** The wanted series of single files; undefined where not all of them are DICOM. */
async function ofLooseDicom(
  files: readonly string[],
  wanted: string | undefined,
): Promise<Named | undefined> {
  const found = (await Promise.all(files.map(findDicomFiles))).flatMap((each) => each.files);
  if (found.length < files.length) return undefined;
  const { series } = await listDicomSeries(found, DICOM_ON_NODE);
  const chosen = chooseSeries(series, wanted);
  const folder = dirname(resolve(files[0]!));
  const name = basename(folder);
  return { input: folder, series: chosen, stem: series.length > 1 ? `${name}_series_${chosen.index}` : name };
}

/** Device and inode: equal for two paths of one file, whatever links or letter case lie between. */
async function identity(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found === undefined ? undefined : `${found.dev}-${found.ino}`;
}

/**
 * Every input with its mask's path: X.nii, X.nii.gz and X.mha become OUT/X.nii.gz; a DICOM series in folder X
 * becomes OUT/X.nii.gz and OUT/X.dcm. Touches nothing.
 * @param wanted number of the DICOM series, or a part of its description
 * @throws HipError "not-found"; "usage": two inputs for one mask, or a mask that would replace an input.
 */
export async function planMasks(
  inputs: readonly string[],
  out: string,
  wanted?: string,
): Promise<readonly PlannedMask[]> {
  const files = await expandAll(inputs, wanted);
  const plan: PlannedMask[] = [];
  const byMask = new Map<string, string>();
  const owners = new Map<string, string>();
  for (const { input, stem, series } of files) {
    const id = await identity(input);
    if (id !== undefined) owners.set(id, input);
    const mask = join(out, `${stem}.nii.gz`);
    const twin = byMask.get(mask);
    if (twin !== undefined) {
      if ((await realpath(twin)) === (await realpath(input))) continue;
      throw new HipError("usage", `Two inputs would have the same mask "${mask}": "${twin}" and "${input}"`, {
        hint: "Predict them into two folders, or rename one",
      });
    }
    byMask.set(mask, input);
    const seg = join(out, `${stem}.dcm`);
    plan.push({ input, mask, ...(series === undefined ? {} : { dicom: { series, seg } }) });
  }
  for (const { mask, dicom } of plan) {
    for (const path of dicom === undefined ? [mask] : [mask, dicom.seg]) {
      const id = await identity(path);
      const owner = id === undefined ? undefined : owners.get(id);
      if (owner === undefined) continue;
      throw new HipError("usage", `Mask "${path}" would replace the input "${owner}"`, {
        hint: "Give another folder with --out",
      });
    }
  }
  return plan;
}
