import { describe, expect, test } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import { parseSweep, trialsOf } from "../../src/train/sweep.ts";

const trials = (
  texts: readonly string[],
  options: { readonly trials?: number; readonly seed?: number } = {},
) =>
  trialsOf(parseSweep(texts), { trials: options.trials, seed: options.seed ?? 0 }).map((settings) =>
    settings.map(({ text }) => text).join(" "),
  );

function problemsOf(texts: readonly string[]): readonly string[] {
  try {
    parseSweep(texts);
  } catch (error) {
    if (error instanceof HipError) return error.problems;
  }
  return [];
}

describe("parseSweep()", () => {
  test("reads values, also lists and objects, and ranges", () => {
    expect(
      parseSweep([
        "optimizer.kind=sgd, adamw",
        "unet.block=[conv,norm],[conv]",
        "input.size={width: 64, height: 32},null",
      ]),
    ).toEqual([
      { key: "optimizer.kind", kind: "list", values: ["sgd", "adamw"] },
      { key: "unet.block", kind: "list", values: ["[conv,norm]", "[conv]"] },
      { key: "input.size", kind: "list", values: ["{width: 64, height: 32}", "null"] },
    ]);
  });

  test.each([
    ["schedule.learningRate=1e-4..1e-2", 1e-4, 1e-2, "log", false],
    ["schedule.learningRate=lin:1e-4..1e-2", 1e-4, 1e-2, "linear", false],
    ["optimizer.momentum=0.5..0.9", 0.5, 0.9, "linear", false],
    ["loss.dice=log:1..2", 1, 2, "log", false],
    ["unet.baseWidth=8..64", 8, 64, "linear", true],
    ["unet.baseWidth=4..64", 4, 64, "log", true],
    ["optimizer.weightDecay=0..1", 0, 1, "linear", false],
    ["averageDecay=.9...99", 0.9, 0.99, "linear", false],
  ] as const)("%s", (text, low, high, scale, isInteger) => {
    expect(parseSweep([text])).toEqual([
      { key: text.split("=")[0], kind: "range", low, high, scale, isInteger },
    ]);
  });

  test("tells all that is wrong at once", () => {
    expect(
      problemsOf([
        "clipNorm",
        "clipNorm=1,,2",
        "clipNorm=2..1",
        "loss.dice=log:0..1",
        "loss.dice=a..b",
        "split.seed=1,2",
        "seed=1,1",
        "epochs=1,2",
        "epochs=3,4",
      ]),
    ).toEqual([
      '"clipNorm": expected key=VALUE,VALUE or key=LOW..HIGH with a dotted key',
      'clipNorm: expected values between the commas, got "1,,2"',
      "clipNorm: LOW must be below HIGH, got 2..1",
      "loss.dice: a range by the logarithm must be above 0, got log:0..1",
      'loss.dice: expected a range such as 1e-4..1e-2, got "a..b"',
      "split.seed: cannot be swept, since all trials must be judged on the same patients",
      'seed: names a value twice, "1,1"',
      "epochs: is swept twice",
    ]);
  });
});

describe("trialsOf()", () => {
  test("of lists is every combination, the last setting changing fastest", () => {
    const all = ["sgd 1", "sgd 2", "adamw 1", "adamw 2"];
    expect(trials(["optimizer.kind=sgd,adamw", "clipNorm=1,2"])).toEqual(all);
    expect(trials(["optimizer.kind=sgd,adamw", "clipNorm=1,2"], { trials: 9 })).toEqual(all);
  });

  test("draws some of the combinations, none twice", () => {
    const some = trials(["clipNorm=1,2,3,4,5", "loss.dice=1,2,3,4"], { trials: 19, seed: 3 });
    expect(new Set(some).size).toBe(19);
    expect(trials(["clipNorm=1,2,3,4,5", "loss.dice=1,2,3,4"], { trials: 19, seed: 3 })).toEqual(some);
    expect(trials(["clipNorm=1,2,3,4,5", "loss.dice=1,2,3,4"], { trials: 19, seed: 4 })).not.toEqual(some);
  });

  test("the first draws are the same however many are asked for", () => {
    const texts = ["schedule.learningRate=1e-4..1e-2", "optimizer.kind=sgd,adamw"];
    expect(trials(texts, { trials: 20 }).slice(0, 5)).toEqual(trials(texts, { trials: 5 }));
  });

  test("draws by the logarithm, within the ends, in four digits", () => {
    const rates = trials(["schedule.learningRate=1e-4..1e-2"], { trials: 300 }).map(Number);
    expect(Math.min(...rates)).toBeGreaterThanOrEqual(1e-4);
    expect(Math.max(...rates)).toBeLessThanOrEqual(1e-2);
    const below = rates.filter((rate) => rate < 1e-3).length;
    expect(below).toBeGreaterThan(120);
    expect(below).toBeLessThan(180);
    expect(rates.every((rate) => rate === Number(rate.toPrecision(4)))).toBe(true);
  });

  test("few draws cover each range and each list, independently of one another", () => {
    const halves = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const texts = ["schedule.learningRate=1e-4..1e-2", "optimizer.kind=sgd,adamw", "unet.levels=1..4"];
      const drawn = trials(texts, { trials: 4, seed }).map((text) => text.split(" "));
      const quarters = drawn.map(([rate]) => Math.floor(2 * Math.log10(Number(rate) / 1e-4)));
      expect(quarters.toSorted()).toEqual([0, 1, 2, 3]);
      expect(drawn.map(([, kind]) => kind).toSorted()).toEqual(["adamw", "adamw", "sgd", "sgd"]);
      expect(drawn.map(([, , levels]) => levels).toSorted()).toEqual(["1", "2", "3", "4"]);
      halves.add(drawn.map(([rate = "", kind]) => `${Number(rate) < 1e-3} ${kind}`).join());
    }
    expect(halves.size).toBeGreaterThan(8);
  });

  test("draws whole numbers of settings that are such, both ends included; fewer where there are no more", () => {
    expect(trials(["unet.levels=1..3"], { trials: 10 }).toSorted()).toEqual(["1", "2", "3"]);
    const wide = trials(["unet.baseWidth=4..64"], { trials: 20 }).map(Number);
    expect(wide.every(Number.isInteger)).toBe(true);
  });

  test("wants a number of draws of a range, and not more trials than anyone trains", () => {
    expect(() => trials(["clipNorm=1..2"])).toThrow("--trials is needed: clipNorm is a range");
    const many = Array.from({ length: 40 }, (_, i) => i + 1).join();
    expect(() => trials([`clipNorm=${many}`, `loss.dice=${many}`])).toThrow(
      "Cannot sweep over 1600 trials: the most is 1000",
    );
  });
});
