import { CallError, type RecordOperation } from '../../call/leg.ts';
import * as s from '../../swml/schema.ts';
import { NEXT } from '../flow.ts';
import { isReplaced } from '../is-replaced.ts';
import { LatestStep } from '../latest-step.ts';
import { defineMethod } from '../method.ts';
import {
  direction,
  RECORDING_DEFAULTS,
  RECORDING_STATUS_URL,
  recordingProperties,
  recordOptions,
} from '../recording-params.ts';
import { warnFailed } from '../warn-failed.ts';

const PARAMS = s.object(
  {
    ...recordingProperties(RECORDING_DEFAULTS.record),
    status_url: RECORDING_STATUS_URL,
    direction: direction(['speak', 'listen'], ['both'], 'speak'),
  },
  { description: 'Parameters of `record`.' },
);
/** The file of one that another document broke off may be complete when a `record` of that has begun. */
const steps = new LatestStep();

/** spec/record.md */
export const record = defineMethod({
  name: 'record',
  kind: 'calling',
  summary: 'Records one side of the call until a key, silence, the length limit or the end of the call.',
  params: PARAMS,
  outputs: [
    { name: 'record_url', type: 'string', description: 'Where the file can be fetched.' },
    {
      name: 'record_result',
      type: 'string',
      values: ['success', 'failed'],
      description: '`failed` when nobody spoke within `initial_timeout`, or when recording failed.',
    },
  ],
  events: ['calling.call.record'],
  execution: 'foreground',
  answers: 'always',
  blocks: true,
  examples: ['- record:\n    beep: true\n    terminators: "#*"\n    max_length: 120'],
  async run(context, params) {
    const { vars } = context;
    const isLatest = steps.begin(vars);
    vars.unset('record_url');
    vars.unset('record_result');
    let operation: RecordOperation;
    try {
      await context.leg.answer();
      operation = await context.leg.record(recordOptions(params, context.newId()));
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (isLatest()) vars.set('record_result', 'failed');
      warnFailed(context, 'The recording could not start', error);
      return NEXT;
    }
    // At the end of the call the leg ends the recording itself, and knows why.
    const stop = (): void => {
      if (!context.leg.signal.aborted) operation.stop('transfer');
    };
    context.signal.addEventListener('abort', stop, { once: true });
    if (context.signal.aborted) stop();
    const outcome = await operation.done;
    context.signal.removeEventListener('abort', stop);
    if (isLatest()) {
      vars.set('record_result', outcome.state === 'finished' ? 'success' : 'failed');
      if (outcome.state !== 'error' && outcome.byteSize > 0) vars.set('record_url', operation.url);
    }
    // Another document, which broke it off, would find an error that it never made; the recording's callback tells it.
    if (outcome.state === 'error' && !isReplaced(context)) {
      context.warn('failed', `The recording failed: ${outcome.error ?? 'no reason is known'}`);
    }
    return NEXT;
  },
});
