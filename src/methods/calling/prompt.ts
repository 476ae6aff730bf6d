import { type Collected, collectInput } from '../../call/collect/collect-input.ts';
import { CallError } from '../../call/leg.ts';
import type { JsonObject } from '../../swml/json.ts';
import * as s from '../../swml/schema.ts';
import { statusUrl } from '../common-params.ts';
import type { MethodContext } from '../context.ts';
import { NEXT } from '../flow.ts';
import { isReplaced } from '../is-replaced.ts';
import { defineMethod } from '../method.ts';
import { SPEECH_PROPERTIES, soundSchema, soundsOf } from '../sound-params.ts';

/** spec/media.md 4.1 */
const MAX_DIGITS = 1;
const DIGIT_TIMEOUT = 5;
const INITIAL_TIMEOUT = 5;

const DIGIT_PROPERTIES = ['max_digits', 'terminators', 'digit_timeout', 'initial_timeout'] as const;
/** `speech_engine` alone enables nothing. */
const HEARING_PROPERTIES = [
  'speech_timeout',
  'speech_end_timeout',
  'speech_language',
  'speech_hints',
] as const;
const OUTPUTS = [
  'prompt_result',
  'prompt_value',
  'prompt_value_raw',
  'prompt_digit_terminator',
  'prompt_speech_confidence',
] as const;

/** How `prompt_result` and the `result.type` of the callback name what came of it (4.3, 4.5). */
const NAMES = {
  digits: { result: 'match_digits', event: 'digit' },
  speech: { result: 'match_speech', event: 'speech' },
  noInput: { result: 'no_input', event: 'no_input' },
  noMatch: { result: 'no_match', event: 'no_match' },
  ended: { result: 'failed', event: 'finished' },
  failed: { result: 'failed', event: 'error' },
} as const satisfies Readonly<Record<Collected['kind'], { readonly result: string; readonly event: string }>>;

