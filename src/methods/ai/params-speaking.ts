/** Settings of `ai`: speech, sounds, tools and debugging (spec/ai.md A4). */
import * as s from '../../swml/schema.ts';

export const SPEECH_PARAMS = {
  ai_volume: s.integer({ description: 'Gain of the voice of the agent.', default: 0, min: -50, max: 50 }),
  max_emotion: s.integer({ description: 'Strength of emotion in speech.', default: 30, min: 1, max: 30 }),
  speech_gen_quick_stops: s.integer({
    description: 'How many short pieces of speech are made first.',
    default: 3,
    min: 0,
    max: 10,
  }),
  tts_number_format: s.string({
    description: 'How telephone numbers are spoken.',
    enum: ['international', 'national'],
    default: 'international',
  }),
  static_greeting: s.string({ description: 'Greeting that is always spoken first.' }),
  static_greeting_no_barge: s.boolean({ description: 'Greeting cannot be interrupted.', default: false }),
  video_talking_file: s.string({ description: 'Video while the agent speaks.', format: 'uri' }),
  video_idle_file: s.string({ description: 'Video while nothing happens.', format: 'uri' }),
  video_listening_file: s.string({ description: 'Video while the agent listens.', format: 'uri' }),
  eleven_labs_stability: s.number({
    description: 'Use `languages[].params.stability`.',
    default: 0.5,
    min: 0,
    max: 1,
    deprecated: true,
  }),
  eleven_labs_similarity: s.number({
    description: 'Use `languages[].params.similarity`.',
    default: 0.75,
    min: 0,
    max: 1,
    deprecated: true,
  }),
  turn_filler_sources: s.string({
    description: 'What kinds of waiting get a listening sound.',
    default: 'spell,number',
    pattern: /^(?:(?:spell|number|text|acoustic|veto)(?::\d+)?(?:,\s*|$))*$/,
    allowed: 'a comma list of spell, number, text, acoustic, veto, each with :<ms> if need be',
  }),
  turn_filler_every_n: s.integer({
    description: 'Every how many waits get a listening sound.',
    default: 1,
    min: 1,
  }),
  turn_filler_min_ms: s.integer({
    description: 'Shortest wait that gets a listening sound.',
    default: 0,
    min: 0,
    unit: 'ms',
  }),
} as const;

export const AUDIO_PARAMS = {
  background_file: s.string({ description: 'Sound under the conversation.', format: 'uri' }),
  background_file_loops: s.integer({
    description: 'How often `background_file` is played.',
    defaultText: 'without end',
  }),
  background_file_volume: s.integer({
    description: 'Gain of `background_file`.',
    default: 0,
    min: -50,
    max: 50,
  }),
  hold_music: s.string({ description: 'Sound while on hold.', format: 'uri' }),
  hold_on_process: s.boolean({ description: 'Hold music during tool calls.', default: false }),
} as const;

export const DEBUGGING_PARAMS = {
  swaig_allow_swml: s.boolean({ description: 'Tools may return SWML.', default: true }),
  swaig_allow_settings: s.boolean({ description: 'Tools may change settings.', default: true }),
  swaig_set_global_data: s.boolean({ description: 'Tools may write `global_data`.', default: true }),
  swaig_post_conversation: s.boolean({ description: 'Add logs to tool requests.', default: false }),
  swaig_post_swml_vars: s.union(
    [
      s.boolean({ description: 'All, or none.' }),
      s.array(s.string({ description: 'A name.' }), { description: 'Those named.' }),
    ],
    { description: 'Sends variables with tool requests: all, or those listed.', default: false },
  ),
  function_wait_for_talking: s.boolean({ description: 'Finish the filler before the call.', default: false }),
  functions_on_no_response: s.boolean({
    description: 'Allow functions on attention timeout.',
    default: false,
  }),
  debug_webhook_url: s.string({ description: 'Where debug events go.', format: 'uri' }),
  debug_webhook_level: s.integer({
    description: 'How much is told to `debug_webhook_url`.',
    defaultText: '1 with `debug_webhook_url`',
    min: 0,
    max: 2,
  }),
  debug: s.union(
    [s.boolean({ description: 'On or off.' }), s.integer({ description: 'How much, or how often.' })],
    { description: 'Logs more.', default: false },
  ),
  verbose_logs: s.boolean({ description: 'Logs more.', default: false }),
  audible_debug: s.boolean({ description: 'Speaks the names of functions.', default: false }),
  audible_latency: s.boolean({ description: 'Speaks the latency.', default: false }),
  cache_mode: s.boolean({ description: 'Keeps answers of the model.', default: false }),
  enable_accounting: s.boolean({ description: 'Reports usage.', default: false }),
} as const;
