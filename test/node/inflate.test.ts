import { gzip, inflateGzip } from "../../src/node/inflate.ts";
import { describeInflate } from "../support/inflate-cases.ts";

describeInflate("zlib of Node", { inflate: inflateGzip, gzip });
