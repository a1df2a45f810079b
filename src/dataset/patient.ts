/** Who was scanned, told from a file's name: what splits, averages and bootstraps go by. */

/** BIDS: "sub-01_ses-02_T2w" is a scan of "sub-01" (https://bids-specification.readthedocs.io, "Entities"). */
const BIDS = /^(sub-[a-z0-9]+)(?:_.*)?$/i;

/** A point in time, and whatever follows: what stands before it is a person. */
const TIME =
  /(?<=.)[_\-. ](?:(?:frame|week|wk|ses|session|visit|time|timepoint|tp|day|month|year|fu)[_-]?\d+[a-z]?|baseline|follow-?up[_-]?\d*)(?:[_\-. ].*)?$/i;

/** One of several scans, and whatever follows. */
const SCAN = /(?<=.)[_\-. ](?:scan|run|acq|rep|repeat|echo|series)[_-]?\d+[a-z]?(?:[_\-. ].*)?$/i;

/** What was imaged how: side, plane, sequence. */
const VIEWS: ReadonlySet<string> = new Set(
  "left right ax axial tra transversal cor coronal sag sagittal t1 t1w t2 t2w pd pdw adc dwi hbv dce flair mr mri".split(
    " ",
  ),
);

/**
 * The patient of a case, so that two frames, weeks, sessions, planes or sides of one person are never split.
 *
 *     patient001_frame01    patient001          sub-01_ses-02_T2w         sub-01
 *     K019_Week1_LFOV       K019                prostate_01_scan2         prostate_01
 *     anna_baseline         anna                prostate_scan2            prostate_scan2
 *     knee_12_left          knee_12             ProstateX-0000_t2w_sag    ProstateX-0000
 *
 * Whatever stands before a point in time is a person. Before a word for a scan ("scan2", "run-1"), or for a side,
 * plane or sequence at the end, it is one only where it has a number: "prostate_scan2" names an organ, and to take
 * all of its scans for one man would leave nothing to split. A name without such a word is a person of its own, so
 * that visits which bare numbers tell apart ("00000-000", "00000-001") are not understood: such files must be
 * renamed, or the split leaks.
 */
export function patientOf(name: string): string {
  const bids = BIDS.exec(name)?.[1];
  if (bids !== undefined) return bids;
  const person = numbered(name.replace(TIME, ""), (text) => text.replace(SCAN, ""));
  return numbered(person, withoutViews);
}

/** The name without a part, where a number is left to tell persons apart. */
function numbered(name: string, without: (name: string) => string): string {
  const rest = without(name);
  return /\d/.test(rest) ? rest : name;
}

/** The name without the words for views at its end. */
function withoutViews(name: string): string {
  // Names and separators take turns.
  const parts = name.split(/([_\-. ])/);
  while (parts.length > 1 && VIEWS.has(parts.at(-1)!.toLowerCase())) parts.splice(-2);
  return parts.join("");
}
