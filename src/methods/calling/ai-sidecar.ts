import * as s from '../../swml/schema.ts';
import { isArray } from '../../swml/json.ts';
import { MCP_SERVERS, WEBHOOK_FIELDS } from '../ai/functions.ts';
import { TEXT_OR_POM } from '../ai/prompt.ts';
import { SIDECAR_PARAMETERS } from '../ai/tool-arguments.ts';
import { SUMMARIZE } from '../live-params.ts';
import { defineMethod } from '../method.ts';

const SIDES = ['remote-caller', 'local-caller'] as const;

const FUNCTION = s.object(
  {
    function: s.string({
      description: 'Name of the function.',
      required: true,
      check: (text) => (text === 'sidecar_skip' ? 'a name other than sidecar_skip' : undefined),
    }),
    description: s.string({ description: 'What it does, for the model.', literal: true }),
    purpose: s.string({ description: 'Older name of `description`.', deprecated: true, literal: true }),
    parameters: SIDECAR_PARAMETERS,
    ...WEBHOOK_FIELDS,
  },
  { description: 'A function.' },
);

/** spec/ai.md B */
export const aiSidecar = defineMethod({
  name: 'ai_sidecar',
  kind: 'calling',
  summary: 'Attaches a silent observer that advises while the call goes on.',
  params: s.object(
    {
      lang: s.string({ description: 'Language of the call, BCP 47.', minLength: 1 }),
      prompt: s.union(
        [
          s.object(
            { ...TEXT_OR_POM, file: s.string({ description: 'File of the server that holds it.' }) },
            {
              description: 'An instruction.',
              exclusive: [{ names: ['text', 'pom', 'file'], several: true }],
            },
          ),
          s.string({ description: 'The instruction as text.', literal: true }),
        ],
        { description: 'Instruction of the observer.' },
      ),
      model: s.string({ description: 'Language model.', default: 'gpt-4o-mini' }),
      direction: s.array(s.string({ description: 'A side.', enum: SIDES }), {
        description: 'Sides that are listened to: both.',
        default: [...SIDES],
        refine: (value) =>
          isArray(value) && !SIDES.every((side) => value.includes(side))
            ? {
                fault: 'invalidParameter',
                message: 'The observer needs both sides',
                expected: SIDES.join(' and '),
              }
            : undefined,
      }),
      customer_role: s.string({
        description: 'Whose turns lead to advice.',
        enum: SIDES,
        default: 'remote-caller',
      }),
      url: s.string({ description: 'Where the events go.', format: 'uri' }),
      SWAIG: s.object(
        {
          defaults: s.object(WEBHOOK_FIELDS, {
            description: 'What holds for functions that do not say otherwise.',
          }),
          functions: s.array(FUNCTION, { description: 'Functions that the model may call.' }),
          mcp_servers: MCP_SERVERS,
        },
        { description: 'Functions of the observer.' },
      ),
      permissions: s.object(
        {
          swaig_allow_swml: s.boolean({ description: 'Functions may return SWML.', default: true }),
          swaig_allow_settings: s.boolean({ description: 'Functions may change settings.', default: true }),
          swaig_set_global_data: s.boolean({
            description: 'Functions may write `global_data`.',
            default: true,
          }),
        },
        { description: 'What functions may do.' },
      ),
      global_data: s.record(s.any({ description: 'A value.' }), { description: 'Store of the session.' }),
      hints: s.array(s.string({ description: 'A word.' }), {
        description: 'Words that are expected.',
        minItems: 1,
      }),
      params: s.object(
        {
          idle_timeout_ms: s.integer({
            description: 'Silence that ends a turn.',
            default: 200,
            min: 50,
            max: 5_000,
            unit: 'ms',
          }),
          min_interval_ms: s.integer({
            description: 'Shortest time between advice.',
            default: 0,
            min: 0,
            max: 60_000,
            unit: 'ms',
          }),
          max_iters_per_tick: s.integer({
            description: 'Most function calls for one advice.',
            default: 5,
            min: 1,
            max: 20,
          }),
          max_history_tokens: s.integer({
            description: 'Longest history, tokens.',
            default: 8_000,
            min: 1_000,
            max: 200_000,
          }),
          act_on_channel: s.boolean({
            description: 'Whether actions are done, or only reported.',
            default: true,
          }),
          final_summary: s.boolean({ description: 'Sends a summary of the session.', default: false }),
          ai_summary: s.boolean({ description: 'Sends a summary of the talk.', default: false }),
          ai_summary_prompt: s.string({ description: 'Instruction for the summary.', literal: true }),
          summary_model: s.string({ description: 'Model for the summary.', default: 'gpt-4o-mini' }),
          live_events: s.boolean({ description: 'Sends every utterance.', default: false }),
          verbose_utterances: s.boolean({ description: 'Sends utterances in detail.', default: false }),
          speech_engine: s.string({
            description: 'Who recognises speech.',
            enum: ['deepgram', 'google'],
            default: 'deepgram',
          }),
          speech_timeout: s.integer({ description: 'Longest utterance.', min: 0, max: 600_000, unit: 'ms' }),
          vad_silence_ms: s.integer({
            description: 'Silence that ends an utterance.',
            min: 0,
            max: 60_000,
            unit: 'ms',
          }),
          vad_thresh: s.integer({ description: 'Level that counts as voice.', min: 0, max: 10_000 }),
          debug_level: s.integer({ description: 'How much is logged.', default: 0, min: 0, max: 100 }),
          debug: s.boolean({ description: 'Logs more.', default: false }),
          transcribe_prompt: s.string({ description: 'Text that helps recognition.' }),
        },
        { description: 'Settings.' },
      ),
      action: s.object(
        { summarize: { ...SUMMARIZE, info: { ...SUMMARIZE.info, required: true } } },
        { description: 'Sends a summary instead of attaching.' },
      ),
    },
    { description: 'Parameters of `ai_sidecar`.', exclusive: [{ names: ['lang', 'action'], several: true }] },
  ),
  outputs: [{ name: 'ai_agents_global_data', type: 'object', description: 'Store of the session.' }],
  events: ['calling.ai.sidecar'],
  execution: 'background',
  answers: 'always',
  blocks: true,
  examples: [
    '- ai_sidecar:\n    lang: en-US\n    prompt: Remind the agent of the return policy.\n    url: https://example.com/advice',
  ],
});
