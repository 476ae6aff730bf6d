import * as s from '../../swml/schema.ts';
import { defineCommand } from './command.ts';
import { PLAY_CONTROL_ID, runningPlay } from './running-play.ts';

/** spec/rest.md 2.4 */
export const playPause = defineCommand({
  name: 'calling.play.pause',
  summary: 'Makes what plays silent; what was to sound behind it waits, too.',
  params: s.object({ control_id: PLAY_CONTROL_ID }, { description: 'Parameters of `calling.play.pause`.' }),
  callId: 'id',
  needsAnswer: true,
  examples: ['{"control_id": "music"}'],
  run(context, { control_id }) {
    runningPlay(context, control_id).pause();
    return { control_id };
  },
});
