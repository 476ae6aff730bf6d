/** Settings of `ai`: recognition, interruptions, timeouts (spec/ai.md A4). */
import * as s from '../../swml/schema.ts';
import { wordList } from '../common-params.ts';

export const RECOGNITION_PARAMS = {
  openai_asr_engine: s.string({
    description: 'Who recognises speech, engine:model.',
    default: 'deepgram:nova-3',
  }),
  asr_diarize: s.boolean({ description: 'Label speakers.', default: false }),
  asr_speaker_affinity: s.boolean({ description: 'Answer only the first speaker.', default: false }),
  llm_diarize_aware: s.boolean({ description: 'Model takes part in speaker naming.', default: false }),
  asr_smart_format: s.boolean({ description: 'Format numbers, dates.', default: false }),
  auto_correct: s.boolean({
    description: 'Clean transcript first; only works with text normalization off.',
    default: false,
  }),
  enable_text_normalization: s.string({
    description: 'Where numbers and the like are written out or spoken out.',
    enum: ['heard', 'spoken', 'both', 'true', 'on', 'false', 'off', 'none'],
    default: 'both',
  }),
  energy_level: s.number({ description: 'Level that is heard as speech.', default: 52, min: 0, max: 100 }),
  end_of_speech_timeout: s.integer({
    description: 'Silence that ends an utterance.',
    default: 700,
    min: 250,
    max: 10000,
    unit: 'ms',
  }),
  first_word_timeout: s.integer({
    description: 'Longest wait for the first word.',
    default: 1000,
    min: 0,
    max: 10000,
    unit: 'ms',
  }),
  speech_event_timeout: s.integer({
    description: 'Silence after which an utterance counts although it may go on.',
    default: 1400,
    min: 0,
    max: 10000,
    unit: 'ms',
  }),
  speech_timeout: s.integer({
    description: 'Longest utterance.',
    default: 60000,
    min: 0,
    max: 600000,
    unit: 'ms',
  }),
  enable_turn_detection: s.boolean({
    description: 'Finalise early on sentence end in partials.',
    default: true,
  }),
  turn_detection_timeout: s.integer({
    description: 'Wait after a sentence that seems to be complete.',
    default: 250,
    min: 0,
    max: 10000,
    unit: 'ms',
  }),
  vad_config: s.string({
    description: 'Voice detection: `<threshold 0-100>` or `<threshold>:<frame ms 16-40>`.',
  }),
} as const;

export const INTERRUPTION_PARAMS = {
  enable_barge: s.union(
    [
      wordList(['complete', 'partial', 'all'], 'comma', { description: 'What interrupts.' }),
      s.boolean({ description: 'Whether interruptions are allowed.' }),
    ],
    { description: 'When the caller may interrupt.', default: 'complete,partial' },
  ),
  barge_match_string: s.string({ description: 'Text or regex that triggers barge.' }),
  barge_min_words: s.integer({ description: 'Words that interrupt.', min: 1, max: 99 }),
  barge_functions: s.boolean({ description: 'Allow functions while caller talks.', default: true }),
  interrupt_prompt: s.string({
    description: 'Used after an interruption.',
    defaultText: 'words of the server',
  }),
  interrupt_on_noise: s.union(
    [s.boolean({ description: 'On or off.' }), s.integer({ description: 'How much, or how often.' })],
    { description: 'Whether any sound interrupts.', default: false },
  ),
  acknowledge_interruptions: s.union(
    [s.boolean({ description: 'On or off.' }), s.integer({ description: 'How much, or how often.' })],
    { description: 'Whether, or how often, interruptions are acknowledged.', default: false },
  ),
  transparent_barge: s.boolean({
    description: "Hold the reply until the caller stops; model's own barge text dropped.",
    default: true,
  }),
  transparent_barge_max_time: s.integer({
    description: 'Longest hold of a reply for an interruption.',
    default: 3000,
    min: 0,
    max: 60000,
    unit: 'ms',
  }),
} as const;

export const TIMEOUTS_PARAMS = {
  attention_timeout: s.integer({
    description: 'Silence of the caller after which the agent speaks up; 0 is off.',
    default: 5000,
    min: 10000,
    max: 600000,
    also: [0, 5000],
    unit: 'ms',
  }),
  attention_timeout_prompt: s.string({
    description: 'What the model is told at `attention_timeout`.',
    defaultText: 'words of the server',
  }),
  outbound_attention_timeout: s.integer({
    description: 'As `attention_timeout`, on outbound calls.',
    default: 120000,
    min: 10000,
    max: 600000,
    unit: 'ms',
  }),
  inactivity_timeout: s.integer({
    description: 'Silence that ends the session; 0 is off.',
    default: 600000,
    min: 10000,
    max: 3600000,
    also: [0],
    unit: 'ms',
  }),
  initial_sleep_ms: s.integer({
    description: 'Wait before the session starts.',
    default: 0,
    min: 0,
    max: 300000,
    unit: 'ms',
  }),
  hard_stop_time: s.string({
    description: 'Longest session, such as `1h45m30s`.',
    pattern: /^(?:\d+h)?(?:\d+m)?(?:\d+s)?$/,
    allowed: 'a time such as 1h45m30s',
  }),
  hard_stop_prompt: s.string({
    description: 'What the model is told at the hard stop.',
    defaultText: 'words of the server',
  }),
  digit_timeout: s.integer({
    description: 'Longest gap between keys.',
    default: 3000,
    min: 0,
    max: 30000,
    unit: 'ms',
  }),
  digit_terminators: s.string({ description: 'Key that ends keyed input.' }),
  input_poll_freq: s.integer({
    description: 'How often the function `check_for_input` is called.',
    default: 2000,
    min: 1000,
    max: 10000,
    unit: 'ms',
  }),
} as const;