/** spec/media.md 4 */
export const prompt = defineMethod({
  name: 'prompt',
  kind: 'calling',
  summary: 'Plays sounds and collects keys, speech, or both.',
  params: s.object(
    {
      play: s.union(
        [
          soundSchema({ description: 'One sound.' }),
          s.array(soundSchema({ description: 'A sound.' }), { description: 'Sounds.' }),
        ],
        { description: 'What is played; input stops it.', required: true },
      ),
      volume: s.number({ description: 'Gain.', default: 0, min: -40, max: 40, unit: 'dB' }),
      ...SPEECH_PROPERTIES,
      max_digits: s.integer({
        description: 'Keys to collect. Setting it turns keys on.',
        defaultText: '1',
        min: 1,
      }),
      terminators: s.string({
        description: 'Keys, any of which ends the input. Setting it turns keys on.',
        pattern: /^[0-9A-Da-d*#]*$/,
        allowed: 'digits 0-9, A-D, * and #',
        examples: ['#'],
      }),
      digit_timeout: s.number({
        description: 'Longest gap between two keys. Setting it turns keys on.',
        defaultText: '5',
        min: 0,
        unit: 's',
      }),
      initial_timeout: s.number({
        description:
          'Longest wait for input, be it keys or speech, after the sounds; where speech alone is on, `speech_timeout` takes its place. Setting it turns keys on.',
        defaultText: '5',
        min: 0,
        unit: 's',
      }),
      speech_timeout: s.number({
        description: 'Longest wait for speech. Setting it turns speech on.',
        min: 0,
        unit: 's',
      }),
      speech_end_timeout: s.number({
        description: 'Silence that ends speech. Setting it turns speech on.',
        min: 0,
        unit: 's',
      }),
      speech_language: s.string({
        description: 'Language to recognise, BCP 47. Setting it turns speech on.',
      }),
      speech_hints: s.array(s.string({ description: 'A word.' }), {
        description: 'Words that are expected. Setting it turns speech on.',
      }),
      speech_engine: s.string({
        description: 'Taken, and without effect: the engine is that of the server.',
        enum: ['Google', 'Google.V2', 'Deepgram'],
      }),
      status_url: statusUrl('calling.call.collect'),
    },
    { description: 'Parameters of `prompt`.' },
  ),
  outputs: [
    {
      name: 'prompt_result',
      type: 'string',
      values: ['match_digits', 'match_speech', 'no_input', 'no_match', 'failed'],
      description: 'How the input ended.',
    },
    { name: 'prompt_value', type: 'string', description: 'The keys without terminator, or the words.' },
    { name: 'prompt_value_raw', type: 'string', description: 'The input as it came.' },
    {
      name: 'prompt_digit_terminator',
      type: 'string',
      description: 'The key that ended the input, if one did.',
    },
    {
      name: 'prompt_speech_confidence',
      type: 'number',
      description: 'How sure the recognition is, if it says so.',
    },
  ],
  events: ['calling.call.collect'],
  execution: 'foreground',
  answers: 'always',
  blocks: true,
  examples: [
    '- prompt:\n    play: "say:For sales press 1, for support press 2."\n    max_digits: 1\n- switch:\n    variable: prompt_value\n    case:\n      "1":\n        - transfer: {dest: https://example.com/sales.yaml}\n    default:\n      - hangup: {}',
  ],
  async run(context, params) {
    const { vars, leg, clock, signal } = context;
    for (const name of OUTPUTS) vars.unset(name);
    const controlId = context.newId();
    const report = (type: string, result?: JsonObject): void => {
      if (params.status_url === undefined) return;
      context.emit({
        url: params.status_url,
        operationId: controlId,
        eventType: 'calling.call.collect',
        params: { control_id: controlId, result: { type, ...(result !== undefined && { params: result }) } },
      });
    };
    const hears = HEARING_PROPERTIES.some((name) => params[name] !== undefined);
    const takesKeys = !hears || DIGIT_PROPERTIES.some((name) => params[name] !== undefined);
    const waitsForSpeech = takesKeys ? undefined : params.speech_timeout;
    let collected: Collected;
    try {
      await leg.answer();
      collected = await collectInput({
        leg,
        clock,
        signal,
        sounds: soundsOf(typeof params.play === 'string' ? [params.play] : params.play, params, vars),
        volumeDb: params.volume,
        keys: takesKeys
          ? {
              max: params.max_digits ?? MAX_DIGITS,
              terminators: (params.terminators ?? '').toUpperCase(),
              gapMs: (params.digit_timeout ?? DIGIT_TIMEOUT) * 1000,
            }
          : undefined,
        initialTimeoutMs: (params.initial_timeout ?? waitsForSpeech ?? INITIAL_TIMEOUT) * 1000,
        listen: hears
          ? (listener) =>
              leg.recognise(
                {
                  // A variable that is not set gives no language, and an empty name is one that no server knows.
                  language: params.speech_language?.trim() || undefined,
                  hints: params.speech_hints ?? [],
                  endSilence: params.speech_end_timeout,
                },
                listener,
              )
          : undefined,
        speechTimeoutMs: params.speech_timeout === undefined ? undefined : params.speech_timeout * 1000,
        onStart: () => report('start_of_input'),
        onSpeechLost: (error) => context.warn('failed', `Speech is not understood: ${error}`),
      });
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      collected = error.code === 'call_over' ? { kind: 'ended' } : { kind: 'failed', error: error.message };
    }
    const { result, event } = NAMES[collected.kind];
    // Another document may run by now, with the same variables: they are its own.
    if (!isReplaced(context)) {
      vars.set('prompt_result', result);
      setOutputs(vars, collected);
      if (collected.kind === 'failed') context.warn('failed', `The prompt failed: ${collected.error}`);
    }
    report(event, inputOf(collected));
    return NEXT;
  },
});

function setOutputs(vars: MethodContext['vars'], collected: Collected): void {
  if (collected.kind === 'digits') {
    const { digits, terminator } = collected;
    vars.set('prompt_value', digits);
    vars.set('prompt_value_raw', digits + (terminator ?? ''));
    if (terminator !== undefined) vars.set('prompt_digit_terminator', terminator);
  }
  if (collected.kind === 'speech') {
    const { text, confidence } = collected;
    vars.set('prompt_value', text);
    vars.set('prompt_value_raw', text);
    if (confidence !== undefined) vars.set('prompt_speech_confidence', confidence);
  }
}

/** `result.params` of the callback (4.5). */
function inputOf(collected: Collected): JsonObject | undefined {
  if (collected.kind === 'digits') {
    return { digits: collected.digits, terminator: collected.terminator ?? '' };
  }
  if (collected.kind === 'speech') {
    const { text, confidence } = collected;
    return { text, ...(confidence !== undefined && { confidence }) };
  }
  return undefined;
}
