import type { JsonObject } from '../swml/json.ts';
import { formatPath } from '../swml/position.ts';
import type { Frame, MachineState } from './machine.ts';
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
  /** Of the step of the section that runs, or waits for what it began. */
  readonly index: number;
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
      index: indexOf(frame),
      params: frame.params,
      jumps: Object.fromEntries([...frame.jumps].map(([step, count]) => [formatPath(step.path), count])),
    })),
    transfers: state.transfers,
    vars,
  };
}

/** The place in the section's own list lies behind the step that was taken off it. */
function indexOf({ cursors }: Frame): number {
  const own = cursors[0];
  return own?.kind === 'block' ? Math.max(0, own.index - 1) : 0;
}
