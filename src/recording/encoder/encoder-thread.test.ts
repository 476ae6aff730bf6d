import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { parseMp3Header } from '../../media/mp3-frame.ts';
import { sine } from '../../media/test-signals.ts';
import { sleep } from '../../time/clock.ts';
import { RealClock } from '../../time/real-clock.ts';
import { VirtualClock } from '../../time/virtual-clock.ts';
import type { EncodedFrames } from '../frame-layout.ts';
import { Recorder, type RecorderEvent } from '../recorder.ts';
import { SPEC } from '../recorder-bench.ts';
import { repairSpool } from '../repair.ts';
import { EncoderThread } from './encoder-thread.ts';
import type { EncodingSpec } from './frame-encoder.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'openswml-encoder-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const MP3: EncodingSpec = { format: 'mp3', sampleRate: 8000, channels: 1, kbps: 32, skipFrames: 0 };
const MP4: EncodingSpec = { format: 'mp4', sampleRate: 8000, channels: 1, kbps: 32, skipFrames: 0 };

interface Heard {
  readonly frames: EncodedFrames[];
  /** Samples answered. */
  samples: number;
  readonly ended: Promise<string>;
  readonly listener: Parameters<EncoderThread['open']>[1];
}

function listen(): Heard {
  const { promise, resolve } = Promise.withResolvers<string>();
  const heard: Heard = {
    frames: [],
    samples: 0,
    ended: promise,
    listener: {
      frames: (frames, samples) => {
        heard.frames.push(frames);
        heard.samples += samples;
      },
      ended: (frames) => {
        heard.frames.push(frames);
        resolve('ended');
      },
      lost: (reason) => resolve(`lost: ${reason}`),
    },
  };
  return heard;
}

function openThread(t: TestContext, options?: ConstructorParameters<typeof EncoderThread>[0]): EncoderThread {
  const thread = new EncoderThread(options);
  t.after(() => thread.close());
  return thread;
}

/** The program of a thread that ends as `body` has it when it is sent something. */
function program(name: string, body: string): URL {
  const file = path.join(folder, `${name}.mjs`);
  writeFileSync(file, `import { parentPort } from 'node:worker_threads';\n${body}\n`);
  return pathToFileURL(file);
}

test('each recording gets the frames of its own samples, all of them before the end', async (t) => {
  const thread = openThread(t);
  const specs = [MP3, MP4, { ...MP3, channels: 2 }, { ...MP4, sampleRate: 48_000 }] as const;
  const heard = specs.map(() => listen());
  const streams = specs.map((spec, i) => thread.open(spec, heard[i]!.listener));
  for (let second = 0; second < 3; second++) {
    for (const [i, spec] of specs.entries()) {
      streams[i]!.send(sine(spec.sampleRate * spec.channels, 440, -10, spec.sampleRate));
    }
  }
  for (const stream of streams) stream.end();
  assert.deepEqual(await Promise.all(heard.map(({ ended }) => ended)), ['ended', 'ended', 'ended', 'ended']);
  for (const [i, spec] of specs.entries()) {
    const sizes = heard[i]!.frames.flatMap(({ sizes }) => sizes);
    const perFrame = spec.format === 'mp4' ? 1024 : 576;
    assert.equal(heard[i]!.samples, 3 * spec.sampleRate * spec.channels);
    assert.ok(
      sizes.length >= (3 * spec.sampleRate) / perFrame && sizes.length < (3 * spec.sampleRate) / perFrame + 4,
    );
    if (spec.format === 'mp3') {
      for (const { bytes, sizes } of heard[i]!.frames) {
        let at = 0;
        for (const size of sizes) {
          assert.equal(parseMp3Header(bytes.subarray(at))?.frameBytes, size);
          at += size;
        }
        assert.equal(at, bytes.length);
      }
    }
  }
  assert.equal(thread.load, 0);
});

test('a stream that is refused tells why, and the others go on', async (t) => {
  const thread = openThread(t);
  const [refused, good] = [listen(), listen()];
  thread.open({ ...MP3, sampleRate: 9000 }, refused.listener).end();
  const stream = thread.open(MP3, good.listener);
  stream.send(sine(8000, 440, -10));
  stream.end();
  assert.equal(await refused.ended, 'lost: MP3 has no sample rate of 9000 Hz');
  assert.equal(await good.ended, 'ended');
});

test('a dropped stream is not heard of again', async (t) => {
  const thread = openThread(t);
  const [dropped, good] = [listen(), listen()];
  const first = thread.open(MP3, dropped.listener);
  first.send(sine(8000, 440, -10));
  first.drop();
  first.send(sine(8000, 440, -10));
  first.end();
  const second = thread.open(MP3, good.listener);
  second.send(sine(8000, 440, -10));
  second.end();
  assert.equal(await good.ended, 'ended');
  assert.deepEqual([dropped.frames, dropped.samples], [[], 0]);
});

