import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { concat, speechLike, whiteNoise } from '../../media/test-signals.ts';
import type { RecognitionResult, Transcript, Utterance } from './recogniser.ts';
import { UtteranceRecogniser } from './utterance-recogniser.ts';

const RATE = 8000;
const TRANSCRIPT: Transcript = { text: ' hello ', confidence: 0.8 };

interface Heard {
  readonly utterances: Utterance[];
  /** How much had been fed when speech began, when its end was told, and when the utterance was sent, s. */
  startedAt: number | undefined;
  endedAt: number | undefined;
  sentAt: number | undefined;
  result: RecognitionResult | undefined;
}

const NOTHING: Heard = {
  utterances: [],
  startedAt: undefined,
  endedAt: undefined,
  sentAt: undefined,
  result: undefined,
};

/** Feeds audio as it comes from the line. */
async function recognise(
  samples: Int16Array,
  options: {
    readonly sampleRate?: number;
    readonly endSilenceMs?: number;
    readonly answer?: () => Promise<Transcript>;
    readonly cutAt?: number;
    readonly stopAt?: number;
  } = {},
): Promise<Heard> {
  const { sampleRate = RATE, endSilenceMs = 700, answer = async () => TRANSCRIPT } = options;
  const heard: Heard = { ...NOTHING, utterances: [] };
  let fed = 0;
  const recogniser = new UtteranceRecogniser({
    name: 'test',
    transcribe: async (utterance) => {
      heard.utterances.push(utterance);
      heard.sentAt = fed / sampleRate;
      return await answer();
    },
    close: async () => {},
  });
  const recognition = recogniser.start({
    sampleRate,
    language: 'en-US',
    hints: ['sales'],
    endSilenceMs,
    onStart: () => {
      heard.startedAt = fed / sampleRate;
    },
    onEnd: () => {
      assert.equal(heard.endedAt, undefined, 'it ends once');
      heard.endedAt = fed / sampleRate;
    },
  });
  void recognition.done.then((result) => {
    heard.result = result;
  });
  const piece = (sampleRate * 60) / 1000;
  for (; fed < samples.length; fed += piece) {
    recognition.feed(samples.slice(fed, fed + piece));
    if (options.cutAt !== undefined && fed / sampleRate >= options.cutAt) recognition.cut();
    if (options.stopAt !== undefined && fed / sampleRate >= options.stopAt) recognition.stop();
  }
  await new Promise((resolve) => setImmediate(resolve));
  return heard;
}

const quiet = (seconds: number, rate = RATE): Int16Array => whiteNoise(seconds * rate, -62);
const speech = (seconds: number, rate = RATE): Int16Array => speechLike(seconds * rate, -20, rate);

describe('an utterance', () => {
  test('begins shortly before speech, ends behind the silence, and is understood', async () => {
    const heard = await recognise(concat(quiet(3), speech(1.5), quiet(2)));
    assert.deepEqual(heard.result, { kind: 'match', text: 'hello', confidence: 0.8 });
    assert.ok(heard.startedAt !== undefined && heard.startedAt > 2.9 && heard.startedAt < 3.4);
    assert.ok(heard.sentAt !== undefined && heard.sentAt > 5.1 && heard.sentAt < 5.4, `${heard.sentAt}`);
    const [utterance] = heard.utterances;
    assert.ok(utterance !== undefined && heard.utterances.length === 1);
    const seconds = utterance.samples.length / RATE;
    assert.ok(
      seconds > 2.2 && seconds < 2.9,
      `${seconds} s: 1.5 s with 0.7 s behind and up to 0.5 s before it`,
    );
    assert.deepEqual([utterance.language, utterance.hints], ['en-US', ['sales']]);
  });

  test('goes on over pauses that are shorter than the silence that ends it', async () => {
    const heard = await recognise(concat(quiet(1), speech(1), quiet(0.4), speech(1), quiet(2)));
    assert.equal(heard.utterances.length, 1);
    assert.ok((heard.utterances[0]?.samples.length ?? 0) / RATE > 3);
  });

  test('does not end while somebody speaks, however little silence shall end it', async () => {
    for (const endSilenceMs of [0, 10, 100]) {
      const heard = await recognise(concat(quiet(3), speech(1.5), quiet(2)), { endSilenceMs });
      assert.ok(heard.sentAt !== undefined && heard.sentAt > 4.5 && heard.sentAt < 5, `${heard.sentAt}`);
    }
  });

  test('of a wide-band call is sent at 16 kHz', async () => {
    const heard = await recognise(concat(quiet(1, 48_000), speech(1, 48_000), quiet(2, 48_000)), {
      sampleRate: 48_000,
    });
    const [utterance] = heard.utterances;
    assert.equal(utterance?.sampleRate, 16_000);
    const seconds = (utterance?.samples.length ?? 0) / 16_000;
    assert.ok(seconds > 1.6 && seconds < 2.5, `${seconds} s`);
  });

  test('that is cut is what was heard up to then', async () => {
    const heard = await recognise(concat(quiet(1), speech(5)), { cutAt: 3 });
    assert.ok(heard.sentAt !== undefined && heard.sentAt < 3.1);
    assert.equal(heard.result?.kind, 'match');
  });

  test('is never longer than a minute', async () => {
    const heard = await recognise(concat(quiet(1), ...Array.from({ length: 70 }, () => speech(1))));
    const seconds = (heard.utterances[0]?.samples.length ?? 0) / RATE;
    assert.ok(seconds >= 60 && seconds < 60.1, `${seconds} s`);
  });
});

test('silence is no utterance, and keeps nothing', async () => {
  const heard = await recognise(quiet(20));
  assert.deepEqual(heard, NOTHING);
});

test('the end of an utterance is told when it is sent, by silence or by a cut, and of none that is stopped', async () => {
  const silenced = await recognise(concat(quiet(1), speech(1), quiet(2)));
  const cut = await recognise(concat(quiet(1), speech(5)), { cutAt: 3 });
  for (const { endedAt, sentAt } of [silenced, cut]) {
    assert.ok(endedAt !== undefined);
    assert.equal(endedAt, sentAt);
  }
  const { startedAt, endedAt } = await recognise(concat(quiet(1), speech(5)), { stopAt: 3 });
  assert.deepEqual([startedAt !== undefined, endedAt], [true, undefined]);
});

test('speech without words is no match', async () => {
  const samples = concat(quiet(1), speech(1), quiet(1));
  const heard = await recognise(samples, { answer: async () => ({ text: ' ', confidence: undefined }) });
  assert.deepEqual(heard.result, { kind: 'noMatch' });
});

test('an engine that fails is an error with its reason', async () => {
  const samples = concat(quiet(1), speech(1), quiet(1));
  const heard = await recognise(samples, { answer: () => Promise.reject(new Error('answered 500')) });
  assert.deepEqual(heard.result, { kind: 'error', error: 'answered 500' });
});

test('once stopped it sends nothing and says nothing', async () => {
  const heard = await recognise(concat(quiet(1), speech(1), quiet(2)), { stopAt: 1.5 });
  assert.deepEqual([heard.utterances, heard.result], [[], undefined]);
});
