import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CALL } from './leg.test-helper.ts';
import type { CallInfo } from './leg.ts';
import { stateParams } from './state-event.ts';

const INFO: CallInfo = { ...CALL, call_state: 'ended', headers: [{ name: 'X-Ticket', value: '42' }] };

test('calling.call.state tells the call, its state, its device and why it ended (spec/callbacks.md 3.1)', () => {
  assert.deepEqual(stateParams({ ...INFO, tag: 'sales' }, 'max_duration'), {
    call_id: 'call-1',
    node_id: 'node-1',
    segment_id: 'call-1',
    tag: 'sales',
    call_state: 'ended',
    direction: 'inbound',
    device: {
      type: 'sip',
      params: {
        from: 'sip:ann@example.com',
        to: 'sip:line@example.com',
        headers: [{ name: 'X-Ticket', value: '42' }],
      },
    },
    end_reason: 'max_duration',
  });
});

test('a phone has numbers, and a call that goes on no reason', () => {
  const params = stateParams({
    ...INFO,
    type: 'phone',
    call_state: 'answered',
    from: '+15550100',
    to: '+15550101',
  });
  assert.deepEqual(params.device, {
    type: 'phone',
    params: { from_number: '+15550100', to_number: '+15550101' },
  });
  assert.equal(Object.hasOwn(params, 'end_reason'), false);
});
