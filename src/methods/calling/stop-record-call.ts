import type { RecordOperation } from '../../call/leg.ts';
import type { RecordOutcome } from '../../recording/types.ts';
import * as s from '../../swml/schema.ts';
import { sleep } from '../../time/clock.ts';
import { controlIdToStop, successVariable } from '../common-params.ts';
import type { MethodContext } from '../context.ts';
import { NEXT } from '../flow.ts';
import { defineMethod } from '../method.ts';

/** Longest wait for the file to be complete (spec/record.md 8, row 6). */
const MAX_WAIT_MS = 10_000;

/** spec/record.md 3 */
export const stopRecordCall = defineMethod({
  name: 'stop_record_call',
  kind: 'calling',
  summary: 'Ends a `record_call`; its file is complete before the next step.',
  params: s.object(
    { control_id: controlIdToStop('record_control_id') },
    { description: 'Parameters of `stop_record_call`.' },
  ),
  outputs: [successVariable('stop_record_call_result', 'Whether such a recording ran and is stopped.')],
  events: [],
  execution: 'immediate',
  answers: 'never',
  blocks: true,
  examples: ['- stop_record_call: {}', '- stop_record_call:\n    control_id: part-1'],
  async run(context, params) {
    const { leg, vars } = context;
    // An empty one is none, as it is for the step that starts it.
    const controlId = params.control_id || vars.get('record_control_id');
    const operation = typeof controlId === 'string' ? leg.recording(controlId) : undefined;
    if (operation === undefined) {
      vars.set('stop_record_call_result', 'failed');
      return NEXT;
    }
    operation.stop('stop');
    const outcome = await fileOf(operation, context);
    vars.set('stop_record_call_result', outcome?.state === 'error' ? 'failed' : 'success');
    if (outcome?.state === 'error') {
      context.warn('failed', `The recording failed: ${outcome.error ?? 'no reason is known'}`);
    } else if (outcome === undefined && !context.signal.aborted) {
      const message = `The recording was stopped, but its file is not complete after ${MAX_WAIT_MS / 1000} s`;
      context.warn('failed', message);
    }
    return NEXT;
  },
});

/** How the recording ended; undefined when that takes too long. */
async function fileOf(
  operation: RecordOperation,
  { clock, signal }: Pick<MethodContext, 'clock' | 'signal'>,
): Promise<RecordOutcome | undefined> {
  const settled = new AbortController();
  const given = sleep(clock, MAX_WAIT_MS, AbortSignal.any([signal, settled.signal]));
  const outcome = await Promise.race([operation.done, given.catch(() => undefined)]);
  settled.abort();
  return outcome ?? undefined;
}
