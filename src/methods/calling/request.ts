import { toText } from '../../swml/json.ts';
import * as s from '../../swml/schema.ts';
import { NEXT } from '../flow.ts';
import { bodyOf, clearOutputs, performRequest, withoutCredentials } from '../http-step.ts';
import { defineMethod } from '../method.ts';

/** Waits when the document sets none (spec/flow.md 7). */
const MAX_TIMEOUT_S = 60;
const MAX_CONNECT_TIMEOUT_S = 10;

/** spec/flow.md 7 */
export const request = defineMethod({
  name: 'request',
  kind: 'calling',
  summary: 'Sends an HTTP request and keeps the answer in variables.',
  params: s.object(
    {
      url: s.string({
        description: 'Where to; `user:password@` becomes Basic authorization.',
        required: true,
        format: 'http-url',
        examples: ['https://example.com/customers/${call.from}'],
      }),
      method: s.string({
        description: 'The HTTP method.',
        required: true,
        enum: ['GET', 'POST', 'PUT', 'DELETE'],
      }),
      headers: s.record(s.any({ description: 'Value of the header.' }), {
        description:
          'Accept, Authorization, Content-Type, Range and X-… are sent, others dropped with a warning.',
      }),
      body: s.union(
        [
          s.string({ description: 'Sent as it is.' }),
          s.record(s.any({ description: 'Any value.' }), { description: 'Sent as JSON.' }),
          s.array(s.any({ description: 'Any value.' }), { description: 'Sent as JSON.' }),
        ],
        { description: 'A text, or an object to send as JSON.' },
      ),
      connect_timeout: s.number({
        description: `Longest wait for the connection; 0 is the server's limit of ${MAX_CONNECT_TIMEOUT_S} s.`,
        default: 0,
        min: 0,
        unit: 's',
      }),
      timeout: s.number({
        description: `Longest wait for the whole answer; 0 is the server's limit of ${MAX_TIMEOUT_S} s.`,
        default: 0,
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
    { name: 'request_url', type: 'string', description: 'The URL, without user and password.' },
    {
      name: 'request_result',
      type: 'string',
      values: ['success', 'failed'],
      description: '`success` for an answer with a 2xx status.',
    },
    {
      name: 'return_value',
      type: 'string',
      values: ['success', 'failed'],
      description: 'As `request_result`.',
    },
    { name: 'request_response_code', type: 'integer', description: 'HTTP status, if an answer came.' },
    {
      name: 'request_response_headers',
      type: 'object',
      description: 'At most 64, by their lower-case names.',
    },
    { name: 'request_response_body', type: 'string', description: 'At most 64 KB.' },
    { name: 'request_response', type: 'any', description: 'The answer as JSON, with `save_variables`.' },
  ],
  events: [],
  execution: 'foreground',
  answers: 'never',
  blocks: true,
  examples: [
    '- request:\n    url: https://example.com/lookup\n    method: POST\n    body: {caller: "${call.from}"}\n    save_variables: true\n- play: "say:Hello ${request_response.name}"',
  ],
  async run(context, params) {
    const { vars } = context;
    clearOutputs(vars, ['request_url', 'return_value']);
    vars.set('request_url', withoutCredentials(params.url));
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(params.headers ?? {})) {
      if (/^(?:accept|authorization|content-type|range|x-.*)$/i.test(name)) headers[name] = toText(value);
      else
        context.log.warn(
          { header: name },
          'request: this header may not be set by a document and is left out',
        );
    }
    const result = await performRequest(context, {
      url: params.url,
      method: params.method,
      ...bodyOf(params.body, headers),
      connectTimeoutMs: limited(params.connect_timeout, MAX_CONNECT_TIMEOUT_S) * 1_000,
      timeoutMs: limited(params.timeout, MAX_TIMEOUT_S) * 1_000,
      saveVariables: params.save_variables,
      keepHeaders: true,
    });
    // The call is over, or another document took its place, which would find an error that it never made.
    if (context.signal.aborted) return NEXT;
    const success = result.kind === 'answer' && result.ok;
    vars.set('request_result', success ? 'success' : 'failed');
    vars.set('return_value', success ? 'success' : 'failed');
    if (!success)
      context.warn('failed', `${params.method} ${withoutCredentials(params.url)} failed: ${result.reason}`);
    return NEXT;
  },
});

function limited(seconds: number, most: number): number {
  return seconds === 0 ? most : Math.min(seconds, most);
}
