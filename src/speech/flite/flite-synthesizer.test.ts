import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { after, describe, it } from 'node:test';
import { silentLogger } from '../../log/logger.ts';
import { RealClock } from '../../time/real-clock.ts';
import { VirtualClock } from '../../time/virtual-clock.ts';
import { SpeechError } from '../errors.ts';
import { FliteSynthesizer, type FliteWorker } from './flite-synthesizer.ts';
import type { FliteReply, FliteRequest } from './flite-worker.ts';

/** A worker whose replies the test gives. */
class FakeWorker extends EventEmitter implements FliteWorker {
  readonly requests: FliteRequest[] = [];
  terminated = false;
  isReferenced = true;

  postMessage(request: FliteRequest): void {
    this.requests.push(request);
  }

  ref(): void {
    this.isReferenced = true;
  }

  unref(): void {
    this.isReferenced = false;
  }

  async terminate(): Promise<void> {
    this.terminated = true;
  }

  async reply(reply: FliteReply): Promise<void> {
    this.emit('message', reply);
    await settle();
  }

  /** Answers the request that was posted last with one sample, its number. */
  async speak(): Promise<void> {
    const { id } = this.requests.at(-1)!;
    await this.reply({ kind: 'speech', id, samples: Int16Array.of(this.requests.length) });
  }

  get texts(): string[] {
    return this.requests.map(({ text }) => text);
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Virtual time that runs on while the worker works, as real time does. */
class RunningClock extends VirtualClock {
  override holdWhile<T>(work: Promise<T>): Promise<T> {
    return work;
  }
}

function withFake(clock = new VirtualClock()): {
  flite: FliteSynthesizer;
  workers: FakeWorker[];
  clock: VirtualClock;
} {
  const workers: FakeWorker[] = [];
  const startWorker = (): FakeWorker => {
    const worker = new FakeWorker();
    workers.push(worker);
    return worker;
  };
  return { flite: new FliteSynthesizer({ log: silentLogger, clock, startWorker }), workers, clock };
}

async function collect(chunks: AsyncIterable<Int16Array>): Promise<number[][]> {
  const all: number[][] = [];
  for await (const chunk of chunks) all.push([...chunk]);
  return all;
}

const failsWith =
  (code: SpeechError['code'], pattern = /./) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof SpeechError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, pattern);
    return true;
  };

