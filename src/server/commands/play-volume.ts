import * as s from '../../swml/schema.ts';
import { defineCommand } from './command.ts';
import { PLAY_CONTROL_ID, runningPlay, VOLUME } from './running-play.ts';

/** spec/rest.md 2.4 */
export const playVolume = defineCommand({
  name: 'calling.play.volume',
  summary: 'Changes how loud something plays, from now on.',
  params: s.object(
    { control_id: PLAY_CONTROL_ID, volume: s.number({ ...VOLUME, required: true }) },
    { description: 'Parameters of `calling.play.volume`.' },
  ),
  callId: 'id',
  needsAnswer: true,
  examples: ['{"control_id": "music", "volume": -12}'],
  run(context, { control_id, volume }) {
    runningPlay(context, control_id).setVolume(volume);
    return { control_id };
  },
});
