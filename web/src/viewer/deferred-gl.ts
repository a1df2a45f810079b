/**
 * Lets a library compile its WebGL programs without waiting for each. Drivers compile while the page goes on, until
 * somebody asks how it went or where a uniform is: such questions are answered later, and what was to be set is set then.
 */
import { inTurns, nextTask } from "../turns.ts";

/** Stands for the place of a uniform until it is known. Lives where NiiVue keeps the real one. */
class UniformPlace {
  readonly program: WebGLProgram;
  readonly name: string;
  /** undefined: not asked yet. */
  real: WebGLUniformLocation | null | undefined;
  constructor(program: WebGLProgram, name: string) {
    this.program = program;
    this.name = name;
  }
}

interface Setting {
  readonly place: UniformPlace;
  set(): void;
}

export interface DeferredGl {
  /**
   * Waits until everything is compiled; from then on the context is as it was, but for places given before.
   * @throws Error where the driver refused a program
   */
  settle(): Promise<void>;
}

/** Puts methods before the context's own, until the function that comes back is called. */
function detour(gl: WebGL2RenderingContext, methods: Partial<WebGL2RenderingContext>): () => void {
  for (const [name, value] of Object.entries(methods))
    Object.defineProperty(gl, name, { value, configurable: true });
  // The context's own are its prototype's.
  return () => {
    for (const name of Object.keys(methods)) Reflect.deleteProperty(gl, name);
  };
}

/** Nothing is drawn, and nobody asks whether it could be, until the function that comes back is called. */
const muteDrawing = (gl: WebGL2RenderingContext): (() => void) =>
  detour(gl, {
    drawArrays: () => {},
    drawElements: () => {},
    checkFramebufferStatus: () => gl.FRAMEBUFFER_COMPLETE,
  });

/** Work whose pictures nobody looks at, without the waiting for them. */
export function withoutDrawing(gl: WebGL2RenderingContext, work: () => void): void {
  const draw = muteDrawing(gl);
  try {
    work();
  } finally {
    draw();
  }
}

const isSetter = (name: string): boolean => /^uniform(\d|Matrix)/.test(name);

/** What a caller may fill anew before it is used. */
const keep = (value: unknown): unknown => (ArrayBuffer.isView(value) ? structuredClone(value) : value);

/** @param gl its programs until settle() are compiled without waiting */
export function deferCompiling(gl: WebGL2RenderingContext): DeferredGl {
  const plainLocation = gl.getUniformLocation.bind(gl);
  const plainParameter = gl.getProgramParameter.bind(gl);
  const parallel = gl.getExtension("KHR_parallel_shader_compile");
  const programs = new Set<WebGLProgram>();
  const settings: Setting[] = [];
  const plainUse = gl.useProgram.bind(gl);
  let current: WebGLProgram | null = null;
  let isPending = true;

  const locate = (place: UniformPlace): WebGLUniformLocation | null => {
    if (place.real === undefined) place.real = plainLocation(place.program, place.name);
    return place.real;
  };
  const ask = detour(gl, {
    getUniformLocation(program, name) {
      programs.add(program);
      return new UniformPlace(program, name);
    },
    getProgramParameter(program, name) {
      if (name !== gl.LINK_STATUS) return plainParameter(program, name);
      programs.add(program);
      return true;
    },
    // A context asks how the program went before it takes it.
    useProgram(program) {
      current = program;
    },
  });
  // There is no program to draw with yet, and nothing to draw.
  const draw = muteDrawing(gl);
  // These stay: NiiVue goes on with the places that it was given.
  for (const name of Object.getOwnPropertyNames(WebGL2RenderingContext.prototype).filter(isSetter)) {
    const plain: unknown = Reflect.get(gl, name);
    if (typeof plain !== "function") continue;
    const set = (place: unknown, ...values: readonly unknown[]): void => {
      if (!(place instanceof UniformPlace)) Reflect.apply(plain, gl, [place, ...values]);
      else if (!isPending) Reflect.apply(plain, gl, [locate(place), ...values]);
      else {
        const kept = values.map(keep);
        settings.push({ place, set: () => Reflect.apply(plain, gl, [locate(place), ...kept]) });
      }
    };
    Object.defineProperty(gl, name, { value: set, configurable: true });
  }

  async function compiled(): Promise<void> {
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    if (fence === null) return;
    const isDone = (): boolean =>
      gl.isContextLost() ||
      (gl.getSyncParameter(fence, gl.SYNC_STATUS) === gl.SIGNALED &&
        (parallel === null ||
          [...programs].every((program) => plainParameter(program, parallel.COMPLETION_STATUS_KHR))));
    while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 5));
    gl.deleteSync(fence);
  }

  return {
    async settle() {
      await compiled();
      const all = [...programs];
      await inTurns(all.length, (i) => {
        const program = all[i]!;
        if (!gl.isContextLost() && plainParameter(program, gl.LINK_STATUS) !== true)
          throw new Error(`The graphics driver refused a program: ${gl.getProgramInfoLog(program)}`);
        // The first question about a program fetches the answers to all.
        for (const { place } of settings) if (place.program === program) locate(place);
      });
      await nextTask();
      for (const { place, set } of settings) {
        plainUse(place.program);
        set();
      }
      settings.length = 0;
      plainUse(current);
      isPending = false;
      ask();
      draw();
    },
  };
}
