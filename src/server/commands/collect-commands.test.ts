import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type {
  RecognitionOptions,
  RecognitionResult,
  Recogniser,
} from '../../speech/recognition/recogniser.ts';
import { CALL_ID, openCommands } from './command.test-helper.ts';

const STATUS = 'https://app.example/collect';

async function answered(t: TestContext, recogniser?: Recogniser) {
  const bench = openCommands(t, recogniser && { recogniser });
  await bench.leg.answer();
  const collect = (params: object) =>
    bench.command('calling.collect', { control_id: 'c', status_url: STATUS, ...params });
  const press = async (digits: string): Promise<void> => {
    for (const digit of digits) bench.emit({ type: 'digit', digit, durationMs: 100, via: 'rfc4733' });
    await bench.clock.settle();
  };
  /** What was told, without the ids. */
  const told = () =>
    bench.callbacks.map(({ params: { call_id, node_id, segment_id, control_id, ...rest } }) => {
      const { info } = bench.leg;
      assert.deepEqual(
        [call_id, node_id, segment_id, control_id],
        [CALL_ID, info.node_id, info.segment_id, 'c'],
      );
      return rest;
    });
  return { ...bench, collect, press, told };
}

const digits = (value: string, terminator = '') => ({ type: 'digit', params: { digits: value, terminator } });

test('keys are collected to their number, or to a terminator, and told once', async (t) => {
  const { collect, press, told, callbacks } = await answered(t);
  const reply = await collect({ digits: { max: 3 } });
  assert.equal(reply['control_id'], 'c');
  await press('1234');
  await collect({ digits: { max: 9, terminators: '#' } });
  await press('56#7');
  assert.deepEqual(told(), [{ result: digits('123') }, { result: digits('56', '#') }]);
  // What is collected under this control id on other calls waits for none of these, nor they for it.
  assert.deepEqual(new Set(callbacks.map(({ operationId }) => operationId)), new Set([`${CALL_ID} c`]));
});

test('the wait for the first key begins when it is told to, or at once if asked', async (t) => {
  const { collect, told, clock, command } = await answered(t);
  await collect({ digits: { max: 1 }, initial_timeout: 4 });
  await clock.advance(60_000);
  assert.deepEqual(told(), []);
  await command('calling.collect.start_input_timers', { control_id: 'c' });
  await clock.advance(3_900);
  assert.deepEqual(told(), []);
  await clock.advance(200);
  assert.deepEqual(told(), [{ result: { type: 'no_input' } }]);
  await collect({ digits: { max: 1 }, initial_timeout: 4, start_input_timers: true });
  await clock.advance(4_100);
  assert.equal(told().length, 2);
});

test('a gap after a key ends the input, whether or not the timers were started', async (t) => {
  const { collect, press, told, clock } = await answered(t);
  await collect({ digits: { max: 5, digit_timeout: 2 }, send_start_of_input: true });
  await press('9');
  await clock.advance(2_100);
  assert.deepEqual(told(), [{ result: { type: 'start_of_input' } }, { result: digits('9') }]);
});

test('a key that waits behind a standstill of the server comes before the timeout that was due meanwhile', async (t) => {
  const { collect, press, told, clock } = await answered(t);
  const monotonic = clock.monotonic.bind(clock);
  let stoodStillMs = 0;
  clock.monotonic = () => monotonic() + stoodStillMs;
  await collect({ digits: { max: 2, digit_timeout: 3 }, initial_timeout: 4, start_input_timers: true });
  // The timer of `initial_timeout` comes a second late, and what the media thread has told behind it.
  stoodStillMs = 1_000;
  await clock.advance(4_000);
  await press('1');
  stoodStillMs = 2_000;
  await clock.advance(3_000);
  await press('2');
  assert.deepEqual(told(), [{ result: digits('12') }]);
});

