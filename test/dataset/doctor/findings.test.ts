/** How shares are written. */
import { expect, test } from "vitest";
import { formatShare } from "../../../src/dataset/doctor/findings.ts";

test("shares of one column have one style", () => {
  const shares = [0, 0.000012, 0.0035, 0.01, 0.096, 0.5, 0.96, 0.9996, 1];
  expect(shares.map(formatShare)).toEqual(
    ["0", "0.0012", "0.35", "1.0", "9.6", "50.0", "96.0", "100.0", "100.0"].map((text) => `${text} %`),
  );
});
