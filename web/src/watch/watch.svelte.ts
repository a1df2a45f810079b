/** What the screen Watch knows: the runs, those whose curves are shown, and what belongs to the one in focus. */
import type { RunState, SampleList, ServeState, WorstCases } from "../../../src/server/api.ts";
import type { StepRange } from "./buckets.ts";
import { controlRun, listenToRun, Refused, readModel, readSamples, readState, readWorst } from "./client.ts";
import { RunSeries } from "./series.ts";

/** Each has a stream, of which browsers allow six to a server, all else included. */
export const MOST_SHOWN = 4;
const POLL_MS = 5000;
const RETRY_MS = 3000;
/** Steps may come by the hundred a second: nobody reads curves that fast. */
const LEAST_REDRAW_MS = 100;
const KEY = "hipmri.watch";

/** locked: the server is another one, with another token. */
export type Connection = "opening" | "open" | "lost" | "locked";

/** Something that a run's state said while the page looked. */
export interface Note {
  readonly at: Date;
  readonly step: number;
  readonly text: string;
}

export interface Problem {
  readonly message: string;
  readonly hint: string | null;
}

/** A run whose curves are shown. */
interface Shown {
  readonly id: string;
  /** Its colour and line, kept as long as it is shown. */
  readonly slot: number;
  readonly series: RunSeries;
  readonly notes: Note[];
  end: (() => void) | undefined;
}

interface Kept {
  readonly focus: string | undefined;
  readonly shown: readonly string[];
}

function readKept(): Kept {
  const nothing: Kept = { focus: undefined, shown: [] };
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Partial<Kept> | null;
    const shown = Array.isArray(kept?.shown) ? kept.shown.slice(0, MOST_SHOWN) : [];
    return { focus: kept?.focus, shown };
  } catch {
    return nothing;
  }
}

export class Watch {
  connection = $state<Connection>("opening");
  runs = $state.raw<readonly RunState[]>([]);
  shown = $state.raw<readonly Shown[]>([]);
  focusId = $state<string | undefined>();
  /** Rises when points have come, once a redraw; the points themselves are not observed. */
  revision = $state(0);
  /** What is looked at closely; undefined: all steps. */
  range = $state.raw<StepRange | undefined>();
  samples = $state.raw<SampleList["samples"]>([]);
  worst = $state.raw<WorstCases | undefined>();
  /** Of an asked-for stop or resume. */
  answer = $state<string | undefined>();
  problem = $state.raw<Problem | undefined>();
  busy = $state<"stop" | "resume" | "model" | undefined>();

  #poll: ReturnType<typeof setTimeout> | undefined;
  #redraw: ReturnType<typeof setTimeout> | undefined;
  #drawnAt = 0;
  #isActive = false;
  /** Of what samples and worst cases were asked for last. */
  #samplesOf = "";
  #worstOf = "";
  #isAsking = false;

  get focus(): RunState | undefined {
    return this.runs.find(({ id }) => id === this.focusId);
  }

  get focusShown(): Shown | undefined {
    return this.shown.find(({ id }) => id === this.focusId);
  }

  nameOf(id: string): string {
    return this.runs.find((run) => run.id === id)?.name ?? id;
  }

  /** While the page can be seen. @returns ends it */
  start(): () => void {
    const follow = (): void => {
      if (document.visibilityState === "hidden") this.#pause();
      else this.#resume();
    };
    document.addEventListener("visibilitychange", follow);
    follow();
    return () => {
      document.removeEventListener("visibilitychange", follow);
      this.#pause();
    };
  }

  #resume(): void {
    if (this.#isActive) return;
    this.#isActive = true;
    void this.#ask();
  }

  /** Other pages need the connections; what is missed comes as a history. */
  #pause(): void {
    this.#isActive = false;
    clearTimeout(this.#poll);
    clearTimeout(this.#redraw);
    this.#redraw = undefined;
    for (const each of this.shown) this.#close(each);
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    clearTimeout(this.#poll);
    try {
      this.#take(await readState());
      this.connection = "open";
    } catch (error) {
      const isLocked = error instanceof Refused && error.status === 401;
      this.connection = isLocked ? "locked" : "lost";
    } finally {
      this.#isAsking = false;
    }
    if (!this.#isActive) return;
    if (this.connection === "open") {
      for (const each of this.shown) this.#open(each);
      await this.#askDetails();
    }
    clearTimeout(this.#poll);
    if (this.#isActive)
      this.#poll = setTimeout(() => void this.#ask(), this.connection === "open" ? POLL_MS : RETRY_MS);
  }

  #take({ runs }: ServeState): void {
    this.runs = runs;
    const isThere = (id: string | undefined): id is string => runs.some((run) => run.id === id);
    // A run whose folder was taken away.
    const left = this.shown.filter(({ id }) => isThere(id)).map(({ id }) => id);
    if (left.length < this.shown.length) this.#show(left);
    if (this.focusId !== undefined && !isThere(this.focusId)) {
      this.focusId = undefined;
      const [next] = left;
      if (next !== undefined) this.#setFocus(next);
    }
    if (this.focusId === undefined) {
      const kept = readKept();
      const shown = kept.shown.filter(isThere);
      const first = runs.find(({ status }) => status === "running" || status === "starting") ?? runs[0];
      const focus = isThere(kept.focus) ? kept.focus : first?.id;
      if (focus === undefined) return;
      this.#show(shown.includes(focus) ? shown : [focus]);
      this.focusId = focus;
    }
  }

  #show(ids: readonly string[]): void {
    for (const each of this.shown) if (!ids.includes(each.id)) this.#close(each);
    const kept = this.shown.filter(({ id }) => ids.includes(id));
    const taken = new Set(kept.map(({ slot }) => slot));
    const free = Array.from({ length: MOST_SHOWN }, (_, slot) => slot).filter((slot) => !taken.has(slot));
    const added = ids
      .filter((id) => !kept.some((each) => each.id === id))
      .map((id, i): Shown => ({ id, slot: free[i]!, series: new RunSeries(), notes: [], end: undefined }));
    this.shown = [...kept, ...added];
    if (this.#isActive) for (const each of added) this.#open(each);
    this.#keep();
  }

  #keep(): void {
    const kept: Kept = { focus: this.focusId, shown: this.shown.map(({ id }) => id) };
    sessionStorage.setItem(KEY, JSON.stringify(kept));
  }

  #open(shown: Shown): void {
    if (shown.end !== undefined) return;
    shown.end = listenToRun(shown.id, {
      history: (history) => {
        shown.series.replace(history);
        this.#touch();
      },
      step: (point) => {
        shown.series.addStep(point);
        this.#touch();
      },
      epoch: (point) => {
        shown.series.addEpoch(point);
        this.#touch();
      },
      status: (state) => this.#takeStatus(shown, state),
      broken: (isOver) => {
        if (isOver) this.#close(shown);
        // Tells at once whether there still is a server.
        void this.#ask();
      },
    });
  }

  #close(shown: Shown): void {
    shown.end?.();
    shown.end = undefined;
  }

  #takeStatus(shown: Shown, state: RunState): void {
    const before = this.runs.find(({ id }) => id === state.id);
    if (shown.notes.at(-1)?.text !== state.note) {
      shown.notes.push({ at: new Date(), step: state.stepsDone, text: state.note });
    }
    this.runs = this.runs.map((run) => (run.id === state.id ? state : run));
    if (state.id !== this.focusId) return;
    if (before?.status !== state.status || before.note !== state.note) this.answer = undefined;
    if (before?.epochsDone !== state.epochsDone || before.status !== state.status) void this.#askDetails();
  }

