/** What we use of Cornerstone's codecs, which come without types. */

declare module "@cornerstonejs/codec-openjpeg/decodewasmjs" {
  const start: (options: {
    readonly print: (line: string) => void;
    readonly printErr: (line: string) => void;
  }) => Promise<{ readonly J2KDecoder: new () => import("../formats/dicom/codecs.ts").CodecDecoder }>;
  export default start;
}

declare module "@cornerstonejs/codec-charls/decodewasmjs" {
  const start: (options: {
    readonly print: (line: string) => void;
    readonly printErr: (line: string) => void;
  }) => Promise<{ readonly JpegLSDecoder: new () => import("../formats/dicom/codecs.ts").CodecDecoder }>;
  export default start;
}
