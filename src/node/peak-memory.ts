/** The most memory that this process has held so far, in MB of 1024 KiB. */
export const peakMb = (): number => Math.round(process.resourceUsage().maxRSS / 1024);