  /** Asks for a redraw with the next frame that is due. */
  #touch(): void {
    if (this.#redraw !== undefined) return;
    const wait = Math.max(0, this.#drawnAt + LEAST_REDRAW_MS - performance.now());
    this.#redraw = setTimeout(() => {
      requestAnimationFrame(() => {
        this.#redraw = undefined;
        this.#drawnAt = performance.now();
        this.revision++;
      });
    }, wait);
  }

  /** Samples are written a moment after their epoch's line: while it trains they are looked for at every turn. */
  async #askDetails(): Promise<void> {
    const run = this.focus;
    if (run === undefined) return;
    const { id, status, has, epochsDone } = run;
    const samplesOf = `${id} ${status} ${epochsDone} ${has.samples}`;
    const worstOf = `${id} ${status} ${has.metrics} ${has.testMetrics}`;
    const isLate = status === "running" && this.samples.at(-1)?.epoch !== epochsDone;
    const isStill = (): boolean => this.focusId === id;
    try {
      if (has.samples && (samplesOf !== this.#samplesOf || isLate)) {
        const { samples } = await readSamples(id);
        if (isStill()) this.samples = samples;
        this.#samplesOf = samplesOf;
      }
      if ((has.metrics || has.testMetrics) && worstOf !== this.#worstOf) {
        this.#worstOf = worstOf;
        const worst = await readWorst(id);
        if (isStill()) this.worst = worst;
      }
    } catch (error) {
      // Without a server the next turn says so; what it refuses to read is told.
      if (error instanceof Refused && isStill() && error.status !== 404) this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (error instanceof Refused) this.problem = { message: error.message, hint: error.hint };
    else this.connection = "lost";
  }

  /** Looks at a run: its curves are shown alone, or among those that are laid over each other. */
  look(id: string): void {
    if (id === this.focusId) return;
    const ids = this.shown.map((each) => each.id);
    if (!ids.includes(id)) {
      if (ids.length === 1) this.#show([id]);
      else this.#show([...ids.filter((each) => ids.length < MOST_SHOWN || each !== this.focusId), id]);
    }
    this.#setFocus(id);
  }

  #setFocus(id: string): void {
    this.focusId = id;
    this.range = undefined;
    this.samples = [];
    this.worst = undefined;
    this.#samplesOf = this.#worstOf = "";
    this.answer = this.problem = undefined;
    this.#keep();
    void this.#askDetails();
  }

  /** Lays a run's curves over the others, or takes them away. */
  lay(id: string, isShown: boolean): void {
    const ids = this.shown.map((each) => each.id).filter((each) => each !== id);
    if (isShown && ids.length < MOST_SHOWN) this.#show([...ids, id]);
    const [next] = ids;
    if (isShown || next === undefined) return;
    this.#show(ids);
    if (this.focusId === id) this.#setFocus(next);
  }

  async control(what: "stop" | "resume"): Promise<void> {
    const id = this.focusId;
    if (id === undefined || this.busy !== undefined) return;
    this.busy = what;
    this.problem = undefined;
    try {
      const { note } = await controlRun(id, what);
      if (this.focusId === id) this.answer = note;
    } catch (error) {
      this.#fail(error);
    } finally {
      this.busy = undefined;
    }
    void this.#ask();
  }

  /** The model that a run keeps, for the screen Segment; undefined where it could not be had. */
  async loadModel(): Promise<{ readonly name: string; readonly bytes: Uint8Array } | undefined> {
    const run = this.focus;
    if (run === undefined || this.busy !== undefined) return undefined;
    this.busy = "model";
    this.problem = undefined;
    try {
      return { name: `${run.name}.onnx`, bytes: await readModel(run.id) };
    } catch (error) {
      this.#fail(error);
      return undefined;
    } finally {
      this.busy = undefined;
    }
  }
}
