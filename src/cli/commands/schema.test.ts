import assert from 'node:assert/strict';
import test from 'node:test';

import { jsonSchema } from '../../methods/json-schema.ts';
import { testFileSchema } from '../../testing/files/json-schema.ts';
import { cli } from '../terminal.test-helper.ts';

for (const [args, kind] of [
  [[], 'calling'],
  [['calling'], 'calling'],
  [['messaging'], 'messaging'],
] as const) {
  test(`openswml schema ${args.join(' ')} prints the JSON Schema of ${kind} documents`, async () => {
    const { status, out, err } = await cli('schema', ...args);
    assert.deepEqual([status, err], [0, '']);
    assert.deepEqual(JSON.parse(out), jsonSchema(kind));
  });
}

test('openswml schema test prints the JSON Schema of test files', async () => {
  const { status, out } = await cli('schema', 'test');
  assert.equal(status, 0);
  assert.deepEqual(JSON.parse(out), testFileSchema());
});

test('A kind that does not exist is answered in one line with status 2', async () => {
  const { status, out, err } = await cli('schema', 'faxing');
  assert.deepEqual([status, out], [2, '']);
  assert.match(err, /^openswml: [^\n]*'faxing'[^\n]*calling, messaging, test[^\n]*\n$/);
});
