import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { VirtualClock } from '../../../time/virtual-clock.ts';
import { AudioError } from '../audio-decoder.ts';
import { DecoderThread } from './decoder-thread.ts';

const MP3 = readFileSync(new URL('../testdata/tone-440hz-1s-16khz.mp3', import.meta.url));

function thread(t: TestContext, program?: string): { decoders: DecoderThread; clock: VirtualClock } {
  const clock = new VirtualClock();
  const entry =
    program === undefined
      ? undefined
      : new URL(
          `data:text/javascript,${encodeURIComponent(`import { parentPort } from 'node:worker_threads';\n${program}`)}`,
        );
  const decoders = new DecoderThread({ clock, ...(entry !== undefined && { entry }) });
  t.after(() => decoders.close());
  return { decoders, clock };
}

test('many files are decoded side by side, each to its own samples', async (t) => {
  const { decoders } = thread(t);
  const lengths = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const decoder = await decoders.open('mp3');
      let length = 0;
      for (let at = 0; at < MP3.length; at += 500)
        length += (await decoder.write(MP3.subarray(at, at + 500))).length;
      length += (await decoder.end())?.length ?? 0;
      decoder.close();
      assert.equal(decoder.sampleRate, 16_000);
      return length;
    }),
  );
  assert.equal(new Set(lengths).size, 1);
  assert.ok((lengths[0] ?? 0) > 16_000);
});

test('a piece of a file goes to the thread without the rest of the memory that it lies in', async (t) => {
  const { decoders } = thread(
    t,
    `parentPort.on('message', ({ stream, bytes }) => {
      const sampleRate = bytes?.buffer.byteLength;
      parentPort.postMessage({ type: 'samples', stream, samples: new Int16Array(0), sampleRate });
    });`,
  );
  const decoder = await decoders.open('mp3');
  await decoder.write(new Uint8Array(1_000_000).subarray(5000, 9096));
  assert.equal(decoder.sampleRate, 4096);
});

test('a thread that dies fails the files in its hands, and the next file starts a new one', async (t) => {
  const { decoders } = thread(
    t,
    `parentPort.on('message', ({ type, stream }) => {
      if (type === 'write') process.exit(1);
      parentPort.postMessage({ type: 'samples', stream, samples: new Int16Array(0) });
    });`,
  );
  const decoder = await decoders.open('flac');
  await assert.rejects(Promise.resolve(decoder.write(MP3)), AudioError);
  await decoders.open('flac');
});

test('a thread that says nothing any more is taken for dead', async (t) => {
  const { decoders, clock } = thread(t, `parentPort.on('message', () => {});`);
  const opening = decoders.open('opus');
  const failed = assert.rejects(opening, /has not answered for 15 s/);
  await clock.advance(16_000);
  await failed;
});

test('an answer that waited behind a standstill of this thread is heard, however long that was', async (t) => {
  const { decoders, clock } = thread(
    t,
    `parentPort.on('message', ({ stream }) => {
      setTimeout(() => parentPort.postMessage({ type: 'samples', stream, samples: new Int16Array(0) }), 50);
    });`,
  );
  const opening = decoders.open('opus');
  // The timer of the watch comes before what the thread has sent.
  await clock.advance(15_500);
  await opening;
});
