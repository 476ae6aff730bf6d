import * as s from '../../swml/schema.ts';
import { controlIdToStop, successVariable } from '../common-params.ts';
import { NEXT } from '../flow.ts';
import { sleep } from '../../time/clock.ts';
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
    const { leg, vars, clock, signal } = context;
    const controlId = params.control_id ?? vars.get('record_control_id');
    const operation = typeof controlId === 'string' ? leg.recording(controlId) : undefined;
    if (operation === undefined || (await hasEnded(operation.done))) {
      vars.set('stop_record_call_result', 'failed');
      return NEXT;
    }
    operation.stop('stop');
    const timeout = new AbortController();
    const waited = AbortSignal.any([signal, timeout.signal]);
    await Promise.race([operation.done, sleep(clock, MAX_WAIT_MS, waited).catch(() => {})]);
    timeout.abort();
    vars.set('stop_record_call_result', 'success');
    return NEXT;
  },
});

const PENDING = Symbol('pending');

/** Whether a promise is settled already: of two settled ones the first wins the race. */
async function hasEnded(done: Promise<unknown>): Promise<boolean> {
  return (await Promise.race([done, Promise.resolve(PENDING)])) !== PENDING;
}
