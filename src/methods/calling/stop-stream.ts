import * as s from '../../swml/schema.ts';
import { controlIdToStop, successVariable } from '../common-params.ts';
import { NEXT } from '../flow.ts';
import { defineMethod } from '../method.ts';

/** spec/media.md 7 */
export const stopStream = defineMethod({
  name: 'stop_stream',
  kind: 'calling',
  summary: 'Ends a `stream`.',
  params: s.object(
    { control_id: controlIdToStop('stream_control_id') },
    { description: 'Parameters of `stop_stream`.' },
  ),
  outputs: [successVariable('stop_stream_result', 'Whether it ran and is stopped.')],
  events: [],
  execution: 'immediate',
  answers: 'never',
  blocks: true,
  examples: ['- stop_stream: {}'],
  async run({ leg, vars }, params) {
    // An empty one is none, as it is for the step that starts it.
    const controlId = params.control_id || vars.get('stream_control_id');
    const operation = typeof controlId === 'string' ? leg.streaming(controlId) : undefined;
    vars.set('stop_stream_result', operation === undefined ? 'failed' : 'success');
    operation?.stop();
    await operation?.done;
    return NEXT;
  },
});
