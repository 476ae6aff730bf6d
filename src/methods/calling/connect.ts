import { CONNECT } from '../connect/params.ts';
import { runConnect } from '../connect/run.ts';
import { defineMethod } from '../method.ts';

/** spec/call-control.md 3 */
export const connect = defineMethod({
  name: 'connect',
  kind: 'calling',
  summary: 'Calls one or more destinations and connects the call with the one that answers.',
  params: CONNECT,
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
  run: runConnect,
});
