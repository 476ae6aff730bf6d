import * as s from '../../swml/schema.ts';
import { defineCommand } from './command.ts';
import { PLAY_CONTROL_ID, runningPlay } from './running-play.ts';

/** spec/rest.md 2.4 */
export const playResume = defineCommand({
  name: 'calling.play.resume',
  summary: 'Goes on with what was paused.',
  params: s.object({ control_id: PLAY_CONTROL_ID }, { description: 'Parameters of `calling.play.resume`.' }),
  callId: 'id',
  needsAnswer: true,
  examples: ['{"control_id": "music"}'],
  run(context, { control_id }) {
    runningPlay(context, control_id).resume();
    return { control_id };
  },
});
