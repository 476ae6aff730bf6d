import { type JsonObject, type JsonValue, member, preview } from '../../swml/json.ts';
import type { Path } from '../../swml/position.ts';
import { variablePath } from '../../swml/scope.ts';
import { SwmlError } from '../../swml/errors.ts';
import { membersOf } from '../callback-recorder.ts';
import { compare, compareKeys, type Difference, matches } from '../partial.ts';
import type { VirtualCall } from '../virtual-call.ts';
import { checkMeasure, checkRecording, checkSamples } from './check-recording.ts';
import type { Expectations } from './format-expect.ts';
import { type DiffLine, diffSequences, missingFrom } from './sequence.ts';

/** Something that is not as expected. */
export interface Failure {
  /** Where the expectation stands, from the test on. */
  readonly path: Path;
  /** One sentence. */
  readonly message: string;
  readonly differences?: readonly Difference[];
  /** Of sequences. */
  readonly diff?: readonly DiffLine[];
}

const TIME_TOLERANCE_S = 0.05;

/** Everything that is not as expected of a call that is over. */
export function checkCall(call: VirtualCall, expected: Expectations | undefined): readonly Failure[] {
  const failures: Failure[] = [];
  const check = <K extends keyof Expectations>(
    name: K,
    test: (wanted: NonNullable<Expectations[K]>) => Omit<Failure, 'path'> | undefined,
  ): void => {
    const wanted = expected?.[name];
    if (wanted === undefined) return;
    const failure = test(wanted);
    if (failure !== undefined) failures.push({ path: ['expect', name], ...failure });
  };
  const equal = (message: string, differences: readonly Difference[]): Omit<Failure, 'path'> | undefined =>
    differences.length === 0 ? undefined : { message, differences };

  if (expected?.error === undefined && call.error !== undefined) {
    failures.push({ path: [], message: `The script ended with an error: ${call.error.message}` });
  }
  for (const request of call.web.unanswered) {
    failures.push({
      path: ['web'],
      message: `Nothing answers for ${request}: name it under "web", or let it fail there`,
    });
  }
  for (const reason of call.web.unreadable) {
    failures.push({ path: ['web'], message: `The file of an answer cannot be read: ${reason}` });
  }
  check('error', (wanted) =>
    equal('The script did not end as expected', compare(codeOf(call.error), wanted)),
  );
  check('end', (wanted) => {
    const { by, reason } = call.end ?? {};
    const found = { by: by === 'remote' ? 'caller' : 'document', reason };
    return equal('The call did not end as expected', compare(found, wanted));
  });
  check('answered', (wanted) => {
    const answered = call.timeline.some(
      ({ kind, text, leg }) => kind === 'call' && text === 'answered' && leg === undefined,
    );
    return equal('The call was answered or not', compare(answered, wanted));
  });
  check('seconds', (wanted) =>
    equal(
      'The call did not last as long as expected',
      checkMeasure(call.seconds, wanted, TIME_TOLERANCE_S, '', 's'),
    ),
  );
  check('steps', (wanted) => sequence('Other steps ran', wanted, call.steps, fitsStep, showStep));
  check('steps_include', (wanted) => included('A step did not run', wanted, call.steps, fitsStep));
  check('vars', (wanted) => equal('Variables have other values', compare(call.vars, wanted)));
  check('unset', (wanted) => {
    const set = wanted.filter((name) => variableOf(call.vars, name) !== undefined);
    return set.length === 0 ? undefined : { message: `These variables are set: ${set.join(', ')}` };
  });
  check('spoken', (wanted) =>
    sequence('Other texts were spoken', wanted, call.spoken, matches, JSON.stringify),
  );
  check('transcript', (wanted) => equal('The caller heard other words', compare(call.transcript, wanted)));
  check('played', (wanted) => sequence('Other files were played', wanted, call.played, matches, String));
  check('heard', (wanted) =>
    equal('The caller heard something else', checkSamples(call.heard, call.sampleRate, wanted, '')),
  );
  check('user_events', (wanted) => equal('Other events were sent', compare(call.userEvents, wanted)));
  check('keys_sent', (wanted) => equal('Other keys were sent', compareKeys(call.keysSent, wanted)));
  check('recordings', (wanted) => checkRecordings(call, wanted));
  check('callbacks', (wanted) =>
    sequence('Other callbacks arrived', wanted, callbacksOf(call), matches, showCallback),
  );
  check('callbacks_include', (wanted) =>
    included('A callback did not arrive', wanted, callbacksOf(call), matches),
  );
  check('requests', (wanted) =>
    sequence('Other requests were made', wanted, requestsOf(call), matches, showRequest),
  );
  check('warnings', (wanted) => {
    const codes = call.timeline.flatMap(({ kind, text }) => (kind === 'warning' ? [text] : []));
    return sequence('Other warnings were given', wanted, codes, matches, String);
  });
  return failures;
}

