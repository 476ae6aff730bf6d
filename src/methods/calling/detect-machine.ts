import * as s from '../../swml/schema.ts';
import { isObject } from '../../swml/json.ts';
import { statusUrl, wordList } from '../common-params.ts';
import { defineMethod } from '../method.ts';

/** spec/media.md 9 */
export const detectMachine = defineMethod({
  name: 'detect_machine',
  kind: 'calling',
  summary: 'Finds out whether a person, a machine or a fax answered.',
  params: s.object(
    {
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
        description: 'Voice without a pause that means a machine.',
        default: 1.25,
        min: 0,
        unit: 's',
      }),
      machine_words_threshold: s.integer({
        description: 'Words in one utterance that mean a machine.',
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
    },
    {
      description: 'Parameters of `detect_machine`.',
      refine: (value) =>
        isObject(value) &&
        (value['wait'] === false || value['wait'] === 'false') &&
        value['status_url'] === undefined
          ? { fault: 'missingParameter', message: '"detect_machine" without waiting needs "status_url"' }
          : undefined,
    },
  ),
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
});
