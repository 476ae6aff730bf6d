import assert from 'node:assert/strict';
import { test } from 'node:test';
import { main, start } from '../run.test-helper.ts';

/** What the schema, and call-control.md 9, say of methods before the call is answered. */
const NEVER = [
  ...[
    'label: a',
    'set: {a: 1}',
    'unset: a',
    'cond: []',
    'switch: {variable: a, case: {"": []}}',
    'return: 1',
  ],
  ...[
    'sleep: 1',
    'user_event: {event: {}}',
    'stop_record_call',
    'execute: {dest: other}',
    'transfer: {dest: other}',
  ],
];
const ALWAYS = ['answer', 'play: "say:hi"', 'record', 'record_call', 'send_digits: {digits: "1"}'];

for (const [steps, answers] of [
  [NEVER, false],
  [ALWAYS, true],
] as const) {
  for (const step of steps) {
    test(`${step} ${answers ? 'answers' : 'does not answer'} an unanswered call`, async () => {
      const test = await start(`${main(`- ${step}`)}  other:\n    - label: b\n`);
      await test.finish();
      assert.equal(test.leg.log.includes('answer'), answers);
    });
  }
}