test('a continuous collection goes on behind each result until it is stopped, and says so', async (t) => {
  const { collect, press, told, command, clock, refused } = await answered(t);
  await collect({ digits: { max: 2 }, continuous: true, partial_results: true });
  await press('12');
  await press('34');
  await command('calling.collect.stop', { control_id: 'c' });
  await clock.settle();
  assert.deepEqual(told(), [
    { result: digits('12'), final: true, state: 'collecting' },
    { result: digits('34'), final: true, state: 'collecting' },
    { result: { type: 'finished' }, state: 'finished' },
  ]);
  const gone = await refused({ command: 'calling.collect.stop', id: CALL_ID, params: { control_id: 'c' } });
  assert.equal(gone.status, 404);
});

test('callbacks.md 3.5: all that a continuous collection tells has its state, the beginning of input, too', async (t) => {
  const { collect, press, told, leg, clock } = await answered(t);
  await collect({ digits: { max: 2 }, continuous: true, send_start_of_input: true });
  await press('12');
  await press('3');
  await leg.hangup();
  await clock.settle();
  assert.deepEqual(told(), [
    { result: { type: 'start_of_input' }, state: 'collecting' },
    { result: digits('12'), state: 'collecting' },
    { result: { type: 'start_of_input' }, state: 'collecting' },
    { result: { type: 'finished' }, state: 'finished' },
  ]);
});

test('a continuous collection has all keys of those that come in one turn, as behind a standstill', async (t) => {
  const { collect, press, told, command, clock } = await answered(t);
  await collect({ digits: { max: 2, terminators: '#' }, continuous: true });
  await press('123#45');
  await command('calling.collect.stop', { control_id: 'c' });
  await clock.settle();
  assert.deepEqual(told(), [
    { result: digits('12'), state: 'collecting' },
    { result: digits('3', '#'), state: 'collecting' },
    { result: digits('45'), state: 'collecting' },
    { result: { type: 'finished' }, state: 'finished' },
  ]);
});

test('the end of the call ends a collection; what is missing or in use is told', async (t) => {
  const { collect, told, leg, refused, clock } = await answered(t);
  await collect({ digits: { max: 2 } });
  const refusals: readonly (readonly [object, readonly string[]])[] = [
    [{}, ['missing_required_parameter digits']],
    [{ digits: {} }, ['missing_required_parameter digits.max']],
    [{ digits: { max: 0 } }, ['invalid_parameter digits.max']],
    [{ digits: { max: 1, terminators: 'x' } }, ['invalid_parameter digits.terminators']],
    [{ control_id: 'c', digits: { max: 1 } }, ['value_not_unique control_id']],
  ];
  for (const [params, errors] of refusals) {
    const refusal = await refused({ command: 'calling.collect', id: CALL_ID, params });
    assert.deepEqual(refusal.errors, errors, refusal.messages.join());
  }
  await leg.hangup();
  await clock.settle();
  assert.deepEqual(told(), [{ result: { type: 'finished' } }]);
});

test('sixteen collections run on a call at once, and no more until one of them is over', async (t) => {
  const { collect, press, clock, refused } = await answered(t);
  for (let n = 1; n <= 16; n++) await collect({ control_id: `c${n}`, digits: { max: n === 1 ? 1 : 2 } });
  const params = { control_id: 'one-more', digits: { max: 1 } };
  const refusal = await refused({ command: 'calling.collect', id: CALL_ID, params });
  assert.deepEqual([refusal.status, refusal.errors], [422, ['invalid_state id']]);
  assert.match(refusal.messages[0]!, /^16 collections run on this call/);
  await press('5');
  await clock.settle();
  assert.equal((await collect(params))['control_id'], 'one-more');
});

test('speech without a recogniser is an error, and keys are collected all the same where both are asked for', async (t) => {
  const { collect, press, told, clock } = await answered(t);
  await collect({ speech: {} });
  await clock.settle();
  await collect({ speech: {}, digits: { max: 1 } });
  await press('1');
  assert.deepEqual(told(), [{ result: { type: 'error' } }, { result: digits('1') }]);
});

