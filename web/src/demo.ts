/** Where the demo model lies beside the page. */
export const DEMO_MODEL_URL = new URL("./demo/model.onnx", document.baseURI).href;
