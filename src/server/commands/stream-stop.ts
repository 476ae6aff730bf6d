import * as s from '../../swml/schema.ts';
import { problem } from '../http/errors.ts';
import { defineCommand } from './command.ts';

/** spec/rest.md 2.4: it ends a `stream` of the document, too. */
export const streamStop = defineCommand({
  name: 'calling.stream.stop',
  summary: 'Ends a stream.',
  params: s.object(
    {
      control_id: s.string({
        description:
          'Which stream: the `control_id` of `calling.stream` or `stream`, or the one in its callbacks.',
        required: true,
      }),
    },
    { description: 'Parameters of `calling.stream.stop`.' },
  ),
  callId: 'id',
  needsAnswer: true,
  examples: ['{"control_id": "notes"}'],
  async run({ call }, { control_id }) {
    const operation = call.leg.streaming(control_id);
    if (operation === undefined) throw problem(404);
    operation.stop();
    // Behind the reply its control id is free, and its end was told before anything of the next one.
    await operation.done;
    return { control_id };
  },
});
