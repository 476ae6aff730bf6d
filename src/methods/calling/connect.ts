import * as s from '../../swml/schema.ts';
import { isArray, isObject, type JsonValue } from '../../swml/json.ts';
import { resultSchema } from '../choice-params.ts';
import { statusUrl } from '../common-params.ts';
import { DESTINATION, DESTINATION_PROPERTIES, destination, RINGBACK } from '../connect-params.ts';
import { defineMethod } from '../method.ts';

/** spec/call-control.md 3 */
export const connect = defineMethod({
  name: 'connect',
  kind: 'calling',
  summary: 'Calls one or more destinations and connects the call with the one that answers.',
  params: s.object(
    {
      ...DESTINATION_PROPERTIES,
      to: destination({ description: 'One destination.' }),
      serial: s.array(DESTINATION, { description: 'Destinations, one after the other until one answers.' }),
      parallel: s.array(DESTINATION, {
        description: 'Destinations, all at once; the first to answer is connected.',
      }),
      serial_parallel: s.array(s.array(DESTINATION, { description: 'Destinations to call at once.' }), {
        description: 'Groups of destinations, one group after the other.',
      }),
      max_duration: s.integer({ description: 'Longest talk.', default: 14_400, min: 1, unit: 's' }),
      answer_on_bridge: s.boolean({
        description: 'Whether an unanswered call is answered only when a destination answers.',
        default: false,
      }),
      auto_answer: s.boolean({ description: 'Whether an unanswered call is answered first.', default: true }),
      ringback: RINGBACK,
      status_url: statusUrl('calling.call.connect'),
      transfer_after_bridge: s.string({
        description: 'URL of a document, or a document as text, to go on with after the talk.',
      }),
      result: resultSchema('connect_result'),
    },
    {
      description: 'Parameters of `connect`.',
      exclusive: [{ names: ['to', 'serial', 'parallel', 'serial_parallel'] }],
      refine: (value) =>
        isObject(value) && value['transfer_after_bridge'] === undefined && namesQueue(value)
          ? { fault: 'missingParameter', message: 'A destination "queue:" needs "transfer_after_bridge"' }
          : undefined,
    },
  ),
  outputs: [
    {
      name: 'connect_result',
      type: 'string',
      values: ['connected', 'failed'],
      description: 'Whether a destination was connected.',
    },
    {
      name: 'connect_failed_reason',
      type: 'string',
      description: 'Why not: `no_answer`, `busy`, `decline`, `cancel`, `not_found` or `error`.',
    },
    { name: 'return_value', type: 'string', description: 'As `connect_result`.' },
  ],
  events: ['calling.call.connect', 'calling.call.state', 'calling.call.stream'],
  execution: 'foreground',
  answers: 'unless-told',
  blocks: true,
  examples: [
    '- connect:\n    to: sip:desk@example.com\n    timeout: 20\n    result:\n      case:\n        failed:\n          - record: {beep: true}',
  ],
});

function namesQueue(value: JsonValue | undefined): boolean {
  if (isArray(value)) return value.some(namesQueue);
  if (!isObject(value)) return false;
  const { to } = value;
  if (typeof to === 'string' && to.startsWith('queue:')) return true;
  return [value['serial'], value['parallel'], value['serial_parallel']].some(namesQueue);
}