/** Understands what the test says. */
class SpokenRecogniser implements Recogniser {
  readonly name = 'spoken';
  options!: RecognitionOptions;
  understand!: (result: RecognitionResult) => void;
  /** The first sample of each piece that the present listening was fed. */
  fed: (number | undefined)[] = [];

  start(options: RecognitionOptions) {
    const { promise: done, resolve } = Promise.withResolvers<RecognitionResult>();
    const fed: (number | undefined)[] = [];
    this.options = options;
    this.understand = resolve;
    this.fed = fed;
    const feed = (samples: Int16Array): void => {
      fed.push(samples[0]);
    };
    return { done, feed, cut: () => {}, stop: () => {} };
  }

  async close(): Promise<void> {}
}

const spoken = (text: string) => ({ type: 'speech', params: { text } });

test('partial results are told while somebody speaks, as final: false, and no more of them than three a second', async (t) => {
  const recogniser = new SpokenRecogniser();
  const { collect, told, clock } = await answered(t, recogniser);
  await collect({ speech: { language: 'en-US' }, partial_results: true, continuous: true });
  recogniser.options.onPartial?.('before anybody speaks');
  recogniser.options.onStart();
  for (const text of ['to', 'to', 'to the', 'to the sales', 'to the sales']) {
    recogniser.options.onPartial?.(text);
    await clock.advance(100);
  }
  await clock.advance(300);
  recogniser.options.onPartial?.('to the sales department');
  recogniser.options.onPartial?.('to the sales department please');
  recogniser.understand({ kind: 'match', text: 'to the sales department', confidence: 0.9 });
  await clock.advance(1_000);
  assert.deepEqual(told(), [
    { result: spoken('to'), final: false, state: 'collecting' },
    { result: spoken('to the'), final: false, state: 'collecting' },
    { result: spoken('to the sales'), final: false, state: 'collecting' },
    {
      result: { type: 'speech', params: { text: 'to the sales department', confidence: 0.9 } },
      final: true,
      state: 'collecting',
    },
  ]);
});

test('a continuous collection hears what is said while the utterance before is being understood', async (t) => {
  const recogniser = new SpokenRecogniser();
  const { collect, press, told, clock, emit, host } = await answered(t, recogniser);
  const say = (...values: readonly number[]): void => {
    const listenId = host.sent('listen').at(-1)!.listenId;
    for (const value of values) {
      emit({ type: 'heardAudio', listenId, samples: new Int16Array(480).fill(value) });
    }
  };
  await collect({ speech: {}, digits: { max: 1 }, continuous: true });
  say(1);
  recogniser.options.onStart();
  recogniser.options.onEnd?.();
  say(2, 3);
  assert.deepEqual(recogniser.fed, [1]);
  recogniser.understand({ kind: 'match', text: 'one', confidence: undefined });
  await clock.settle();
  say(4);
  assert.deepEqual(recogniser.fed, [2, 3, 4]);
  // The media side brings pieces: one that is not full yet would be lost between two listenings.
  assert.deepEqual([host.sent('listen').length, host.sent('unlisten').length], [1, 0]);
  // Of an utterance that a key has taken the place of, what came behind it is gone as well.
  recogniser.options.onStart();
  recogniser.options.onEnd?.();
  say(5);
  await press('7');
  say(6);
  assert.deepEqual(recogniser.fed, [6]);
  assert.deepEqual(told(), [
    { result: spoken('one'), state: 'collecting' },
    { result: digits('7'), state: 'collecting' },
  ]);
});

