import * as s from '../../swml/schema.ts';
import { sleep as wait } from '../../time/clock.ts';
import { END, NEXT } from '../flow.ts';
import { defineMethod } from '../method.ts';

/** spec/flow.md 9 */
export const sleep = defineMethod({
  name: 'sleep',
  kind: 'calling',
  summary: 'Waits.',
  params: s.object(
    {
      duration: s.integer({
        description: 'How long; -1 waits until the call ends, 0 does nothing.',
        required: true,
        min: 0,
        also: [-1],
        unit: 'ms',
        examples: [500],
      }),
    },
    { description: 'Parameters of `sleep`.' },
  ),
  shorthand: {
    description: 'a number, which is then `duration`',
    schema: s.integer({ description: '`duration`', min: 0, also: [-1], unit: 'ms' }),
    expand: (value) =>
      typeof value === 'number' || typeof value === 'string' ? { duration: value } : undefined,
  },
  outputs: [],
  events: [],
  execution: 'foreground',
  answers: 'never',
  blocks: true,
  examples: ['- sleep: 500', '- sleep:\n    duration: 500'],
  async run(context, { duration }) {
    if (duration === 0) return NEXT;
    if (duration === -1) {
      await context.leg.ended;
      return END;
    }
    await wait(context.clock, duration, context.signal);
    return NEXT;
  },
});
