import { isDeepStrictEqual } from 'node:util';
import { type DiffLine, diffSequences } from '../files/sequence.ts';
import type { Outcome, RecordingOutcome } from './outcome.ts';

/** One respect in which two runs of a call differ. */
export interface OutcomeDifference {
  /** E.g. `steps`. */
  readonly what: string;
  readonly lines: readonly DiffLine[];
}

/** The same caller comes some hundredths of a second earlier or later. */
const LENGTH_TOLERANCE_S = 0.15;
const CALL_TOLERANCE_S = 1;

/** In what two runs differ: what was then, and what is now. */
export function compareOutcomes(then: Outcome, now: Outcome): readonly OutcomeDifference[] {
  const differences: OutcomeDifference[] = [];
  const texts = (what: string, before: readonly string[], after: readonly string[]): void => {
    const lines = diffSequences(before, after, (one, other) => one === other, {
      expected: String,
      found: String,
    });
    if (lines !== undefined) differences.push({ what, lines });
  };
  texts('steps', then.steps, now.steps);
  texts('spoken texts', then.spoken, now.spoken);
  texts('played files', then.played, now.played);
  texts('called parties', then.parties, now.parties);
  const recordings = diffSequences(then.recordings, now.recordings, isAlike, {
    expected: describe,
    found: describe,
  });
  if (recordings !== undefined) differences.push({ what: 'recordings', lines: recordings });
  texts('requests', then.requests, now.requests);
  texts('callbacks', then.callbacks, now.callbacks);
  texts('errors and warnings', then.problems, now.problems);
  const variables = [...new Set([...Object.keys(then.vars), ...Object.keys(now.vars)])].sort();
  const changed = variables.filter((name) => !isDeepStrictEqual(then.vars[name], now.vars[name]));
  texts('variables', changed.flatMap(assigned(then)), changed.flatMap(assigned(now)));
  texts('end of the call', [then.end ?? 'none'], [now.end ?? 'none']);
  if (Math.abs(then.length - now.length) > CALL_TOLERANCE_S) {
    texts('length of the call', [`${then.length.toFixed(1)} s`], [`${now.length.toFixed(1)} s`]);
  }
  return differences;
}

function assigned({ vars }: Outcome): (name: string) => readonly string[] {
  return (name) => (vars[name] === undefined ? [] : [`${name} = ${JSON.stringify(vars[name])}`]);
}

function isAlike(one: RecordingOutcome, other: RecordingOutcome): boolean {
  return (
    one.of === other.of &&
    one.state === other.state &&
    one.endedBy === other.endedBy &&
    Math.abs(one.length - other.length) <= LENGTH_TOLERANCE_S
  );
}

function describe({ of, state, endedBy, length }: RecordingOutcome): string {
  return `${of === undefined ? '' : `${of}: `}${state}, ended by ${endedBy}, ${length.toFixed(2)} s`;
}
