import * as s from '../../swml/schema.ts';
import { defineCommand } from './command.ts';
import { PLAY_CONTROL_ID, runningPlay } from './running-play.ts';

/** spec/rest.md 2.4 */
export const playStop = defineCommand({
  name: 'calling.play.stop',
  summary: 'Ends what plays, also a `play` that the script waits for.',
  params: s.object({ control_id: PLAY_CONTROL_ID }, { description: 'Parameters of `calling.play.stop`.' }),
  callId: 'id',
  needsAnswer: true,
  examples: ['{"control_id": "music"}'],
  async run(context, { control_id }) {
    const operation = runningPlay(context, control_id);
    operation.stop();
    // Behind the reply its control id is free, and its end was told before anything of the next one.
    await operation.done;
    return { control_id };
  },
});
