import * as s from '../../swml/schema.ts';
import { controlIdToStop, successVariable } from '../common-params.ts';
import { NEXT } from '../flow.ts';
import { defineMethod } from '../method.ts';

/** spec/media.md 6 */
export const stopTap = defineMethod({
  name: 'stop_tap',
  kind: 'calling',
  summary: 'Ends a `tap`.',
  params: s.object(
    { control_id: controlIdToStop('tap_control_id') },
    { description: 'Parameters of `stop_tap`.' },
  ),
  outputs: [successVariable('stop_tap_result', 'Whether it ran and is stopped.')],
  events: [],
  execution: 'immediate',
  answers: 'never',
  blocks: true,
  examples: ['- stop_tap: {}'],
  async run({ leg, vars }, params) {
    // An empty one is none, as it is for the step that starts it.
    const controlId = params.control_id || vars.get('tap_control_id');
    const operation = typeof controlId === 'string' ? leg.tapping(controlId) : undefined;
    vars.set('stop_tap_result', operation === undefined ? 'failed' : 'success');
    operation?.stop();
    await operation?.done;
    return NEXT;
  },
});
