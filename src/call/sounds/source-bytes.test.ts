import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { ByteSource } from '../../recording/byte-source.ts';
import { RealClock } from '../../time/real-clock.ts';
import { sourceBytes } from './source-bytes.ts';

/** A source that keeps an eye on the streams that were made of it. */
function watched(): { readonly source: ByteSource; readonly streams: Readable[] } {
  const streams: Readable[] = [];
  const read = (): Readable => {
    const stream = new Readable({ read: () => stream.push(Buffer.alloc(100)) });
    streams.push(stream);
    return stream;
  };
  return { source: { size: 1000, read }, streams };
}

const clock = new RealClock();

test('a stream that was opened is closed, whenever the listener leaves', async () => {
  for (const leavesAfter of [0, 1, 3]) {
    const { source, streams } = watched();
    const leaving = new AbortController();
    const bytes = sourceBytes(async () => source, 'a recording', clock, leaving.signal);
    for (let piece = 0; piece < leavesAfter; piece++) assert.equal((await bytes.next()).done, false);
    leaving.abort(new Error('hung up'));
    await assert.rejects(bytes.next(), /hung up/);
    assert.ok(streams.every(({ destroyed }) => destroyed));
  }
});

test('whoever leaves in the moment in which the file is opened leaves no stream behind', async () => {
  const { source, streams } = watched();
  const leaving = new AbortController();
  // Told in the very turn in which the stream has just been made.
  const leavingSource = {
    size: source.size,
    read: (range: { start: number; end: number }): Readable => {
      const stream = source.read(range);
      leaving.abort(new Error('hung up'));
      return stream;
    },
  };
  const bytes = sourceBytes(async () => leavingSource, 'a recording', clock, leaving.signal);
  await assert.rejects(bytes.next(), /hung up/);
  assert.deepEqual(
    streams.map(({ destroyed }) => destroyed),
    [true],
  );
});

test('a listener who breaks off leaves no stream behind', async () => {
  const { source, streams } = watched();
  for await (const piece of sourceBytes(async () => source, 'a recording', clock, undefined)) {
    assert.equal(piece.length, 100);
    break;
  }
  assert.deepEqual(
    streams.map(({ destroyed }) => destroyed),
    [true],
  );
});
