import * as s from '../../swml/schema.ts';
import { defineCommand } from './command.ts';
import { COLLECT_CONTROL_ID, runningCollect } from './running-collect.ts';

/** spec/rest.md 2.4 */
export const collectStop = defineCommand({
  name: 'calling.collect.stop',
  summary: 'Ends a collection; what was pressed so far is no result.',
  params: s.object(
    { control_id: COLLECT_CONTROL_ID },
    { description: 'Parameters of `calling.collect.stop`.' },
  ),
  callId: 'id',
  needsAnswer: true,
  examples: ['{"control_id": "pin"}'],
  run(context, { control_id }) {
    runningCollect(context, control_id).stop();
    return { control_id };
  },
});
