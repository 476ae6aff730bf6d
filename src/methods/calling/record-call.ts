import * as s from '../../swml/schema.ts';
import { CallError } from '../../call/leg.ts';
import { newControlId, successVariable } from '../common-params.ts';
import { NEXT } from '../flow.ts';
import { LatestStep } from '../latest-step.ts';
import {
  direction,
  RECORDING_DEFAULTS,
  RECORDING_STATUS_URL,
  recordingProperties,
  recordOptions,
} from '../recording-params.ts';
import { defineMethod } from '../method.ts';
import { warnFailed } from '../warn-failed.ts';

const PARAMS = s.object(
  {
    control_id: newControlId,
    ...recordingProperties(RECORDING_DEFAULTS.record_call),
    status_url: RECORDING_STATUS_URL,
    direction: direction(['speak', 'listen', 'both'], [], 'both'),
  },
  { description: 'Parameters of `record_call`.' },
);
/** One that begins may be overtaken by one of a document that took the place of its own. */
const steps = new LatestStep();

/** spec/record.md */
export const recordCall = defineMethod({
  name: 'record_call',
  kind: 'calling',
  summary:
    'Records the call in the background, across all later steps, until it is stopped or the call ends.',
  params: PARAMS,
  outputs: [
    { name: 'record_call_url', type: 'string', description: 'Where the file will be; known at the start.' },
    successVariable('record_call_result', 'Whether the recording was started.'),
    { name: 'record_control_id', type: 'string', description: 'Name of this recording.' },
  ],
  events: ['calling.call.record'],
  execution: 'background',
  answers: 'always',
  blocks: true,
  examples: ['- record_call:\n    format: mp3\n    stereo: true\n- play: "say:This call is recorded."'],
  async run(context, params) {
    const { leg, vars } = context;
    const isLatest = steps.begin(vars);
    const controlId = params.control_id || context.newId();
    try {
      await leg.answer();
      const { url } = await leg.record(recordOptions(params, controlId));
      if (!isLatest()) return NEXT;
      vars.set('record_call_url', url);
      vars.set('record_control_id', controlId);
      vars.set('record_call_result', 'success');
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (isLatest()) vars.set('record_call_result', 'failed');
      warnFailed(context, 'The recording could not start', error);
    }
    return NEXT;
  },
});
