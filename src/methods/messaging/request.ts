import * as s from '../../swml/schema.ts';
import { NEXT } from '../flow.ts';
import { bodyOf, clearOutputs, performRequest } from '../http-step.ts';
import { defineMessagingMethod } from '../method.ts';

const MAX_TIMEOUT_S = 5;

/** spec/messaging.md 4.3 */
export const request = defineMessagingMethod({
  name: 'request',
  summary: 'Sends an HTTP request and keeps the answer in variables.',
  params: s.object(
    {
      url: s.string({
        description: 'Where to; `user:password@` becomes Basic authorization.',
        required: true,
        format: 'http-url',
        code: 'swml_request_url_required',
      }),
      method: s.string({
        description: 'The HTTP method.',
        enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
        default: 'POST',
      }),
      headers: s.record(s.string({ description: 'Value of the header.' }), {
        description: 'Headers to send.',
      }),
      body: s.union(
        [
          s.string({ description: 'Sent as it is.' }),
          s.record(s.any({ description: 'Any value.' }), { description: 'Sent as JSON.' }),
        ],
        { description: 'A text, or an object to send as JSON.' },
      ),
      timeout: s.number({
        description: `Longest wait for the whole answer; 0, and more than ${MAX_TIMEOUT_S}, count as ${MAX_TIMEOUT_S}.`,
        default: MAX_TIMEOUT_S,
        min: 0,
        unit: 's',
      }),
      save_variables: s.boolean({
        description: 'Whether a JSON answer is kept in `request_response`.',
        default: false,
      }),
    },
    { description: 'Parameters of `request`.' },
  ),
  outputs: [
    {
      name: 'request_result',
      type: 'string',
      values: ['success', 'failed', 'timeout', 'limit_exceeded'],
      description: '`success` for an answer with a 2xx status.',
    },
    { name: 'request_response_code', type: 'integer', description: 'HTTP status, if an answer came.' },
    { name: 'request_response_body', type: 'string', description: 'At most 64 KB.' },
    { name: 'request_response', type: 'any', description: 'The answer as JSON, with `save_variables`.' },
  ],
  execution: 'foreground',
  blocks: true,
  examples: [
    '- request:\n    url: https://example.com/who\n    body: {number: "%{message.from}"}\n    save_variables: true',
  ],
  async run(context, params) {
    const { vars } = context;
    clearOutputs(vars);
    if (!context.countRequest()) {
      vars.set('request_result', 'limit_exceeded');
      return NEXT;
    }
    const timeoutMs =
      (params.timeout === 0 ? MAX_TIMEOUT_S : Math.min(params.timeout, MAX_TIMEOUT_S)) * 1_000;
    const result = await performRequest(context, {
      url: params.url,
      method: params.method,
      ...bodyOf(params.body, params.headers ?? {}),
      connectTimeoutMs: timeoutMs,
      timeoutMs,
      saveVariables: params.save_variables,
      keepHeaders: false,
      signed: true,
    });
    if (result.kind === 'answer') vars.set('request_result', result.ok ? 'success' : 'failed');
    else vars.set('request_result', result.kind === 'timeout' ? 'timeout' : 'failed');
    return NEXT;
  },
});
