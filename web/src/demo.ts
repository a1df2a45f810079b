/** The model that comes with the page, and what its address asks for. */
import { TEXT } from "./text.ts";

export interface ModelSource {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** It comes with the page: there is no need to keep it. */
  readonly isDemo: boolean;
}

const DEMO_MODEL_URL = new URL("./demo/model.onnx", document.baseURI).href;

/** @throws Error where it cannot be fetched */
export async function demoModel(): Promise<ModelSource> {
  const response = await fetch(DEMO_MODEL_URL);
  if (!response.ok) throw new Error(`Cannot fetch the demo model: the server answered ${response.status}`);
  return { name: TEXT.model.demo, bytes: new Uint8Array(await response.arrayBuffer()), isDemo: true };
}

/** For measurements: "?threads=1". */
export function threadsWanted(): number | undefined {
  const text = new URL(location.href).searchParams.get("threads");
  return text === null || !/^[1-9]$/.test(text) ? undefined : Number(text);
}
