/** In a file of its own, so that the command's help does not load ONNX Runtime. */
export const DEVICE_NAMES = ["cpu", "webgpu", "cuda"] as const;
export type DeviceName = (typeof DEVICE_NAMES)[number];
