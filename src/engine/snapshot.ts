import type { JsonObject } from '../swml/json.ts';
import { formatPath } from '../swml/position.ts';
import type { MachineState } from './machine.ts';
import type { StepRun } from './step-run.ts';
import type { StepPlace } from './trace.ts';

/** Where a script stands at a moment; plain data. */
export interface ScriptSnapshot {
  readonly sessionId: string;
  /** The step that runs, or ran last. */
  readonly step: StepPlace | undefined;
  /** Sections from the outermost to the running one. */
  readonly frames: readonly FrameSnapshot[];
  readonly transfers: number;
  readonly vars: JsonObject;
}

export interface FrameSnapshot {
  readonly file: string | undefined;
  readonly section: string;
  readonly params: JsonObject;
  /** Jumps taken by the `goto` steps of this activation, by their paths. */
  readonly jumps: Readonly<Record<string, number>>;
}

export function describeState(
  sessionId: string,
  state: MachineState,
  current: StepRun | undefined,
  vars: JsonObject,
): ScriptSnapshot {
  return {
    sessionId,
    step: current?.place,
    frames: state.frames.map((frame) => ({
      file: frame.document.file,
      section: frame.section,
      params: frame.params,
      jumps: Object.fromEntries([...frame.jumps].map(([step, count]) => [formatPath(step.path), count])),
    })),
    transfers: state.transfers,
    vars,
  };
}
