import { expect, test } from "vitest";
import { makeRandom } from "../../src/core/random.ts";
import { makeTemperatureMeter } from "../../src/metrics/temperature.ts";

/** Scores of which the truth is drawn by their own softmax, then made `sharper` than they may be. */
function drawn(pixels: number, sharper: number) {
  const random = makeRandom(4, "temperature");
  const scores = new Float32Array(3 * pixels);
  const truth = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const honest = [random.normal() * 2, random.normal() * 2, random.normal() * 2];
    const powers = honest.map(Math.exp);
    let rest = random.uniform() * powers.reduce((sum, power) => sum + power, 0);
    truth[i] = 2;
    for (const [k, power] of powers.entries()) {
      if (rest < power) {
        truth[i] = k;
        break;
      }
      rest -= power;
    }
    for (const [k, score] of honest.entries()) scores[k * pixels + i] = score * sharper;
  }
  return { scores, truth };
}

test.each([0.5, 1, 2])("finds by how much scores are too sharp (%s), of many pixels too", (sharper) => {
  for (const pixels of [20_000, 500_000]) {
    const meter = makeTemperatureMeter(3);
    const { scores, truth } = drawn(pixels, sharper);
    meter.add(scores, truth);
    expect(meter.result() / sharper).toBeGreaterThan(0.95);
    expect(meter.result() / sharper).toBeLessThan(1.05);
  }
});

test("pixels without a truth do not count, and nothing is 1", () => {
  const meter = makeTemperatureMeter(2);
  meter.add(Float32Array.of(5, 0), Uint8Array.of(255));
  expect(meter.result()).toBe(1);
});
