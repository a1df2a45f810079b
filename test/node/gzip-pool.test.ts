import { expect, test } from "vitest";
import { gzipInPool } from "../../src/node/gzip-pool.ts";
import { gzip, inflateGzip } from "../../src/node/inflate.ts";

test("gzipInPool() gives the bytes of gzip()", async () => {
  for (const size of [0, 1, 1000, 100_000]) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => (i * i) % 251);
    const packed = await gzipInPool(bytes);
    expect(packed).toEqual(gzip(bytes));
    expect(await inflateGzip(packed, 2 ** 20)).toEqual(bytes);
  }
});
