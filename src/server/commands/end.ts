import * as s from '../../swml/schema.ts';
import { defineCommand } from './command.ts';

/** spec/rest.md 2.4, spec/call-control.md 2 */
export const end = defineCommand({
  name: 'calling.end',
  summary: 'Ends the call. The reply does not wait for its recordings.',
  params: s.object(
    {
      reason: s.string({
        description:
          'Why. Before the answer it decides the SIP response: 480 (hangup, noAnswer), 487 (cancel), 486 (busy), 603 (decline), 503 (error).',
        enum: ['hangup', 'cancel', 'busy', 'noAnswer', 'decline', 'error'],
        default: 'hangup',
      }),
    },
    { description: 'Parameters of `calling.end`.' },
  ),
  callId: 'id',
  needsAnswer: false,
  examples: ['{}', '{"reason": "busy"}'],
  run({ call, log }, { reason }) {
    call.leg
      .hangup(reason)
      .catch((cause: unknown) => log.error({ err: cause }, 'the call could not be ended'));
    return {};
  },
});
