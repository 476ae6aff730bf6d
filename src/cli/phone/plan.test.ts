import assert from 'node:assert/strict';
import test from 'node:test';

import { parsePresses } from './plan.ts';

test('Keys are pressed at their seconds, in order of time, whatever the order they are written in', () => {
  assert.deepEqual(parsePresses('#@8, 5@3,12a*@0.5'), [
    { digits: '12A*', atMs: 500 },
    { digits: '5', atMs: 3000 },
    { digits: '#', atMs: 8000 },
  ]);
});

test('What is no key at a time is refused with an example', () => {
  for (const text of ['', '5', '5@', '@3', 'x@1', '5@-1', '5@1,', '5@999999', '5@1e2']) {
    assert.throws(() => parsePresses(text), { code: 'commander.invalidArgument', message: /5@3/ }, text);
  }
});
