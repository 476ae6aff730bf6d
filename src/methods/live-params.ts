/** What `live_transcribe` and `live_translate` have in common (spec/media.md 10, 11). */
import * as s from '../swml/schema.ts';

export const LIVE_START_PROPERTIES = {
  direction: s.array(s.string({ description: 'A side.', enum: ['remote-caller', 'local-caller'] }), {
    description: 'Sides that are listened to.',
    required: true,
    minItems: 1,
  }),
  webhook: s.string({ description: 'Where the events go.', format: 'http-url' }),
  live_events: s.boolean({ description: 'Sends partial results too.', default: false }),
  ai_summary: s.boolean({ description: 'Sends a summary at the end.', default: false }),
  ai_summary_prompt: s.string({ description: 'Instruction for the summary.' }),
  speech_engine: s.string({
    description: 'Who recognises speech.',
    enum: ['deepgram', 'google'],
    default: 'deepgram',
  }),
  speech_timeout: s.integer({ description: 'Longest utterance.', default: 60_000, min: 1_500, unit: 'ms' }),
  vad_silence_ms: s.integer({
    description: 'Silence that ends an utterance.',
    defaultText: '300 with deepgram, 500 with google',
    min: 1,
    unit: 'ms',
  }),
  vad_thresh: s.integer({ description: 'Level that counts as voice.', default: 400, min: 0, max: 1_800 }),
  debug_level: s.integer({ description: 'How much is logged.', default: 0, min: 0, max: 2 }),
} as const;

export const SUMMARIZE = s.object(
  {
    webhook: s.string({
      description: 'Where the summary goes.',
      format: 'http-url',
      defaultText: 'that of `start`',
    }),
    prompt: s.string({ description: 'Instruction for the summary.' }),
  },
  { description: 'Sends a summary of what was said up to now.' },
);

export const LIVE_WORD = s.string({
  description: 'Ends the session, or sends a summary.',
  enum: ['stop', 'summarize'],
});
