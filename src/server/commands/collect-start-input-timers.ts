import * as s from '../../swml/schema.ts';
import { defineCommand } from './command.ts';
import { COLLECT_CONTROL_ID, runningCollect } from './running-collect.ts';

/** spec/rest.md 2.4 */
export const collectStartInputTimers = defineCommand({
  name: 'calling.collect.start_input_timers',
  summary: 'Starts the waits for input of a collection that was begun without them.',
  params: s.object(
    { control_id: COLLECT_CONTROL_ID },
    { description: 'Parameters of `calling.collect.start_input_timers`.' },
  ),
  callId: 'id',
  needsAnswer: true,
  examples: ['{"control_id": "pin"}'],
  run(context, { control_id }) {
    runningCollect(context, control_id).startTimers();
    return { control_id };
  },
});
