import { describe, expect, it } from "vitest";
import { checkHost, cookieOf, hostsOf, isSameSecret, makeKeys, makeSecret } from "../../src/server/guard.ts";

describe("secrets", () => {
  it("are 256 random bits, each of its own", () => {
    const keys = makeKeys(8017);
    const all = [keys.token, keys.session, makeSecret(), makeSecret()];
    expect(new Set(all).size).toBe(4);
    for (const each of all) expect(Buffer.from(each, "base64url")).toHaveLength(32);
    expect(cookieOf(keys)).toBe(`hipmri-8017=${keys.session}; Path=/; HttpOnly; SameSite=Strict`);
  });

  it("are compared whole, whatever their lengths", () => {
    expect(isSameSecret("abc", "abc")).toBe(true);
    for (const other of ["", "ab", "abd", "abcd", "ABC"]) expect(isSameSecret("abc", other)).toBe(false);
  });
});

describe("checkHost()", () => {
  it("knows two names, on port 80 without it too", () => {
    expect(hostsOf(8017)).toEqual(["127.0.0.1:8017", "localhost:8017"]);
    expect(checkHost("localhost", 80)).toBeUndefined();
    expect(checkHost("localhost", 8017)).toMatchObject({ status: 403 });
    expect(checkHost(undefined, 8017)).toMatchObject({ status: 403 });
  });
});
