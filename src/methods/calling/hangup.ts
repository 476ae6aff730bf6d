import * as s from '../../swml/schema.ts';
import { END } from '../flow.ts';
import { defineMethod } from '../method.ts';

/** spec/call-control.md 2 */
export const hangup = defineMethod({
  name: 'hangup',
  kind: 'calling',
  summary: 'Ends the call, or refuses it when it is not answered yet, and ends the script.',
  params: s.object(
    {
      reason: s.string({
        description: 'Why. Before the answer it decides the SIP response: 480, 486 (busy) or 603 (decline).',
        enum: ['hangup', 'busy', 'decline'],
        default: 'hangup',
      }),
    },
    { description: 'Parameters of `hangup`.' },
  ),
  outputs: [],
  events: [],
  execution: 'terminal',
  answers: 'never',
  blocks: true,
  examples: ['- hangup: {}', '- hangup:\n    reason: busy'],
  async run(context, params) {
    await context.leg.hangup(params.reason);
    return END;
  },
});
