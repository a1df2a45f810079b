/**
 * What `hipmri serve` answers under /api, as types: the page imports them. No import of Node here.
 *
 * GET  /api/state                      ServeState
 * GET  /api/runs/ID                    RunState
 * GET  /api/runs/ID/events             text/event-stream of RunEvents
 * GET  /api/runs/ID/samples            SampleList
 * GET  /api/runs/ID/samples/NAME       image/png
 * GET  /api/runs/ID/report             report.html, sandboxed
 * GET  /api/runs/ID/files/NAME         NAME of RUN_JSON_FILES, as it is in the run folder
 * GET  /api/runs/ID/worst              WorstCases
 * GET  /api/runs/ID/model              model.onnx
 * POST /api/runs/ID/stop, …/resume     ControlAnswer, 202; 409 where it cannot be done now
 *
 * Whatever fails is an ApiError with its status. A POST needs the page's own Origin, or "Authorization: Bearer TOKEN".
 */

/** JSON files of a run folder that can be asked for by name. */
export const RUN_JSON_FILES = ["metrics.json", "test-metrics.json", "config.json", "split.json"] as const;

/**
 * waiting: no training has begun there yet. starting: resumed from here, the data are being read. running: a living
 * process trains. stopped: saved, can go on. finished: judged, with metrics.json. failed: ended by an error or killed.
 */
export type RunStatus = "waiting" | "starting" | "running" | "stopped" | "finished" | "failed";

export interface RunLabel {
  readonly id: number;
  readonly name: string;
  /** "#rrggbb", the same in every figure. */
  readonly colour: string;
}

/** One step, or several as one where a log is long. */
export interface StepPoint {
  /** Steps done with the last of these. */
  readonly step: number;
  /** Epoch under way, from 1. */
  readonly epoch: number;
  /** Mean of these steps; likewise below. */
  readonly loss: number;
  readonly lossMin: number;
  readonly lossMax: number;
  readonly learningRate: number;
  readonly gradientNorm: number | null;
  /** That one step took, validation left out. */
  readonly seconds: number | null;
  /** How many steps this stands for. */
  readonly count: number;
}

/** One validation. */
export interface EpochPoint {
  readonly step: number;
  /** Epochs done, this one included. */
  readonly epoch: number;
  /** Mean over the epoch's steps. */
  readonly loss: number | null;
  readonly validationLoss: number | null;
  /** Mean over the foreground labels. */
  readonly foregroundDice: number | null;
  /** By label name. */
  readonly dice: Readonly<Record<string, number | null>>;
  readonly isBest: boolean;
}

export interface RunPlan {
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
}

/** Whether something can be asked of a run now, and why not. */
export interface Can {
  readonly can: boolean;
  /** One sentence; null where it can be done. */
  readonly why: string | null;
}

export interface RunState {
  /** Made by the server from where the run lies; holds over restarts. */
  readonly id: string;
  /** The last parts of the path that tell it from the other runs. */
  readonly name: string;
  /** For people. */
  readonly path: string;
  readonly status: RunStatus;
  /** One sentence for people, e.g. "Waiting for training to start". */
  readonly note: string;
  /** First 12 hexadecimal digits of the SHA-256 of config.json; null before it is there. */
  readonly configDigest: string | null;
  readonly preset: string | null;
  readonly seed: number | null;
  /** Foreground; empty as long as nothing tells them. */
  readonly labels: readonly RunLabel[];
  /** Whether the data come from a phantom; null where that is not known. */
  readonly synthetic: boolean | null;
  readonly plan: RunPlan | null;
  /** Steps and epochs in the log. */
  readonly stepsDone: number;
  readonly epochsDone: number;
  readonly lastEpoch: EpochPoint | null;
  /** The epoch whose model is kept. */
  readonly bestEpoch: EpochPoint | null;
  /** Over the last steps, without validation; null where none is known. */
  readonly stepsPerSecond: number | null;
  /** Until the last step, validations included and the judging at the end not; null unless it is running. */
  readonly secondsLeft: number | null;
  readonly stop: Can;
  readonly resume: Can;
  readonly has: {
    readonly log: boolean;
    readonly model: boolean;
    readonly metrics: boolean;
    readonly testMetrics: boolean;
    readonly report: boolean;
    readonly samples: boolean;
  };
}

export interface ServeState {
  /** Of hipmri-unet. */
  readonly version: string;
  /** Whether RUN was given to `hipmri serve`: else the page has nothing to watch. */
  readonly isWatching: boolean;
  /** In the order given, then by name. */
  readonly runs: readonly RunState[];
}

/** `event: history`: what the log holds so far. It takes the place of all that came before. */
export interface HistoryEvent {
  /** At most 2,000 points. */
  readonly steps: readonly StepPoint[];
  /** All of them. */
  readonly epochs: readonly EpochPoint[];
}

/**
 * The events of a run, by name, with their data as JSON. history, step and epoch have an id: where in log.jsonl the
 * next line begins, in bytes, and which file that was. After a break a browser sends the last id, and gets what it
 * missed; where the log has been cut back meanwhile, it gets a new history. Comments (": alive") come every 15 s.
 */
export interface RunEvents {
  readonly history: HistoryEvent;
  readonly step: StepPoint;
  readonly epoch: EpochPoint;
  /** First of all, and whenever something of it has changed; at most once a second. */
  readonly status: RunState;
}
export type RunEventName = keyof RunEvents;

export interface SampleList {
  readonly samples: readonly {
    /** E.g. "epoch-0001.png". */
    readonly name: string;
    readonly epoch: number;
    /** Changes whenever the picture does: to be put behind "?v=". */
    readonly version: string;
  }[];
}

export interface WorstCase {
  readonly id: string;
  readonly patient: string;
  /** Over the foreground labels. */
  readonly meanDice: number | null;
  readonly labels: readonly {
    readonly id: number;
    readonly name: string;
    readonly dice: number | null;
    readonly hd95Mm: number | null;
    readonly state: string;
  }[];
}

/** The cases of metrics.json (of test-metrics.json where there is one), worst first, at most 50. */
export interface WorstCases {
  readonly split: string;
  readonly total: number;
  readonly cases: readonly WorstCase[];
}

export interface ControlAnswer {
  readonly accepted: true;
  /** What happens now. */
  readonly note: string;
}

export interface ApiError {
  readonly error: {
    readonly message: string;
    readonly hint: string | null;
  };
}