describe('embedded voice: queue', () => {
  it('delivers the first sentence before the second is even begun', async () => {
    const { flite, workers } = withFake();
    const speech = flite.speak({ text: 'One. Two. Three.' }, 8000);
    const first = speech.next();
    await settle();
    await workers[0]?.speak();
    assert.equal((await first).value?.[0], 1);
    assert.deepEqual(workers[0]?.texts, ['One.']);
    await speech.return(undefined);
  });

  it('makes the sentences of several calls in turn', async () => {
    const { flite, workers } = withFake();
    const long = collect(flite.speak({ text: 'A1. A2. A3.' }, 8000));
    await settle();
    const short = collect(flite.speak({ text: 'B1.', gender: 'male' }, 16_000));
    await settle();
    const [worker] = workers;
    for (let turn = 0; turn < 4; turn++) await worker?.speak();
    await Promise.all([long, short]);
    assert.deepEqual(worker?.texts, ['A1.', 'B1.', 'A2.', 'A3.']);
    assert.deepEqual(
      worker?.requests.map(({ voice, sampleRate }) => `${voice} ${sampleRate}`),
      ['slt 8000', 'rms 16000', 'slt 8000', 'slt 8000'],
    );
  });

  it('speaks first for the call that would fall silent first', async () => {
    const { flite, workers } = withFake();
    const speeches = ['A1. A2.', 'B1. B2.'].map((text) => collect(flite.speak({ text }, 8000)));
    await settle();
    const [worker] = workers;
    for (let turn = 0; turn < 2; turn++) await worker?.speak();
    // A2 is being made, B2 waits; both calls have a pause to play, the new one has nothing.
    speeches.push(collect(flite.speak({ text: 'C1.' }, 8000)));
    await settle();
    for (let turn = 0; turn < 3; turn++) await worker?.speak();
    await Promise.all(speeches);
    assert.deepEqual(worker?.texts, ['A1.', 'B1.', 'A2.', 'C1.', 'B2.']);
  });

  it('adds the pauses between sentences as silence', async () => {
    const { flite, workers } = withFake();
    const speech = collect(flite.speak({ text: '<speak>A.<break time="1ms"/>B.</speak>' }, 8000));
    await settle();
    await workers[0]?.speak();
    await workers[0]?.speak();
    assert.deepEqual(await speech, [[1, 0, 0, 0, 0, 0, 0, 0, 0], [2]]);
  });

  it('drops what a call has waiting when the call is over, and goes on with the others', async () => {
    const { flite, workers } = withFake();
    const controller = new AbortController();
    const running = collect(flite.speak({ text: 'A1. A2.' }, 8000, controller.signal));
    const waiting = collect(flite.speak({ text: 'B1.' }, 8000, controller.signal));
    const other = collect(flite.speak({ text: 'C1.' }, 8000));
    await settle();
    controller.abort(new Error('call over'));
    await assert.rejects(running, /call over/);
    await assert.rejects(waiting, /call over/);
    await workers[0]?.speak();
    await workers[0]?.speak();
    await other;
    assert.deepEqual(workers[0]?.texts, ['A1.', 'C1.']);
    await assert.rejects(collect(flite.speak({ text: 'D.' }, 8000, controller.signal)), /call over/);
  });

  it('fails the sentence that broke the worker, and speaks the others with a new one', async () => {
    const { flite, workers } = withFake();
    const broken = collect(flite.speak({ text: 'A.' }, 8000));
    const other = collect(flite.speak({ text: 'B.' }, 8000));
    await settle();
    workers[0]?.emit('error', new Error('out of memory'));
    workers[0]?.emit('exit', 1);
    await assert.rejects(broken, failsWith('engine_failed', /crashed: out of memory/));
    await settle();
    assert.equal(workers.length, 2);
    await workers[1]?.speak();
    assert.deepEqual(await other, [[1]]);
    // Whatever the dead worker still says is of no interest.
    workers[0]?.emit('message', { kind: 'speech', id: 2, samples: Int16Array.of(9) });
    await settle();
  });

  it('fails what waits where no new worker can be started, and speaks again once one can', async () => {
    const workers: FakeWorker[] = [];
    let hasThreads = true;
    const startWorker = (): FakeWorker => {
      if (!hasThreads) throw new Error('EAGAIN');
      const worker = new FakeWorker();
      workers.push(worker);
      return worker;
    };
    const flite = new FliteSynthesizer({ log: silentLogger, clock: new VirtualClock(), startWorker });
    const say = (text: string): Promise<number[][]> => collect(flite.speak({ text }, 8000));
    const broken = assert.rejects(say('A.'), failsWith('engine_failed', /code 1/));
    const waiting = assert.rejects(say('B.'), failsWith('engine_failed', /EAGAIN/));
    await settle();
    hasThreads = false;
    workers[0]?.emit('exit', 1);
    await Promise.all([broken, waiting]);
    await assert.rejects(say('C.'), failsWith('engine_failed', /EAGAIN/));
    hasThreads = true;
    const spoken = say('D.');
    await settle();
    await workers[1]?.speak();
    assert.deepEqual(await spoken, [[1]]);
  });

  it('fails one sentence that the engine refuses, and keeps the worker', async () => {
    const { flite, workers } = withFake();
    const refused = collect(flite.speak({ text: 'A.' }, 8000));
    const other = collect(flite.speak({ text: 'B.' }, 8000));
    await settle();
    const rejected = assert.rejects(refused, failsWith('engine_failed', /no such phone/));
    await workers[0]?.reply({ kind: 'failed', id: 1, reason: 'no such phone' });
    await rejected;
    await workers[0]?.speak();
    await other;
    assert.equal(workers.length, 1);
  });

  it('makes virtual time wait for the worker, also while nobody waits for the speech', async () => {
    const { flite, workers, clock } = withFake();
    const speech = collect(flite.speak({ text: 'A.' }, 8000));
    await settle();
    const advanced = clock.advance(60_000);
    await settle();
    await workers[0]?.speak();
    await advanced;
    assert.deepEqual(await speech, [[1]]);
    assert.equal(workers[0]?.terminated, false);
  });

  it('replaces a worker that hangs', async () => {
    const { flite, workers, clock } = withFake(new RunningClock());
    const hanging = collect(flite.speak({ text: 'A.' }, 8000));
    const rejected = assert.rejects(hanging, failsWith('timeout', /hangs on "A\."/));
    await settle();
    await clock.advance(21_000);
    await rejected;
    assert.equal(workers[0]?.terminated, true);
    const other = collect(flite.speak({ text: 'B.' }, 8000));
    await settle();
    await workers[1]?.speak();
    await other;
    assert.equal(clock.pendingTimers, 0);
  });

  it('hears what waited behind a standstill of its own thread, and keeps the worker', async () => {
    const { flite, workers, clock } = withFake(new RunningClock());
    const speech = collect(flite.speak({ text: 'A.' }, 8000));
    await settle();
    // The timer comes first, the answer of the worker behind it.
    await clock.advance(20_500);
    await workers[0]?.speak();
    assert.deepEqual(await speech, [[1]]);
    assert.equal(workers[0]?.terminated, false);
    assert.equal(clock.pendingTimers, 0);
  });

  it('refuses more when five hundred sentences wait', async () => {
    const { flite } = withFake();
    const calls = Array.from({ length: 501 }, () => collect(flite.speak({ text: 'A.' }, 8000)));
    const settled = Promise.allSettled(calls);
    await settle();
    await assert.rejects(collect(flite.speak({ text: 'B.' }, 8000)), failsWith('overloaded'));
    await flite.close();
    for (const result of await settled) assert.equal(result.status, 'rejected');
  });

  it('keeps the process alive only while it works', async () => {
    const { flite, workers } = withFake();
    const speech = collect(flite.speak({ text: 'A.' }, 8000));
    await settle();
    assert.equal(workers[0]?.isReferenced, true);
    await workers[0]?.speak();
    await speech;
    assert.equal(workers[0]?.isReferenced, false);
  });

  it('fails what is under way when it is closed, and what comes after', async () => {
    const { flite, workers } = withFake();
    const running = collect(flite.speak({ text: 'A.' }, 8000));
    const warm = flite.warmUp();
    const both = [assert.rejects(running, failsWith('closed')), assert.rejects(warm, failsWith('closed'))];
    await settle();
    await flite.close();
    await Promise.all(both);
    assert.equal(workers[0]?.terminated, true);
    await assert.rejects(collect(flite.speak({ text: 'B.' }, 8000)), failsWith('closed'));
  });

  it('refuses a text that it cannot read rather than keeping silent', async () => {
    const { flite, workers } = withFake();
    await assert.rejects(
      collect(flite.speak({ text: '<speak>日本語です</speak>' }, 8000)),
      failsWith('unspeakable', /English only.*日本語です.*configure a speech provider/),
    );
    assert.deepEqual(await collect(flite.speak({ text: ' ' }, 8000)), []);
    assert.equal(workers.length, 0);
  });
});

