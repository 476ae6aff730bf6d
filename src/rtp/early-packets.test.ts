import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EarlyPackets } from './early-packets.ts';

function taken(early: EarlyPackets): number[] {
  const numbers: number[] = [];
  early.drain((bytes) => numbers.push(bytes[0]!));
  return numbers;
}

test('early packets are copies, handed over once, in order, the newest 75 of them', () => {
  const early = new EarlyPackets(() => 0);
  const bytes = new Uint8Array(1);
  for (let number = 0; number < 80; number++) {
    bytes[0] = number;
    early.push(bytes, '127.0.0.1', 4000);
  }
  assert.deepEqual(
    taken(early),
    Array.from({ length: 75 }, (_, at) => at + 5),
  );
  assert.deepEqual(taken(early), []);
});

test('what came more than a second and a half ago was meant for somebody else', () => {
  let nowMs = 0;
  const early = new EarlyPackets(() => nowMs);
  early.push(Uint8Array.of(1), '127.0.0.1', 4000);
  nowMs = 1400;
  early.push(Uint8Array.of(2), '127.0.0.1', 4000);
  nowMs = 1600;
  assert.deepEqual(taken(early), [2]);
});

test('who knows since when packets may be its own gets no older ones', () => {
  const early = new EarlyPackets(() => 1000);
  early.push(Uint8Array.of(1), '127.0.0.1', 4000, 699);
  early.push(Uint8Array.of(2), '127.0.0.1', 4000, 700);
  const times: number[] = [];
  early.drain((_bytes, _address, _port, atMs) => times.push(atMs), 700);
  assert.deepEqual(times, [700]);
});
