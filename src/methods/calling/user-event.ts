import type { JsonObject } from '../../swml/json.ts';
import * as s from '../../swml/schema.ts';
import { NEXT } from '../flow.ts';
import { defineMethod } from '../method.ts';

/** spec/flow.md 10 */
export const userEvent = defineMethod({
  name: 'user_event',
  kind: 'calling',
  summary: 'Sends an object to the client attached to the call; without one, does nothing.',
  params: s.object(
    {
      event: s.record(s.any({ description: 'Any value.' }), {
        description: 'The object that the client gets as its event `user_event`.',
        required: true,
      }),
    },
    { description: 'Parameters of `user_event`.' },
  ),
  outputs: [],
  events: [],
  execution: 'immediate',
  answers: 'never',
  blocks: false,
  examples: ['- user_event:\n    event: {state: queued, position: 3}'],
  run(context, { event }) {
    context.sendUserEvent(event as JsonObject);
    return NEXT;
  },
});
