/** `hipmri check`: the data doctor on a folder, and its page. */
import { join } from "node:path";
import { checkDataset, type DoctorOptions } from "../../dataset/doctor/check.ts";
import type { DoctorReport } from "../../dataset/doctor/types.ts";
import type { LayoutName } from "../../dataset/types.ts";
import { doctorPage } from "../../report/doctor-page.ts";
import { type Thumbnail, takeThumbnail } from "../../report/doctor-thumbnail.ts";
import { makeFolder, writeFileAtomic } from "../atomic.ts";
import { openFolder } from "../folder.ts";
import { inflateGzip } from "../inflate.ts";

/** Of more cases, the later ones have no picture: they are kept until the end, some 100 kB each. */
const MOST_THUMBNAILS = 600;
const PAGE = "check.html";

export interface CheckOptions {
  /** The data folder. */
  readonly data: string;
  /** Where check.html goes; without it no page is made. */
  readonly out?: string | undefined;
  /** Found by the folders' names unless given. */
  readonly layout?: LayoutName | undefined;
  /** Headers only. */
  readonly isFast?: boolean | undefined;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface CheckResult {
  readonly report: DoctorReport;
  /** The page's path, where one was wanted. */
  readonly page: string | undefined;
}

/** What is asked of the doctor. */
export function doctorOptions({ data, layout, isFast, onProgress, signal }: CheckOptions): DoctorOptions {
  return {
    folder: openFolder(data),
    inflate: inflateGzip,
    root: data,
    layout,
    isFast: isFast ?? false,
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** Writes OUT/check.html. @returns its path @throws HipError "disk" */
export async function writeCheckPage(
  out: string,
  report: DoctorReport,
  thumbnails: readonly Thumbnail[],
): Promise<string> {
  const page = join(out, PAGE);
  await writeFileAtomic(page, doctorPage(report, thumbnails.slice(0, MOST_THUMBNAILS)));
  return page;
}

/**
 * Checks a data folder and writes OUT/check.html.
 * @throws HipError "not-found" or "disk"; what is wrong with the data is in the report
 */
export async function checkData(options: CheckOptions): Promise<CheckResult> {
  const { out } = options;
  const thumbnails: Thumbnail[] = [];
  // Before the work: a folder that cannot be made is told at once.
  if (out !== undefined) await makeFolder(out);
  const report = await checkDataset({
    ...doctorOptions(options),
    onVoxels(voxels) {
      if (out !== undefined && thumbnails.length < MOST_THUMBNAILS) thumbnails.push(takeThumbnail(voxels));
    },
  });
  return { report, page: out === undefined ? undefined : await writeCheckPage(out, report, thumbnails) };
}
