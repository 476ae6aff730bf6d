import * as s from '../../swml/schema.ts';
import { PLAIN_DATA_MAP } from '../ai/data-map.ts';
import { FUNCTION_FIELDS } from '../ai/functions.ts';
import { TIMEOUTS_PARAMS } from '../ai/params-listening.ts';
import { SPEECH_PARAMS } from '../ai/params-speaking.ts';
import { POST_PROMPT, TEXT_OR_POM, TUNING } from '../ai/prompt.ts';
import { defineMethod } from '../method.ts';

const { attention_timeout, inactivity_timeout, hard_stop_time, hard_stop_prompt } = TIMEOUTS_PARAMS;
const { video_talking_file, video_idle_file, video_listening_file } = SPEECH_PARAMS;

/** What this agent passes over without a word. */
const IGNORED = s.any({ description: 'Ignored.', literal: true });

/** spec/ai.md C */
export const amazonBedrock = defineMethod({
  name: 'amazon_bedrock',
  kind: 'calling',
  summary: 'Runs a speech-to-speech agent on the call until it ends.',
  params: s.object(
    {
      prompt: s.object(
        {
          ...TEXT_OR_POM,
          ...TUNING,
          voice_id: s.string({
            description: 'Voice.',
            enum: ['matthew', 'tiffany', 'amy', 'lupe', 'carlos'],
            default: 'matthew',
          }),
        },
        {
          description: 'Instruction of the agent.',
          required: true,
          exclusive: [{ names: ['text', 'pom'], several: true }],
        },
      ),
      post_prompt: POST_PROMPT,
      post_prompt_url: s.string({ description: 'Where the report of the session goes.', format: 'uri' }),
      global_data: s.record(s.any({ description: 'A value.' }), { description: 'Store of the session.' }),
      params: s.object(
        {
          ...{ attention_timeout, inactivity_timeout, hard_stop_time, hard_stop_prompt },
          ...{ video_talking_file, video_idle_file, video_listening_file },
        },
        { description: 'Settings.', additional: s.any({ description: 'A further setting.' }) },
      ),
      SWAIG: s.object(
        {
          defaults: s.object(
            { web_hook_url: s.string({ description: 'Where calls of functions go.', literal: true }) },
            { description: 'What holds for functions that do not say otherwise.', additional: IGNORED },
          ),
          functions: s.array(
            s.object(
              {
                ...FUNCTION_FIELDS,
                description: s.string({
                  description: 'What it does, for the model.',
                  required: true,
                  literal: true,
                }),
                data_map: PLAIN_DATA_MAP,
              },
              { description: 'A function.', additional: IGNORED },
            ),
            { description: 'Functions that the model may call.' },
          ),
        },
        { description: 'Functions of the agent.', additional: IGNORED },
      ),
    },
    { description: 'Parameters of `amazon_bedrock`.' },
  ),
  outputs: [],
  events: [],
  execution: 'foreground',
  answers: 'always',
  blocks: true,
  examples: [
    '- amazon_bedrock:\n    prompt:\n      voice_id: amy\n      text: You answer questions about opening hours.',
  ],
});
