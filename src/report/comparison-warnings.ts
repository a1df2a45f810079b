/** What a reader of a comparison must mind. */
import { counted } from "../core/text.ts";
import { leastP, SIGNIFICANT } from "../metrics/paired.ts";
import { FEW_PATIENTS } from "../metrics/warnings.ts";
import type { ComparedRun } from "./comparison.ts";

/** From so many tests on, chance alone is likely to make one of them look like a finding: 1 - 0.95^5 = 23 %. */
const MANY_TESTS = 5;

function fewPatients(patients: number, tests: number): string[] {
  if (patients >= FEW_PATIENTS) return [];
  const least = Math.min(1, tests * leastP(patients));
  const bound =
    least >= SIGNIFICANT
      ? ` The smallest p that ${counted(patients, "patient")} can give, corrected for ${counted(tests, "test")}, is ${Number(least.toPrecision(2))}: no difference can be shown at 0.05, however large`
      : "";
  return [
    `Only ${counted(patients, "patient")}: with fewer than ${FEW_PATIENTS} the intervals are rough.${bound}`,
  ];
}

function ofTraining(runs: readonly ComparedRun[]): string[] {
  const trained = runs.flatMap(({ training }) => (training === null ? [] : [training]));
  if (trained.length < 2) return [];
  const differs = (of: (run: (typeof trained)[number]) => string): boolean =>
    new Set(trained.map(of)).size > 1;
  const warnings: string[] = [];
  if (differs(({ trainPatients }) => [...trainPatients].sort().join("\n")))
    warnings.push("The runs learnt from other patients: what differs may be the data and not the settings");
  else if (differs(({ dataDigest }) => `${dataDigest}`))
    warnings.push("The runs learnt from data of other content under the same patients' names");
  if (differs(({ steps }) => `${steps}`))
    warnings.push(
      `The runs were trained for ${trained.map(({ steps }) => steps).join(", ")} steps: what differs may be the time and not the settings`,
    );
  if (differs(({ seed }) => `${seed}`))
    warnings.push("The runs also differ in their seed, which alone gives somewhat other figures");
  else if (trained.length === runs.length)
    warnings.push(
      "Each setting was trained once: another seed would give somewhat other figures, which these intervals, over patients alone, do not hold",
    );
  return warnings;
}

/** @param tests how many p-values were made */
export function comparisonWarnings(runs: readonly ComparedRun[], tests: number): readonly string[] {
  const { patients, split } = runs[0]!.metrics;
  return [
    ...fewPatients(patients, tests),
    ...(tests < MANY_TESTS
      ? []
      : [
          `${tests} tests: about one in twenty finds a difference where there is none, so verdicts go by p corrected after Holm`,
        ]),
    ...(split === "test"
      ? [
          "These are test patients: a run that is chosen by this comparison has figures on them that are too good. Choose by validation (--split validate), then look here once",
        ]
      : []),
    ...ofTraining(runs),
  ];
}
