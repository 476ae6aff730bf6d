import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../swml/json.ts';
import { read } from '../../swml/schema-read.ts';
import { CONNECT } from './params.ts';
import { MAX_AT_ONCE, planOf } from './plan.ts';

function plan(params: JsonObject) {
  return planOf(
    read(CONNECT, params, [], {
      kind: 'calling',
      expand: (text) => text,
      block: () => [],
      report: (finding) => assert.notEqual(finding.severity ?? 'error', 'error', finding.message),
    }),
  );
}

test('each strategy gives groups in the order of the document', () => {
  const to = (name: string) => ({ to: `sip:${name}@example.com` });
  assert.deepEqual(plan(to('a')).groups, [[0]]);
  assert.deepEqual(plan({ serial: [to('a'), to('b')] }).groups, [[0], [1]]);
  assert.deepEqual(plan({ parallel: [to('a'), to('b')] }).groups, [[0, 1]]);
  assert.deepEqual(plan({ serial_parallel: [[to('a'), to('b')], [to('c')]] }).groups, [[0, 1], [2]]);
  assert.deepEqual(plan({ serial: [] }).groups, []);
});

test('a destination takes from the step what it does not set itself', () => {
  const { calls } = plan({
    from: '+15550100',
    from_name: 'Desk',
    timeout: 15,
    confirm: 'https://example.com/confirm',
    call_state_url: 'https://example.com/state',
    username: 'ann',
    password: 'secret',
    headers: [{ name: 'X-A', value: '1' }],
    codecs: 'pcma, G722',
    serial: [
      { to: 'sip:day@example.com' },
      {
        to: 'sip:night@example.com',
        from: 'sip:line@example.com',
        timeout: 25,
        confirm_timeout: 7,
        call_state_events: ['answered'],
        session_timeout: 1800,
        headers: [],
      },
    ],
  });
  const [day, night] = calls;
  assert.deepEqual(day!.request, {
    to: 'sip:day@example.com',
    from: '+15550100',
    fromName: 'Desk',
    headers: [{ name: 'X-A', value: '1' }],
    codecs: ['PCMA', 'G722'],
    sessionTimeout: undefined,
    username: 'ann',
    password: 'secret',
    timeout: 15,
  });
  assert.deepEqual(day!.confirm, { url: 'https://example.com/confirm' });
  assert.deepEqual([day!.confirmTimeout, night!.confirmTimeout], [15, 7]);
  assert.deepEqual([...day!.stateEvents], ['ended']);
  assert.deepEqual([...night!.stateEvents], ['answered']);
  assert.deepEqual(
    [night!.request.from, night!.request.timeout, night!.request.sessionTimeout, night!.request.headers],
    ['sip:line@example.com', 25, 1800, []],
  );
});

test('an empty list of codecs says nothing of codecs', () => {
  assert.equal(plan({ to: 'sip:a@example.com', codecs: '' }).calls[0]!.request.codecs, undefined);
});

test('an empty caller, name or user says nothing, of a destination or of the step', () => {
  const empty = { from: '', from_name: '', username: '' };
  const said = (params: JsonObject) => {
    const { from, fromName, username } = plan(params).calls[0]!.request;
    return [from, fromName, username];
  };
  assert.deepEqual(said({ to: 'sip:a@example.com', ...empty }), [undefined, undefined, undefined]);
  const serial = [{ to: 'sip:a@example.com', ...empty }];
  const step = { from: '+15550100', from_name: 'Desk', username: 'ann' };
  assert.deepEqual(said({ ...step, serial }), ['+15550100', 'Desk', 'ann']);
});

test('an empty password, codec list, or name or token of a stream of a destination leaves it to the step', () => {
  const step = { username: 'ann', password: 'secret', codecs: 'G722', name: 'desk' };
  const empty = { username: '', password: '', codecs: '', name: '', authorization_bearer_token: '' };
  const [phone, stream] = plan({
    ...step,
    authorization_bearer_token: 'token',
    serial: [
      { to: 'sip:a@example.com', ...empty },
      { to: 'stream:wss://a.example/', ...empty },
    ],
  }).calls;
  const { username, password, codecs } = phone!.request;
  assert.deepEqual([username, password, codecs], ['ann', 'secret', ['G722']]);
  assert.deepEqual([stream!.stream?.name, stream!.stream?.bearerToken], ['desk', 'token']);
});

test('an empty name or token of a stream says nothing', () => {
  const params = { to: 'stream:wss://a.example/', name: '', authorization_bearer_token: '' };
  const { stream } = plan(params).calls[0]!;
  assert.deepEqual([stream?.name, stream?.bearerToken], [undefined, undefined]);
});

test('what this version cannot call is refused with the cure', () => {
  const refusal = (params: JsonObject) => plan(params).calls[0]!.refusal ?? '';
  assert.match(refusal({ to: 'queue:support', transfer_after_bridge: 'https://a.example' }), /queues.*sip:/);
  assert.match(refusal({ to: '/public/desk' }), /resource addresses/);
  assert.match(refusal({ to: 'sips:a@example.com' }), /TLS/);
  assert.match(refusal({ to: 'sip:a@example.com', encryption: 'mandatory' }), /leave out "encryption/);
  assert.match(refusal({ to: 'sip:a@example.com', webrtc_media: true }), /leave out "webrtc_media/);
  assert.equal(refusal({ to: 'sip:a@example.com', encryption: 'forbidden' }), '');
  assert.equal(refusal({ to: '+15550100' }), '');
});

test('more destinations than one step may call are refused', () => {
  const parallel = Array.from({ length: MAX_AT_ONCE + 1 }, (_, n) => ({ to: `sip:${n}@example.com` }));
  assert.throws(() => plan({ parallel }), RangeError);
});
