/** A moment as DICOM writes it (PS3.5 section 6.2, DA and TM), in the local time of this machine. */

export interface DicomTime {
  /** "20261123" */
  readonly date: string;
  /** "172458" */
  readonly time: string;
}

const two = (value: number): string => String(value).padStart(2, "0");

export const dicomTimeOf = (moment: Date): DicomTime => ({
  date: `${moment.getFullYear()}${two(moment.getMonth() + 1)}${two(moment.getDate())}`,
  time: `${two(moment.getHours())}${two(moment.getMinutes())}${two(moment.getSeconds())}`,
});
