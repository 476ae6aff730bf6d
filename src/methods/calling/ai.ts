import * as s from '../../swml/schema.ts';
import { CONTEXTS } from '../ai/contexts.ts';
import { DATA_MAP } from '../ai/data-map.ts';
import { FUNCTION_FIELDS, INCLUDES, INTERNAL_FILLERS, MCP_SERVERS, WEBHOOK_FIELDS } from '../ai/functions.ts';
import { FILLER_MAP, LANGUAGES, MULTILINGUAL, PRONOUNCE } from '../ai/languages.ts';
import { GENERAL_PARAMS, PAUSE_PARAMS } from '../ai/params-conversation.ts';
import { INTERRUPTION_PARAMS, RECOGNITION_PARAMS, TIMEOUTS_PARAMS } from '../ai/params-listening.ts';
import { AUDIO_PARAMS, DEBUGGING_PARAMS, SPEECH_PARAMS } from '../ai/params-speaking.ts';
import { CLIENT_TUNING, POST_PROMPT, TEXT_OR_POM, TUNING } from '../ai/prompt.ts';
import { PARAMETERS } from '../ai/tool-arguments.ts';
import { successVariable } from '../common-params.ts';
import { defineMethod } from '../method.ts';

const HINTS = s.array(
  s.union(
    [
      s.string({ description: 'A word.' }),
      s.object(
        {
          hint: s.string({ description: 'A word.', required: true }),
          pattern: s.string({ description: 'What is heard, as a regular expression.', required: true }),
          replace: s.string({ description: 'What is meant.', required: true }),
          ignore_case: s.boolean({
            description: 'Whether small and capital letters are the same.',
            default: false,
          }),
        },
        { description: 'A word and what is heard in its place.' },
      ),
    ],
    { description: 'A word, or a word with a replacement.' },
  ),
  { description: 'Words that are expected.' },
);

const FUNCTION = s.object(
  {
    ...FUNCTION_FIELDS,
    description: s.string({ description: 'What it does, for the model.', literal: true }),
    purpose: s.string({ description: 'Older name of `description`.', deprecated: true, literal: true }),
    argument: {
      node: PARAMETERS.node,
      info: { description: 'Older name of `parameters`.', deprecated: true },
    },
    data_map: DATA_MAP,
    fillers: FILLER_MAP,
    skip_fillers: s.boolean({ description: 'Leaves out the fillers of the language.', default: false }),
    wait_for_fillers: s.boolean({ description: 'Ends the fillers first.', default: false }),
    wait_file: s.string({ description: 'Sound while it runs.', format: 'uri' }),
    wait_file_loops: s.union(
      [s.integer({ description: 'A number.' }), s.string({ description: 'A number as text.' })],
      {
        description: 'How often that sound is played.',
      },
    ),
  },
  { description: 'A function.', exclusive: [{ names: ['description', 'purpose'], several: true }] },
);

/** spec/ai.md A */
export const ai = defineMethod({
  name: 'ai',
  kind: 'calling',
  summary: 'Runs a voice agent on the call until it ends.',
  params: s.object(
    {
      prompt: s.object(
        { ...TEXT_OR_POM, contexts: CONTEXTS, ...TUNING, ...CLIENT_TUNING },
        {
          description: 'Instruction of the agent.',
          required: true,
          exclusive: [{ names: ['text', 'pom'], several: true }],
        },
      ),
      post_prompt: POST_PROMPT,
      post_prompt_url: s.string({ description: 'Where the report of the session goes.', format: 'uri' }),
      post_prompt_auth_user: s.string({ description: 'User for that URL.' }),
      post_prompt_auth_password: s.string({ description: 'Password for that URL.' }),
      params: s.object(
        {
          ...GENERAL_PARAMS,
          ...RECOGNITION_PARAMS,
          ...SPEECH_PARAMS,
          ...INTERRUPTION_PARAMS,
          ...TIMEOUTS_PARAMS,
          ...AUDIO_PARAMS,
          ...PAUSE_PARAMS,
          ...DEBUGGING_PARAMS,
        },
        { description: 'Settings.', additional: s.any({ description: 'A further setting.' }) },
      ),
      languages: LANGUAGES,
      multilingual: MULTILINGUAL,
      hints: HINTS,
      pronounce: PRONOUNCE,
      global_data: s.record(s.any({ description: 'A value.' }), { description: 'Store of the session.' }),
      SWAIG: s.object(
        {
          defaults: s.object(WEBHOOK_FIELDS, {
            description: 'What holds for functions that do not say otherwise.',
          }),
          functions: s.array(FUNCTION, { description: 'Functions that the model may call.' }),
          includes: INCLUDES,
          native_functions: s.array(
            s.string({
              description: 'A name.',
              enum: ['check_time', 'wait_seconds', 'wait_for_user', 'adjust_response_latency'],
              extended: ['web_search', 'debug'],
            }),
            { description: 'Functions of the server that the model may call.' },
          ),
          internal_fillers: INTERNAL_FILLERS,
          mcp_servers: MCP_SERVERS,
        },
        { description: 'Functions of the agent.' },
      ),
    },
    { description: 'Parameters of `ai`.' },
  ),
  outputs: [
    successVariable('ai_result', 'How the session ended.'),
    successVariable('return_value', 'As `ai_result`.'),
  ],
  events: [],
  execution: 'foreground',
  answers: 'always',
  blocks: true,
  examples: ['- ai:\n    prompt:\n      text: You answer questions about opening hours.'],
});
