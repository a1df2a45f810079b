/** The volume that was read last: shown, segmented and learnt from, its files are read once. */
import type { IntensityVolume, Scan } from "../../../src/browser/index.ts";

export class LastRead {
  #last: { readonly scan: Pick<Scan, "load">; readonly volume: Promise<IntensityVolume> } | undefined;

  /** One that could not be read is read again when it is asked for next. @throws HipError as Scan.load() */
  volumeOf(scan: Pick<Scan, "load">): Promise<IntensityVolume> {
    if (this.#last?.scan === scan) return this.#last.volume;
    const own = { scan, volume: scan.load() };
    this.#last = own;
    own.volume.catch(() => {
      // Another may have been read since.
      if (this.#last === own) this.#last = undefined;
    });
    return own.volume;
  }

  forget(): void {
    this.#last = undefined;
  }
}