/** All of a sequence: patterns item by item when there are as many as expected, else as a diff. */
export function sequence<E, F>(
  message: string,
  expected: readonly E[],
  found: readonly F[],
  fits: (found: F, expected: E) => boolean,
  show: (found: F) => string,
): Omit<Failure, 'path'> | undefined {
  if (expected.length === found.length && fits === (matches as unknown)) {
    const differences = expected.flatMap((item, index) => compare(found[index], item, `[${index}]`));
    return differences.length === 0 ? undefined : { message, differences };
  }
  const diff = diffSequences(expected, found, fits, {
    expected: (item) => preview(item as JsonValue, 200),
    found: show,
  });
  return diff === undefined ? undefined : { message, diff };
}

function included<E, F>(
  message: string,
  expected: readonly E[],
  found: readonly F[],
  fits: (found: F, expected: E) => boolean,
): Omit<Failure, 'path'> | undefined {
  const missing = missingFrom(expected, found, fits);
  return missing === undefined
    ? undefined
    : { message: `${message}, or not in this order: ${preview(missing as JsonValue, 200)}` };
}

function checkRecordings(
  call: VirtualCall,
  wanted: NonNullable<Expectations['recordings']>,
): Omit<Failure, 'path'> | undefined {
  const { recordings } = call;
  const differences = wanted.flatMap((expected, index) =>
    recordings[index] === undefined ? [] : checkRecording(recordings[index], expected, `[${index}]`),
  );
  if (recordings.length !== wanted.length) {
    differences.push({ path: '', expected: `${wanted.length} recordings`, found: String(recordings.length) });
  }
  return differences.length === 0
    ? undefined
    : { message: 'The recordings are not as expected', differences };
}

type Step = VirtualCall['steps'][number];

function fitsStep(step: Step, expected: unknown): boolean {
  return typeof expected === 'string' ? matches(step.method, expected) : matches(step, expected);
}

function showStep({ method, section, line, outcome }: Step): string {
  const where = section === 'main' ? `line ${line}` : `${section}, line ${line}`;
  return `${method} (${where})${outcome === 'next' || outcome === undefined ? '' : ` ${outcome}`}`;
}

type Shown = Readonly<Record<string, unknown>>;

function callbacksOf(call: VirtualCall): readonly Shown[] {
  return call.callbacks.all.map(membersOf);
}

function showCallback({ event_type: event, params, url }: Shown): string {
  const { state } = (params ?? {}) as Shown;
  return `${String(event ?? url)}${state === undefined ? '' : ` ${String(state)}`}`;
}

function requestsOf(call: VirtualCall): readonly Shown[] {
  return call.web.requests.flatMap(({ purpose, ...request }) => (purpose === 'callback' ? [] : [request]));
}

function showRequest({ method, url, body }: Shown): string {
  return `${String(method)} ${String(url)}${body === '' ? '' : ` ${preview(String(body), 80)}`}`;
}

/** Of a variable, or of a member of one: names are as in `set`. */
function variableOf(vars: JsonObject, name: string): JsonValue | undefined {
  return member(vars, name) ?? variablePath(name)?.reduce<JsonValue | undefined>(member, vars);
}

function codeOf(error: Error | undefined): string | undefined {
  return error instanceof SwmlError ? error.code : error?.message;
}
