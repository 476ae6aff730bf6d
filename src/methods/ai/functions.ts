/** Tools of the AI methods (spec/ai.md A6). */
import type { JsonValue } from '../../swml/json.ts';
import * as s from '../../swml/schema.ts';
import { FILLER_MAP } from './languages.ts';

/** The part of JSON Schema that describes an argument of a tool. */
const ARGUMENT: s.Schema<JsonValue, 'optional'> = s.named('tool_argument', () => ARGUMENT_FIELDS, {
  description: 'An argument, in JSON Schema.',
});

const ARGUMENTS = s.array(ARGUMENT, { description: 'Alternatives.' });

const ARGUMENT_FIELDS = s.object(
  {
    type: s.string({
      description: 'Its type.',
      enum: ['string', 'integer', 'number', 'boolean', 'array', 'object', 'null'],
    }),
    description: s.string({ description: 'What it means, for the model.', literal: true }),
    nullable: s.boolean({ description: 'Whether it may be null.' }),
    default: s.any({ description: 'Its value when it is left out.', literal: true }),
    enum: s.array(s.any({ description: 'A value.', literal: true }), { description: 'Its possible values.' }),
    pattern: s.string({ description: 'Regular expression for a text.', literal: true }),
    format: s.string({
      description: 'Kind of text.',
      enum: ['date_time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'uuid'],
    }),
    items: ARGUMENT,
    properties: s.record(ARGUMENT, { description: 'Members of an object.' }),
    required: s.array(s.string({ description: 'A name.' }), { description: 'Members that must be given.' }),
    oneOf: ARGUMENTS,
    anyOf: ARGUMENTS,
    allOf: ARGUMENTS,
    const: s.any({ description: 'Its only value.', literal: true }),
  },
  { description: 'An argument, in JSON Schema.' },
) as unknown as s.Schema<JsonValue>;

const PARAMETERS_FIELDS = {
  type: s.string({ description: 'Always `object`.', enum: ['object'], required: true }),
  properties: s.record(ARGUMENT, { description: 'Arguments by their names.', required: true }),
  required: s.array(s.string({ description: 'A name.' }), { description: 'Arguments that must be given.' }),
} as const;

export const PARAMETERS = s.object(PARAMETERS_FIELDS, { description: 'Arguments of the function.' });

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
      url: s.string({ description: 'Address of the server.', required: true, format: 'http-url' }),
      headers: s.record(s.string({ description: 'A value.' }), { description: 'Headers to send.' }),
      resources: s.boolean({ description: 'Whether its resources are read.', default: false }),
      resource_vars: s.record(s.any({ description: 'A value.' }), {
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
