import * as s from '../../swml/schema.ts';
import { successVariable } from '../common-params.ts';
import { defineMethod } from '../method.ts';

/** spec/media.md 12 */
export const transcribe = defineMethod({
  name: 'transcribe',
  kind: 'calling',
  summary: 'Writes down the whole call in the background; the text comes when it ends.',
  params: s.object(
    { status_url: s.string({ description: 'Where the transcript goes.', format: 'http-url' }) },
    { description: 'Parameters of `transcribe`.' },
  ),
  outputs: [
    successVariable('transcribe_result', 'Whether it was started; only one may run.'),
    { name: 'transcribe_control_id', type: 'string', description: 'Name of this transcription.' },
  ],
  events: ['calling.transcript.completed', 'calling.transcript.failed'],
  execution: 'background',
  answers: 'always',
  blocks: true,
  examples: ['- transcribe:\n    status_url: https://example.com/transcripts'],
});
