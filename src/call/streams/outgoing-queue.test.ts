import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutgoingQueue } from './outgoing-queue.ts';

/** A connection that takes as much as the test lets it. */
function open(maxAudio: number) {
  const sent: string[] = [];
  const drops: number[] = [];
  const socket = {
    waitingBytes: 0,
    send: (data: string | Uint8Array) => sent.push(String(data)),
    close: () => {},
  };
  const queue = new OutgoingQueue(socket, maxAudio, (dropped) => drops.push(dropped));
  return { queue, socket, sent, drops };
}

test('what the socket takes goes out at once, in order', () => {
  const { queue, sent } = open(2);
  queue.control('start');
  for (let i = 0; i < 5; i++) queue.audio(`a${i}`);
  assert.deepEqual(sent, ['start', 'a0', 'a1', 'a2', 'a3', 'a4']);
  assert.equal(queue.dropped, 0);
});

test('behind a full socket so much audio waits, then the oldest is left out; other messages keep their place', () => {
  const { queue, socket, sent, drops } = open(2);
  socket.waitingBytes = 20_000;
  queue.audio('a0');
  queue.control('key');
  for (let i = 1; i < 5; i++) queue.audio(`a${i}`);
  queue.control('mark');
  assert.deepEqual(sent, []);
  assert.equal(queue.dropped, 3);
  assert.deepEqual(drops, [1]);
  socket.waitingBytes = 0;
  queue.drained();
  assert.deepEqual(sent, ['key', 'a3', 'a4', 'mark']);
});

test('no message overtakes those that wait', () => {
  const { queue, socket, sent } = open(5);
  socket.waitingBytes = 20_000;
  queue.audio('a0');
  socket.waitingBytes = 0;
  queue.audio('a1');
  queue.control('end');
  assert.deepEqual(sent, []);
  queue.drained();
  assert.deepEqual(sent, ['a0', 'a1', 'end']);
});

test('at the end the audio that waits is let go and counted, and the rest is said', () => {
  const { queue, socket, sent } = open(5);
  socket.waitingBytes = 20_000;
  queue.audio('a0');
  queue.control('stop');
  queue.finish();
  assert.deepEqual(sent, ['stop']);
  assert.equal(queue.dropped, 1);
});

test('messages other than audio are bounded, too: the oldest goes', () => {
  const { queue, socket, sent } = open(5);
  socket.waitingBytes = 20_000;
  for (let i = 0; i < 1_001; i++) queue.control(`m${i}`);
  queue.finish();
  assert.equal(sent.length, 1_000);
  assert.equal(sent[0], 'm1');
});
