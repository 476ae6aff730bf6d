import * as s from '../../swml/schema.ts';
import { problem } from '../http/errors.ts';
import { defineCommand } from './command.ts';

/** spec/rest.md 2.4: it ends a `tap` of the document, too. */
export const tapStop = defineCommand({
  name: 'calling.tap.stop',
  summary: 'Ends a tap.',
  params: s.object(
    {
      control_id: s.string({
        description: 'Which tap: the `control_id` of `calling.tap` or `tap`, or the one in its callbacks.',
        required: true,
      }),
    },
    { description: 'Parameters of `calling.tap.stop`.' },
  ),
  callId: 'id',
  needsAnswer: true,
  examples: ['{"control_id": "tap-1"}'],
  async run({ call }, { control_id }) {
    const operation = call.leg.tapping(control_id);
    if (operation === undefined) throw problem(404);
    operation.stop();
    // Behind the reply its control id is free, and its end was told before anything of the next one.
    await operation.done;
    return { control_id };
  },
});