describe('embedded voice: sound', () => {
  const flite = new FliteSynthesizer({ log: silentLogger, clock: new RealClock() });
  after(() => flite.close());

  async function say(
    text: string,
    sampleRate = 8000,
    gender: 'male' | 'female' = 'female',
  ): Promise<Int16Array> {
    return Int16Array.from((await collect(flite.speak({ text, gender }, sampleRate))).flat());
  }

  /** Level of what sounds (20 ms frames above -45 dBFS), dBFS. */
  function speechLevel(samples: Int16Array, sampleRate: number): number {
    const size = sampleRate / 50;
    const powers: number[] = [];
    for (let start = 0; start + size <= samples.length; start += size) {
      const frame = samples.subarray(start, start + size);
      powers.push(frame.reduce((sum, sample) => sum + sample * sample, 0) / size);
    }
    const sounding = powers.filter((power) => power > 180 ** 2);
    return 10 * Math.log10(sounding.reduce((sum, power) => sum + power, 0) / sounding.length / 32_768 ** 2);
  }

  for (const gender of ['female', 'male'] as const) {
    for (const rate of [8000, 16_000]) {
      it(`has a ${gender} voice at ${rate} Hz: of natural length, near -20 dBFS, not clipped`, async () => {
        const samples = await say(
          'Please leave a message after the tone, and press pound when you are done.',
          rate,
          gender,
        );
        const seconds = samples.length / rate;
        assert.ok(seconds > 3 && seconds < 6, `${seconds} s`);
        const level = speechLevel(samples, rate);
        assert.ok(Math.abs(level + 20) < 2, `${level} dBFS`);
        const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
        assert.ok(peak < 28_000, `peak ${peak}`);
      });
    }
  }

  it('speaks two voices that differ', async () => {
    const [female, male] = [await say('Hello.', 8000, 'female'), await say('Hello.', 8000, 'male')];
    assert.notDeepEqual(female, male);
  });

  it('gives the same samples each time, whatever was spoken in between', async () => {
    const first = await say('Your code is 4 7 1 9.');
    await say('Something else, and quite a bit longer, so that memory grows. '.repeat(3));
    assert.deepEqual(await say('Your code is 4 7 1 9.'), first);
  });

  it('begins and ends every sentence at zero, so that nothing clicks at the seams', async () => {
    for (const chunk of await collect(
      flite.speak({ text: 'One thing. Another thing, too. And so on.' }, 8000),
    )) {
      assert.ok(Math.abs(chunk[0] ?? 0) < 30, `${chunk[0]}`);
      assert.ok(Math.abs(chunk.at(-1) ?? 0) < 30, `${chunk.at(-1)}`);
    }
  });

  it('takes a text for text, also one that looks like an option or is odd otherwise', async () => {
    const help = await say('-help');
    assert.ok(help.length > 2000);
    for (const text of [
      '-lv',
      '-o /etc/passwd',
      'a\u0000b',
      `${'x'.repeat(300)}`,
      "it's 100% <ok>",
      '((( )))',
      '1'.repeat(200),
    ])
      await say(text);
    assert.deepEqual(await say('-help'), help);
  });
});