test('a thread that dies loses its recordings with a reason, and the next one has a new thread', async (t) => {
  const once = program(
    'dies',
    `parentPort.on('message', (message) => {
       if (message.type === 'open') return;
       if (message.stream < 3) throw new Error('out of memory');
       parentPort.postMessage({ type: 'ended', stream: message.stream, frames: { bytes: new Uint8Array(0), sizes: [] } });
     });`,
  );
  const thread = openThread(t, { entry: once });
  const lost = [listen(), listen()];
  const streams = lost.map(({ listener }) => thread.open(MP3, listener));
  streams[0]!.send(new Int16Array(10));
  const reason = 'lost: the encoder thread failed: out of memory';
  assert.deepEqual(await Promise.all(lost.map(({ ended }) => ended)), [reason, reason]);
  const next = listen();
  thread.open(MP3, next.listener).end();
  assert.equal(await next.ended, 'ended');
});

test('where no thread can be started, recordings are told so as of one that died', async (t) => {
  // No thread can be made of it, as where the system has none left.
  const thread = openThread(t, { entry: new URL('nowhere:thread') });
  const [lost, dropped] = [listen(), listen()];
  const stream = thread.open(MP3, lost.listener);
  stream.send(new Int16Array(10));
  thread.open(MP3, dropped.listener).drop();
  assert.equal(thread.load, 1);
  assert.match(await lost.ended, /^lost: the encoder thread cannot be started: /);
  assert.equal(thread.load, 0);
  assert.equal(await Promise.race([dropped.ended, Promise.resolve('nothing')]), 'nothing');
  stream.end();
});

test('a thread that hangs is given up after ten seconds without an answer', async (t) => {
  const hangs = program(
    'hangs',
    `parentPort.on('message', (message) => { if (message.type === 'encode') for (;;); });`,
  );
  const clock = new VirtualClock();
  const thread = openThread(t, { entry: hangs, clock });
  const heard = listen();
  const stream = thread.open(MP3, heard.listener);
  await clock.advance(60_000);
  stream.send(new Int16Array(10));
  await clock.advance(10_500);
  assert.equal(thread.load, 1);
  await clock.advance(600);
  assert.equal(await heard.ended, 'lost: the encoder thread has not answered for 10 s');
  assert.equal(thread.load, 0);
});

test('a thread that dies in the middle of recordings costs them nothing', async (t) => {
  const flag = path.join(folder, 'has-died');
  const real = JSON.stringify(new URL('./thread-main.ts', import.meta.url).href);
  const entry = program(
    'dies-once',
    `import { existsSync, writeFileSync } from 'node:fs';
     await import(${real});
     let count = 0;
     parentPort.on('message', ({ type }) => {
       if (type !== 'encode' || existsSync(${JSON.stringify(flag)}) || ++count < 6) return;
       writeFileSync(${JSON.stringify(flag)}, '');
       throw new Error('it had enough');
     });`,
  );
  const encoders = openThread(t, { entry });
  const clock = new RealClock();
  const notices: string[] = [];
  const recorders = (['mp3', 'mp4'] as const).map((format) => {
    const onEvent = (event: RecorderEvent): void => {
      if (event.type === 'notice') notices.push(event.text);
    };
    const spec = { ...SPEC, format, path: path.join(folder, `survives.${format}`) };
    return new Recorder(spec, { sampleRate: 8000, clock, encoders, onEvent });
  });
  for (const recorder of recorders) recorder.begin();
  const block = sine(1600, 440, -12);
  for (let sent = 0; sent < 40; sent++) {
    for (const recorder of recorders) {
      recorder.observe(block, undefined, 0, 1600);
      recorder.append(block, undefined, 0, 1600);
    }
    await sleep(clock, 20);
  }
  for (const recorder of recorders) {
    recorder.stop('hangup');
    const { state, durationMs } = await recorder.finish();
    assert.deepEqual([state, durationMs], ['finished', 8000]);
    const file = await repairSpool(recorder.spec.path, recorder.spec.format);
    assert.ok(file.state === 'complete' && file.durationMs === 8000);
  }
  const expected =
    'the encoder thread failed: it had enough: the rest of the recording is encoded at its end';
  assert.deepEqual(notices, [expected, expected]);
  assert.ok(existsSync(flag));
});

test('a thread with nothing to do lets the process end', async () => {
  const script = path.join(folder, 'ends.mjs');
  const module = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
  writeFileSync(
    script,
    `import { EncoderThread } from ${module('./encoder-thread.ts')};
     const stream = new EncoderThread().open(${JSON.stringify(MP3)}, {
       frames: () => {}, ended: () => console.log('ended'), lost: console.log,
     });
     stream.send(new Int16Array(new SharedArrayBuffer(16000)));
     stream.end();`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 60_000 });
  assert.equal(stdout, 'ended\n');
});
