/** The passport of one case: verdicts with their reasons. */
import { type Finding, isPart, judgeImage } from "./judge-image.ts";
import { judgeLabels } from "./judge-labels.ts";
import { worstOf } from "./range.ts";
import type { CaseFeatures, CasePassport, LabelPassport, PassportFingerprint, Verdict } from "./types.ts";

interface Verdicts {
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
}

/** The worst verdict, and every reason that is not "ok", the worst first. */
function summarise(findings: readonly Finding[]): Verdicts {
  const odd = (["doubtful", "look"] as const).flatMap((wanted) =>
    findings.filter(({ verdict }) => verdict === wanted),
  );
  return {
    verdict: worstOf(findings.map(({ verdict }) => verdict)),
    reasons: odd.map(({ reason }) => reason),
  };
}

function notJudgedOf(
  { image }: CaseFeatures,
  fingerprint: PassportFingerprint,
  hasLabels: boolean,
): readonly string[] {
  const reasons: string[] = [];
  if (image.spacingMm === null)
    reasons.push("sizes in mm and volumes: the file does not state the size of its voxels");
  else if (fingerprint.spacingMm === null)
    reasons.push("sizes in mm: the training files did not state the size of their voxels");
  if (!hasLabels)
    reasons.push(
      `the labels: ${image.slices === 1 ? "a single slice is" : `${image.slices} slices are`} no whole scan (training had ${fingerprint.slices.min} slices or more)`,
    );
  return reasons;
}

/**
 * Holds an input and its mask against the training scans. "ok" means like them in all that was measured, and not that
 * the mask is right; "look": outside what they had; "doubtful": far outside.
 */
export function judgePassport(features: CaseFeatures, fingerprint: PassportFingerprint): CasePassport {
  const image = summarise(judgeImage(features.image, fingerprint));
  const isWhole = !isPart(features.image, fingerprint);
  const labels = isWhole
    ? judgeLabels(features.labels, fingerprint).map(
        ({ name, findings }): LabelPassport => ({ name, ...summarise(findings) }),
      )
    : [];
  return {
    verdict: worstOf([image.verdict, ...labels.map(({ verdict }) => verdict)]),
    image,
    labels,
    notJudged: notJudgedOf(features, fingerprint, isWhole),
  };
}

/** One line: `doubtful: image: …; prostate: …`, at most `most` reasons. */
export function describePassport({ verdict, image, labels }: CasePassport, most = 3): string {
  const reasons = [
    ...image.reasons,
    ...labels.flatMap(({ name, reasons }) => reasons.map((reason) => `${name}: ${reason}`)),
  ];
  // An order is told of both labels: once is enough here.
  const once = [...new Set(reasons.map((reason) => reason.replace(/^[^:]+: (?=.* does not lie )/, "")))];
  const more = once.length - most;
  const shown = once.slice(0, most).join("; ");
  return `${verdict}${once.length === 0 ? "" : `: ${shown}`}${more > 0 ? `; and ${more} more` : ""}`;
}
