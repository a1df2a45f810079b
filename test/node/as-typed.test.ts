import { describe, expect, test } from "vitest";
import { buildProgram } from "../../src/cli/program.ts";
import { asTyped } from "../../src/node/as-typed.ts";

const NPX = { npm_lifecycle_event: "npx" };

describe("asTyped()", () => {
  test("by npx, puts it before commands, and before nothing else", () => {
    expect(asTyped("Next  hipmri train data --out runs/a", NPX)).toBe(
      "Next  npx hipmri train data --out runs/a",
    );
    expect(asTyped('"hipmri --help" tells more', NPX)).toBe('"npx hipmri --help" tells more');
    expect(asTyped("hipmri merge masks\n  $ hipmri demo", NPX)).toBe(
      "npx hipmri merge masks\n  $ npx hipmri demo",
    );
    for (const text of [
      "npx hipmri demo",
      "what hipmri writes",
      "/opt/hipmri info",
      "hipmri-unet demo",
      "hipmri trained it",
    ])
      expect(asTyped(text, NPX)).toBe(text);
  });

  test("else leaves them as they are", () => {
    expect(asTyped("hipmri demo", {})).toBe("hipmri demo");
    expect(asTyped("hipmri demo", { npm_lifecycle_event: "test" })).toBe("hipmri demo");
  });

  test("knows every verb", () => {
    const program = buildProgram({ argv: [], finish: () => undefined });
    for (const verb of program.commands.map((command) => command.name()))
      expect(asTyped(`hipmri ${verb}`, NPX)).toBe(`npx hipmri ${verb}`);
  });
});
