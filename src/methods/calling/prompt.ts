import * as s from '../../swml/schema.ts';
import { statusUrl } from '../common-params.ts';
import { defineMethod } from '../method.ts';
import { SPEECH_PROPERTIES, soundSchema } from '../sound-params.ts';

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
        description: 'Longest wait for input, after the sounds. Setting it turns keys on.',
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
        description: 'Who recognises speech.',
        enum: ['Google', 'Google.V2', 'Deepgram'],
        defaultText: 'that of the server',
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
});
