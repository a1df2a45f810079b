import { describe, expect, test } from "vitest";
import { csvOf } from "../../web/src/csv.ts";

describe("csvOf()", () => {
  test("has a line for each label, in lines that end as RFC 4180 has them", () => {
    const rows = [
      { name: "bladder", voxels: 1000, ml: 12.3456789 },
      { name: "bone", voxels: 0, ml: null },
    ];
    expect(csvOf("case_1", rows)).toBe(
      "scan,label,voxels,ml\r\ncase_1,bladder,1000,12.3457\r\ncase_1,bone,0,\r\n",
    );
  });
  test("quotes what would break a line", () => {
    expect(csvOf('a,"b"\nc', [{ name: "x", voxels: 1, ml: 1 }])).toContain('\r\n"a,""b""\nc",x,1,1\r\n');
  });
  test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])(
    "gives %j as text, not as a formula",
    (name) => {
      expect(csvOf("s", [{ name, voxels: 1, ml: 1 }]).split("\r\ns,")[1]).toMatch(/^"?'/);
    },
  );
});