test('behind an utterance, the last minute is kept and no more, however slow the server is', async (t) => {
  const recogniser = new SpokenRecogniser();
  const { collect, clock, emit, host } = await answered(t, recogniser);
  await collect({ speech: {}, continuous: true });
  const { sampleRate, onStart, onEnd } = recogniser.options;
  const { listenId } = host.sent('listen').at(-1)!;
  onStart();
  onEnd?.();
  for (let second = 1; second <= 70; second++) {
    emit({ type: 'heardAudio', listenId, samples: new Int16Array(sampleRate).fill(second) });
  }
  recogniser.understand({ kind: 'noMatch' });
  await clock.settle();
  assert.deepEqual([recogniser.fed.length, recogniser.fed[0], recogniser.fed.at(-1)], [60, 11, 70]);
});

test('a continuous collection listens once at a time, and no more when it is stopped, whenever that is', async (t) => {
  const utter = ({ options }: SpokenRecogniser): void => {
    options.onStart();
    options.onEnd?.();
  };
  const moments: readonly ((recogniser: SpokenRecogniser) => void)[] = [
    () => {},
    ({ options }) => options.onStart(),
    utter,
    (recogniser) => {
      utter(recogniser);
      recogniser.understand({ kind: 'noMatch' });
    },
  ];
  for (const moment of moments) {
    const recogniser = new SpokenRecogniser();
    const { collect, clock, command, emit, host } = await answered(t, recogniser);
    await collect({ speech: {}, continuous: true });
    moment(recogniser);
    await clock.settle();
    await command('calling.collect.stop', { control_id: 'c' });
    const [listened] = host.sent('listen');
    emit({ type: 'heardAudio', listenId: listened!.listenId, samples: new Int16Array(480) });
    assert.deepEqual(recogniser.fed, []);
    assert.deepEqual([host.sent('listen').length, host.sent('unlisten').length], [1, 1]);
  }
});

test('speech that cannot be understood starts no wait that nobody has asked for', async (t) => {
  const recogniser = new SpokenRecogniser();
  const { collect, press, told, clock, command } = await answered(t, recogniser);
  const fail = async (): Promise<void> => {
    recogniser.options.onStart();
    recogniser.understand({ kind: 'error', error: 'the server is away' });
    await clock.advance(60_000);
  };
  await collect({ speech: {}, digits: { max: 2 } });
  await fail();
  await press('12');
  assert.deepEqual(told(), [{ result: digits('12') }]);
  await collect({ speech: {}, digits: { max: 2 }, initial_timeout: 4 });
  await fail();
  await command('calling.collect.start_input_timers', { control_id: 'c' });
  await clock.advance(3_900);
  assert.equal(told().length, 1);
  await clock.advance(200);
  assert.deepEqual(told()[1], { result: { type: 'no_input' } });
});

test('input begins once, though keys take the place of speech that could not be understood', async (t) => {
  const recogniser = new SpokenRecogniser();
  const { collect, press, told, clock } = await answered(t, recogniser);
  await collect({ speech: {}, digits: { max: 2 }, send_start_of_input: true });
  recogniser.options.onStart();
  recogniser.understand({ kind: 'error', error: 'the server is away' });
  await clock.settle();
  await press('12');
  assert.deepEqual(told(), [{ result: { type: 'start_of_input' } }, { result: digits('12') }]);
});

test('an empty language is none', async (t) => {
  const recogniser = new SpokenRecogniser();
  const { collect } = await answered(t, recogniser);
  await collect({ speech: { language: '' } });
  assert.equal(recogniser.options.language, undefined);
});

test('a key ends partial results, too; without partial_results none are asked for', async (t) => {
  const recogniser = new SpokenRecogniser();
  const { collect, press, told, clock } = await answered(t, recogniser);
  await collect({ speech: {}, digits: { max: 2 }, partial_results: true });
  recogniser.options.onStart();
  recogniser.options.onPartial?.('one');
  recogniser.options.onPartial?.('one two');
  await press('1');
  recogniser.options.onPartial?.('one two three');
  await clock.advance(1_000);
  await press('2');
  assert.deepEqual(told(), [
    { result: spoken('one'), final: false },
    { result: digits('12'), final: true },
  ]);
  await collect({ speech: {} });
  assert.equal(recogniser.options.onPartial, undefined);
});
