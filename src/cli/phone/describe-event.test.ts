import assert from 'node:assert/strict';
import test from 'node:test';

import { describeEnd, describeEvent } from './describe-event.ts';

test('The end of a call says who ended it and how, with the words of a Reason header', () => {
  const cases = [
    [{ by: 'local', how: 'bye' }, 'hangs up'],
    [
      { by: 'remote', how: 'bye', reason: 'SIP;cause=200;text="call completed"' },
      'is hung up on (call completed)',
    ],
    [{ by: 'local', how: 'cancel' }, 'gives up before the answer'],
    [{ by: 'remote', how: 'failed', status: 486, reason: 'Busy Here' }, 'is refused: 486 (Busy Here)'],
    [{ by: 'local', how: 'timeout' }, 'gets no answer'],
    [
      { by: 'remote', how: 'transport', reason: 'connection lost' },
      'cannot reach the other side (connection lost)',
    ],
  ] as const;
  for (const [end, text] of cases) assert.equal(describeEnd(end), text);
});

test('Keys are told with the way they went', () => {
  assert.equal(describeEvent({ kind: 'pressed', digits: '12#', by: 'INFO' }), 'presses 12# (INFO)');
});
