import * as s from '../../swml/schema.ts';
import { successVariable } from '../common-params.ts';
import { defineMethod } from '../method.ts';

/** spec/media.md 12 */
export const transcribeStop = defineMethod({
  name: 'transcribe_stop',
  kind: 'calling',
  summary: 'Ends the transcription.',
  params: s.object({}, { description: '`transcribe_stop` has no parameters.' }),
  outputs: [successVariable('transcribe_stop_result', 'Whether one ran and is stopped.')],
  events: [],
  execution: 'immediate',
  answers: 'never',
  blocks: false,
  examples: ['- transcribe_stop: {}'],
});
