import { type Collected, type CollectOptions, collectInput } from '../../call/collect/collect-input.ts';
import type { CallLeg, RecogniseOptions, SpeechListener, SpeechListening } from '../../call/leg.ts';
import { callIds } from '../../engine/script-warning.ts';
import { newControlId, statusUrl } from '../../methods/common-params.ts';
import { operationOf } from '../../methods/operation.ts';
import type { JsonObject } from '../../swml/json.ts';
import type { Infer } from '../../swml/schema.ts';
import * as s from '../../swml/schema.ts';
import { type CommandContext, defineCommand } from './command.ts';
import { refusal } from './issues.ts';
import { collectsOf } from './running-collect.ts';

const MAX_AT_ONCE = 16;

const PARAMS = s.object(
  {
    control_id: newControlId,
    digits: s.object(
      {
        max: s.integer({ description: 'Keys to collect.', required: true, min: 1 }),
        terminators: s.string({
          description: 'Keys, any of which ends the input.',
          pattern: /^[0-9A-Da-d*#]*$/,
          allowed: 'digits 0-9, A-D, * and #',
          default: '',
        }),
        digit_timeout: s.number({
          description: 'Longest gap between two keys.',
          default: 5,
          min: 0,
          unit: 's',
        }),
      },
      { description: 'Collects keys.' },
    ),
    speech: s.object(
      {
        end_silence_timeout: s.number({ description: 'Silence that ends speech.', min: 0, unit: 's' }),
        speech_timeout: s.number({ description: 'Longest wait for speech.', min: 0, unit: 's' }),
        language: s.string({ description: 'Language to recognise, BCP 47.' }),
        hints: s.array(s.string({ description: 'A word.' }), { description: 'Words that are expected.' }),
        model: s.string({ description: 'Taken, and without effect: the model is that of the server.' }),
        engine: s.string({ description: 'Taken, and without effect: the engine is that of the server.' }),
      },
      { description: 'Collects speech.' },
    ),
    initial_timeout: s.number({ description: 'Longest wait for input.', default: 5, min: 0, unit: 's' }),
    continuous: s.boolean({
      description:
        'Goes on behind each result, until it is stopped, fails, or a wait that was started is over (`no_input`).',
      default: false,
    }),
    partial_results: s.boolean({
      description:
        'Tells what is understood so far while somebody speaks, with `final: false`; results have `final: true`.',
      default: false,
    }),
    send_start_of_input: s.boolean({ description: 'Tells when input begins.', default: false }),
    start_input_timers: s.boolean({
      description: 'Whether the waits begin at once; else with `calling.collect.start_input_timers`.',
      default: false,
    }),
    status_url: statusUrl('calling.call.collect'),
  },
  { description: 'Parameters of `calling.collect`.' },
);
type Params = Infer<typeof PARAMS>;

/** How `result.type` of the callback names what came of it (spec/callbacks.md 3.5). */
const TYPES = {
  digits: 'digit',
  speech: 'speech',
  noInput: 'no_input',
  noMatch: 'no_match',
  ended: 'finished',
  failed: 'error',
} as const satisfies Readonly<Record<Collected['kind'], string>>;

/** spec/rest.md 2.4 */
export const collect = defineCommand({
  name: 'calling.collect',
  summary: 'Collects keys, speech, or both, beside whatever the script does; what comes is told by callback.',
  params: PARAMS,
  callId: 'id',
  needsAnswer: true,
  examples: ['{"control_id": "pin", "digits": {"max": 4, "terminators": "#"}, "start_input_timers": true}'],
  run(context, params) {
    const { call, newId } = context;
    if (params.digits === undefined && params.speech === undefined) {
      const message = '"digits" and "speech" are missing: expected one of them, or both';
      throw refusal({ code: 'missing_required_parameter', message, attribute: 'digits' });
    }
    const controlId = params.control_id || newId();
    const collects = collectsOf(call);
    if (collects.has(controlId)) {
      const message = `a collection with the control id "${controlId}" runs on this call already`;
      throw refusal({ code: 'value_not_unique', message, attribute: 'control_id' });
    }
    if (collects.size >= MAX_AT_ONCE) {
      const message = `${MAX_AT_ONCE} collections run on this call, and no more may`;
      throw refusal({ code: 'invalid_state', message, attribute: 'id' });
    }
    const stopped = new AbortController();
    const timers = Promise.withResolvers<void>();
    if (params.start_input_timers) timers.resolve();
    collects.set(controlId, { stop: () => stopped.abort(), startTimers: () => timers.resolve() });
    const signal = AbortSignal.any([call.leg.signal, stopped.signal]);
    void run(context, params, controlId, signal, timers.promise).finally(() => collects.delete(controlId));
    return { control_id: controlId };
  },
});

/** Resolves when nothing is collected any more. */
function run(
  context: CommandContext,
  params: Params,
  controlId: string,
  signal: AbortSignal,
  timersStart: Promise<void>,
): Promise<void> {
  const report = reporter(context, controlId, params.status_url);
  const over = Promise.withResolvers<void>();
  /** Of the result before: what was said while that was being understood is part of the next one. */
  let former: SpeechListening | undefined;
  const recognise = (options: RecogniseOptions, listener: SpeechListener): SpeechListening => {
    const behind = { before: former?.behind, keepsBehind: params.continuous };
    former = context.call.leg.recognise({ ...options, ...behind }, listener);
    return former;
  };
  const tell = (collected: Collected): void => {
    if (collected.kind === 'failed') {
      context.log.warn({ control_id: controlId }, `collecting failed: ${collected.error}`);
    }
    const isResult = CONTINUES.has(collected.kind);
    const goesOn = params.continuous && isResult && !signal.aborted;
    report({
      result: resultOf(collected),
      ...(params.partial_results && isResult && { final: true }),
      ...(params.continuous && { state: stateOf(collected, goesOn) }),
    });
    // Keys take the place of what was said.
    if (!goesOn || collected.kind === 'digits') {
      former?.stop();
      former = undefined;
    }
    if (goesOn) begin();
    else over.resolve();
  };
  const begin = (): void => {
    void collectInput({
      ...optionsOf(context, params, recognise),
      ...(params.partial_results && {
        onPartial: (text: string) =>
          report({
            result: { type: 'speech', params: { text } },
            final: false,
            ...(params.continuous && { state: 'collecting' }),
          }),
      }),
      signal,
      timersStart,
      onStart: () => {
        if (!params.send_start_of_input) return;
        report({ result: { type: 'start_of_input' }, ...(params.continuous && { state: 'collecting' }) });
      },
      onSpeechLost: (error) =>
        context.log.warn({ control_id: controlId }, `speech is not understood: ${error}`),
      onCollected: tell,
    });
  };
  begin();
  return over.promise;
}

/** Results behind which a continuous collection goes on. */
const CONTINUES: ReadonlySet<Collected['kind']> = new Set(['digits', 'speech', 'noMatch']);

function stateOf({ kind }: Collected, goesOn: boolean): 'collecting' | 'finished' | 'error' {
  if (kind === 'failed') return 'error';
  return goesOn ? 'collecting' : 'finished';
}

function optionsOf(
  { call: { leg }, clock }: CommandContext,
  { digits, speech, initial_timeout }: Params,
  recognise: CallLeg['recognise'],
): Omit<CollectOptions, 'signal' | 'onStart' | 'onPartial' | 'onSpeechLost'> {
  return {
    leg,
    clock,
    sounds: [],
    volumeDb: 0,
    keys:
      digits === undefined
        ? undefined
        : {
            max: digits.max,
            terminators: digits.terminators.toUpperCase(),
            gapMs: digits.digit_timeout * 1000,
          },
    initialTimeoutMs: initial_timeout * 1000,
    listen:
      speech === undefined
        ? undefined
        : (listener) =>
            recognise(
              {
                language: speech.language?.trim() || undefined,
                hints: speech.hints ?? [],
                endSilence: speech.end_silence_timeout,
              },
              listener,
            ),
    speechTimeoutMs: speech?.speech_timeout === undefined ? undefined : speech.speech_timeout * 1000,
  };
}

function resultOf(collected: Collected): JsonObject {
  const type = TYPES[collected.kind];
  if (collected.kind === 'digits') {
    return { type, params: { digits: collected.digits, terminator: collected.terminator ?? '' } };
  }
  if (collected.kind === 'speech') {
    const { text, confidence } = collected;
    return { type, params: { text, ...(confidence !== undefined && { confidence }) } };
  }
  return { type };
}

function reporter({ call }: CommandContext, controlId: string, url: string | undefined) {
  const { info } = call.leg;
  return (event: JsonObject): void => {
    if (url === undefined) return;
    const params = { ...callIds(info), control_id: controlId, ...event };
    const operationId = operationOf(info.call_id, controlId);
    call.emit({ url, operationId, eventType: 'calling.call.collect', params });
  };
}
