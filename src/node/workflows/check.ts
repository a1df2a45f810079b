/** `hipmri check`: the data doctor on a folder, and its page. */
import { join } from "node:path";
import { checkDataset } from "../../dataset/doctor/check.ts";
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

/**
 * Checks a data folder and writes OUT/check.html.
 * @throws HipError "not-found" or "disk"; what is wrong with the data is in the report
 */
export async function checkData(options: CheckOptions): Promise<CheckResult> {
  const { data, out, onProgress, signal } = options;
  const thumbnails: Thumbnail[] = [];
  // Before the work: a folder that cannot be made is told at once.
  if (out !== undefined) await makeFolder(out);
  const report = await checkDataset({
    folder: openFolder(data),
    inflate: inflateGzip,
    root: data,
    layout: options.layout,
    isFast: options.isFast ?? false,
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
    onVoxels(voxels) {
      if (out !== undefined && thumbnails.length < MOST_THUMBNAILS) thumbnails.push(takeThumbnail(voxels));
    },
  });
  if (out === undefined) return { report, page: undefined };
  const page = join(out, PAGE);
  await writeFileAtomic(page, doctorPage(report, thumbnails));
  return { report, page };
}
