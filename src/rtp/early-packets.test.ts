import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EarlyPackets } from './early-packets.ts';

function taken(early: EarlyPackets): number[] {
  const numbers: number[] = [];
  early.drain((bytes) => numbers.push(bytes[0]!));
  return numbers;
}

test('early packets are copies, handed over once, in order, the newest 25 of them', () => {
  const early = new EarlyPackets(() => 0);
  const bytes = new Uint8Array(1);
  for (let number = 0; number < 30; number++) {
    bytes[0] = number;
    early.push(bytes, '127.0.0.1', 4000);
  }
  assert.deepEqual(
    taken(early),
    Array.from({ length: 25 }, (_, at) => at + 5),
  );
  assert.deepEqual(taken(early), []);
});

test('what came more than half a second ago was meant for somebody else', () => {
  let nowMs = 0;
  const early = new EarlyPackets(() => nowMs);
  early.push(Uint8Array.of(1), '127.0.0.1', 4000);
  nowMs = 400;
  early.push(Uint8Array.of(2), '127.0.0.1', 4000);
  nowMs = 600;
  assert.deepEqual(taken(early), [2]);
});
