import { gzipInBrowser, inflateInBrowser } from "../../src/browser/inflate.ts";
import { describeInflate } from "../support/inflate-cases.ts";

describeInflate("pako", { inflate: inflateInBrowser, gzip: gzipInBrowser });
