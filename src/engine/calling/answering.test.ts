import assert from 'node:assert/strict';
import { test } from 'node:test';
import { methodsOf } from '../../methods/registry.ts';
import type { ObjectNode } from '../../swml/schema.ts';
import { main, start } from '../run.test-helper.ts';

/** Safe while ringing; the vendor's `if` and `eval` are no methods here. */
const NEVER = [
  ...[
    'label: a',
    'set: {a: 1}',
    'unset: a',
    'cond: []',
    'switch: {variable: a, case: {"": []}}',
    'return: 1',
  ],
  ...['sleep: 1', 'user_event: {event: {}}', 'goto: {label: b, max: 1}', 'stop_record_call', 'hangup'],
  ...[
    'execute: {dest: other}',
    'transfer: {dest: other}',
    'request: {url: "https://example.com/", method: GET}',
  ],
];
const ALWAYS = ['answer', 'record', 'record_call', 'send_digits: {digits: "1"}'];

async function answers(step: string): Promise<boolean> {
  const text = `${main(`- label: b\n- ${step}`)}  other:\n    - label: c\n`;
  const test = await start(text, {
    http: () => ({ status: 200, headers: [], body: '', truncated: false }),
  });
  await test.finish();
  return test.leg.log.includes('answer');
}

for (const step of NEVER) {
  test(`flow.md 11, safe while ringing: ${step} does not answer`, async () => {
    assert.equal(await answers(step), false);
  });
}

for (const step of ALWAYS) {
  test(`flow.md 11, all others: ${step} answers an unanswered call`, async () => {
    assert.equal(await answers(step), true);
  });
}

test('flow.md 11, play and connect: answer by themselves unless auto_answer is false', async () => {
  assert.equal(await answers('play: "say:hi"'), true);
  assert.equal(await answers('play: {url: "say:hi", auto_answer: false}'), false);
  const { properties } = methodsOf('calling').get('connect')!.params.node as ObjectNode;
  assert.equal(properties['auto_answer']?.info.default, true);
});

test('flow.md 11, safe while ringing: what each method says of itself', () => {
  const safe = [...methodsOf('calling').values()].filter((method) => method.answers === 'never');
  assert.deepEqual(
    safe.map(({ name }) => name).sort(),
    [
      ...['cond', 'execute', 'goto', 'hangup', 'label', 'request', 'return', 'send_sms', 'set', 'sip_refer'],
      ...['sleep', 'stop_denoise', 'stop_record_call', 'stop_stream', 'stop_tap', 'switch'],
      ...['transcribe_stop', 'transfer', 'unset', 'user_event'],
    ].sort(),
  );
  const asked = [...methodsOf('calling').values()].filter((method) => method.answers === 'unless-told');
  assert.deepEqual(asked.map(({ name }) => name).sort(), ['connect', 'play']);
});
