/** Tools of the AI methods (spec/ai.md A6). */
import * as s from '../../swml/schema.ts';
import { FILLER_MAP } from './languages.ts';
import { PARAMETERS } from './tool-arguments.ts';

export const WEBHOOK_FIELDS = {
  web_hook_url: s.string({ description: 'Where calls of the function go.', literal: true }),
  web_hook_auth_user: s.string({ description: 'User for that URL.' }),
  web_hook_auth_password: s.string({ description: 'Password for that URL.' }),
} as const;

export const META_DATA = s.record(s.any({ description: 'A value.', literal: true }), {
  description: 'Store of the function, which the model does not see.',
});

export const MCP_SERVERS = s.array(
  s.object(
    {
      url: s.string({ description: 'Address of the server.', required: true }),
      headers: s.record(s.string({ description: 'A value.' }), { description: 'Headers to send.' }),
      resources: s.boolean({ description: 'Whether its resources are read.', default: false }),
      resource_vars: s.record(s.string({ description: 'A value.' }), {
        description: 'Values for addresses of resources.',
      }),
    },
    { description: 'A server of tools (Model Context Protocol).' },
  ),
  { description: 'Servers whose tools become functions.' },
);

export const FUNCTION_FIELDS = {
  function: s.string({ description: 'Name of the function.', required: true, minLength: 1 }),
  parameters: PARAMETERS,
  ...WEBHOOK_FIELDS,
  active: s.boolean({ description: 'Whether the model may call it.', default: true }),
  meta_data: META_DATA,
  meta_data_token: s.string({ description: 'Functions with the same token share `meta_data`.' }),
} as const;

export const INCLUDES = s.array(
  s.object(
    {
      url: s.string({ description: 'Server that describes its functions.', required: true }),
      functions: s.array(s.string({ description: 'A name.' }), {
        description: 'Functions to include.',
        required: true,
      }),
      meta_data: META_DATA,
      auth_user: s.string({ description: 'User for that URL.' }),
      auth_password: s.string({ description: 'Password for that URL.' }),
    },
    { description: 'Functions of another server.' },
  ),
  { description: 'Functions that other servers describe.' },
);

const FILLER_NAMES = [
  ...[
    'check_time',
    'wait_for_user',
    'wait_seconds',
    'adjust_response_latency',
    'next_step',
    'change_context',
  ],
  ...['get_visual_input', 'get_ideal_strategy', 'pause_conversation', 'hangup'],
];

export const INTERNAL_FILLERS = s.object(Object.fromEntries(FILLER_NAMES.map((name) => [name, FILLER_MAP])), {
  description: 'Words for the time that functions of the server take.',
});
