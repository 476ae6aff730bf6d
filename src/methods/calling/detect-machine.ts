import { CallError, type DetectedEvent, type DetectOperation, type DetectOptions } from '../../call/leg.ts';
import * as s from '../../swml/schema.ts';
import { isObject } from '../../swml/json.ts';
import { splitWords, statusUrl, wordList } from '../common-params.ts';
import { NEXT } from '../flow.ts';
import { LatestStep } from '../latest-step.ts';
import { defineMethod } from '../method.ts';
import { warnFailed } from '../warn-failed.ts';

const PROPERTIES = {
  detectors: wordList(['amd', 'fax'], 'comma', {
    description: 'What to listen for.',
    default: 'amd,fax',
  }),
  detect_message_end: s.boolean({
    description: 'After a machine was found, goes on until its tone or the end of its greeting.',
    default: false,
  }),
  initial_timeout: s.number({
    description: 'Longest wait for the first voice.',
    default: 4.5,
    min: 0,
    unit: 's',
  }),
  end_silence_timeout: s.number({
    description: 'Silence that ends an utterance.',
    default: 1,
    min: 0,
    unit: 's',
  }),
  machine_ready_timeout: s.number({
    description: 'Silence after which a machine is ready for a message.',
    defaultText: 'as `end_silence_timeout`',
    min: 0,
    unit: 's',
  }),
  machine_voice_threshold: s.number({
    description: 'Voice without a pause that means a machine; 0 is off.',
    default: 1.25,
    min: 0,
    unit: 's',
  }),
  machine_words_threshold: s.integer({
    description: 'Words in one utterance that mean a machine; 0 is off.',
    default: 6,
    min: 0,
  }),
  tone: s.string({ description: 'Tone of the fax to listen for.', enum: ['CED', 'CNG'], default: 'CED' }),
  timeout: s.number({ description: 'Longest run of the detection.', default: 30, min: 0, unit: 's' }),
  wait: s.boolean({
    description: 'Whether the next step waits; if not, `status_url` must be given.',
    default: true,
  }),
  status_url: statusUrl('calling.call.detect'),
} as const;

/** One that is not waited for, or that another document broke off, may end when a later one listens. */
const steps = new LatestStep();

/** spec/media.md 9 */
export const detectMachine = defineMethod({
  name: 'detect_machine',
  kind: 'calling',
  summary: 'Finds out whether a person, a machine or a fax answered.',
  params: s.object(PROPERTIES, {
    description: 'Parameters of `detect_machine`.',
    refine: (value) =>
      isObject(value) &&
      (value['wait'] === false || value['wait'] === 'false') &&
      (value['status_url'] ?? null) === null
        ? { fault: 'missingParameter', message: '"detect_machine" without waiting needs "status_url"' }
        : undefined,
  }),
  outputs: [
    {
      name: 'detect_result',
      type: 'string',
      values: ['machine', 'human', 'fax', 'unknown', 'detecting', 'error'],
      description: 'Who answered; `detecting` until it is known.',
    },
    { name: 'detect_machine_beep', type: 'boolean', description: 'Whether the tone of a machine was heard.' },
    { name: 'detect_ms', type: 'integer', description: 'How long the detection took, ms.' },
  ],
  events: ['calling.call.detect'],
  execution: 'foreground',
  answers: 'always',
  blocks: true,
  examples: [
    '- detect_machine:\n    detect_message_end: true\n- switch:\n    variable: detect_result\n    case:\n      machine:\n        - play: "say:We called about your order."\n    default:\n      - play: "say:Hello!"',
  ],
  async run(context, params) {
    const { leg, vars } = context;
    const isLatest = steps.begin(vars);
    const controlId = context.newId();
    const options = optionsOf(params);
    /** Where a fax alone is listened for, nothing is said of machines. */
    const kindOf = (event: DetectedEvent): 'machine' | 'fax' =>
      event === 'CED' || event === 'CNG' || options.machine === undefined ? 'fax' : 'machine';
    for (const name of ['detect_result', 'detect_machine_beep', 'detect_ms']) vars.unset(name);
    const report = (type: 'machine' | 'fax', event: string, beep: boolean): void => {
      if (params.status_url === undefined) return;
      context.emit({
        url: params.status_url,
        operationId: controlId,
        eventType: 'calling.call.detect',
        params: { control_id: controlId, detect: { type, params: { event, ...(beep && { beep: true }) } } },
      });
    };
    let operation: DetectOperation;
    try {
      await leg.answer();
      operation = leg.detect(options, (event, beep) => report(kindOf(event), event, beep));
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (isLatest()) vars.set('detect_result', 'error');
      warnFailed(context, 'Nobody can be listened to', error);
      return NEXT;
    }
    const finish = async (): Promise<void> => {
      const { outcome, beep, ms } = await operation.done;
      if (isLatest()) {
        vars.set('detect_result', RESULTS[outcome]);
        vars.set('detect_machine_beep', beep);
        vars.set('detect_ms', Math.round(ms));
      }
      report(kindOf(outcome), 'finished', beep);
    };
    if (!params.wait) {
      vars.set('detect_result', 'detecting');
      void finish();
      return NEXT;
    }
    const stop = (): void => operation.stop();
    context.signal.addEventListener('abort', stop, { once: true });
    // Another document may have come while the call was being answered.
    if (context.signal.aborted) stop();
    await finish();
    context.signal.removeEventListener('abort', stop);
    return NEXT;
  },
});

const RESULTS = {
  HUMAN: 'human',
  MACHINE: 'machine',
  UNKNOWN: 'unknown',
  CED: 'fax',
  CNG: 'fax',
} as const;

function optionsOf(params: s.InferObject<typeof PROPERTIES>): DetectOptions {
  const detectors = splitWords(params.detectors, 'comma');
  // A list of none, as a variable gives that is not set, chooses nothing: that is both, as without it.
  const listensFor = (what: string): boolean => detectors.length === 0 || detectors.includes(what);
  return {
    machine: listensFor('amd')
      ? {
          initialTimeout: params.initial_timeout,
          endSilenceTimeout: params.end_silence_timeout,
          machineReadyTimeout: params.machine_ready_timeout ?? params.end_silence_timeout,
          machineVoiceThreshold: params.machine_voice_threshold,
          machineWordsThreshold: params.machine_words_threshold,
          detectMessageEnd: params.detect_message_end,
        }
      : undefined,
    fax: listensFor('fax') ? params.tone : undefined,
    timeout: params.timeout,
  };
}
