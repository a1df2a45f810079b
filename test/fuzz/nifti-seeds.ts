/** Good files from which the fuzzer starts: every dtype, byte order, version, form, packing. */
import { gzip } from "../../src/node/inflate.ts";
import { buildPair, buildSingle, DTYPES, type Dtype, type NiftiPlan } from "./build-nifti.ts";

/** Files of one folder, and which of them is opened. */
export interface Given {
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly name: string;
}

const SROW = [-1.5, 0, 0.1, 20, 0, -2, 0, 30, 0.2, 0, 3, -40];
const QFORM = [0, 0.0998334, 0.995004, 20, 30, -40];

function planOf(n: number, dtype: Dtype): NiftiPlan {
  const shape = [[3, 2, 2], [4, 3], [5], [2, 2, 2, 2, 1]][n % 4]!;
  const voxels = shape.reduce((product, size) => product * size, 1);
  return {
    version: n % 3 === 0 ? 2 : 1,
    little: n % 2 === 0,
    dtype,
    shape,
    stored: Array.from({ length: voxels }, (_, i) => (7 * i) % 100),
    slope: [1, 0, 0.5, Number.NaN][n % 4]!,
    inter: n % 5,
    ...(n % 3 === 1 ? {} : { srow: SROW }),
    ...(n % 4 === 3 ? {} : { qform: QFORM }),
    ...(n % 5 === 0 ? { extensions: [[6, 24]] as const, gap: 0 } : { gap: n % 7 === 0 ? 5 : 0 }),
  };
}

const PLANS = [...Object.keys(DTYPES), ...Object.keys(DTYPES)].map((dtype, n) => planOf(n, dtype as Dtype));

/** Uncompressed single files. */
export const SINGLES: readonly Uint8Array[] = PLANS.map(buildSingle);

/** Each as one .nii, one .nii.gz, and a pair in one of the packings. */
export const SEEDS: readonly Given[] = PLANS.flatMap((plan, n) => {
  const single = SINGLES[n]!;
  const { hdr, img } = buildPair(plan);
  const [zipHdr, zipImg] = [n % 2 === 1, n % 3 === 1];
  const [hdrName, imgName] = [zipHdr ? "x.hdr.gz" : "x.hdr", zipImg ? "x.img.gz" : "x.img"];
  const pair = { [hdrName]: zipHdr ? gzip(hdr) : hdr, [imgName]: zipImg ? gzip(img) : img };
  return [
    { files: { "x.nii": single }, name: "x.nii" },
    { files: { "x.nii.gz": gzip(single) }, name: "x.nii.gz" },
    { files: pair, name: n % 4 < 2 ? hdrName : imgName },
  ];
});
