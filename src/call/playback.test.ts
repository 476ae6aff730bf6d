import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../log/logger.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { ScriptedHost } from './leg.test-helper.ts';
import { MediaClient } from './media-client.ts';
import { Playback, type SoundingEvent, type SoundSource } from './playback.ts';

const RATE = 8000;
const SAY = { kind: 'url', url: 'https://app.example/sound.wav' } as const;

/** A source whose every sound is read from `chunks`. */
async function setUp(chunks: (signal: AbortSignal) => AsyncIterable<Int16Array>) {
  const clock = new VirtualClock();
  const host = new ScriptedHost();
  const media = await MediaClient.open(host, {
    sessionId: 's',
    bindAddress: '10.0.0.1',
    idleMedia: 'silence',
  });
  const source: SoundSource = {
    load: (sound, _rate, signal) =>
      sound.kind === 'silence'
        ? { kind: 'made', sound: { kind: 'silence', durationMs: sound.seconds * 1000 } }
        : { kind: 'stream', chunks: chunks(signal) },
  };
  return { clock, host, media, playback: new Playback(media, source, silentLogger) };
}

async function* seconds(count: number, read: (second: number) => void = () => {}) {
  for (let second = 1; second <= count; second++) {
    read(second);
    yield new Int16Array(RATE);
  }
}

test('a playlist is one command, and each of its streams is fed to its end', async () => {
  const { clock, host, playback } = await setUp(() => seconds(2));
  const { done } = playback.play([SAY, { kind: 'silence', seconds: 1 }, SAY], 6);
  await clock.settle();
  const [play] = host.sent('play');
  const [first, , last] = play!.sounds;
  assert.ok(first?.kind === 'stream' && last?.kind === 'stream');
  assert.notEqual(first.streamId, last.streamId);
  assert.equal(play!.gainDb, 6);
  for (const { streamId } of [first, last]) {
    const feeds = host.sent('feed').filter((feed) => feed.streamId === streamId);
    assert.deepEqual(
      feeds.map(({ samples, end }) => samples?.length ?? end),
      [RATE, RATE, true],
    );
  }
  host.emit({
    type: 'playEnded',
    sessionId: 's',
    playId: play!.playId,
    state: 'finished',
    playedMs: 5000,
  });
  assert.deepEqual(await done, { state: 'finished', playedMs: 5000 });
});

test('each sound is told when it begins, with how much was sent before it, and the end of the list', async () => {
  const { clock, host, media } = await setUp(() => seconds(1));
  const told: SoundingEvent[] = [];
  const source: SoundSource = {
    load: () => ({ kind: 'made', sound: { kind: 'silence', durationMs: 1000 } }),
  };
  const playback = new Playback(media, source, silentLogger, (event) => told.push(event));
  playback.play([{ kind: 'silence', seconds: 1 }, SAY], 0);
  await clock.settle();
  const { playId } = host.sent('play')[0]!;
  host.emit({ type: 'soundStarted', sessionId: 's', playId, index: 1, atMs: 1000 });
  host.emit({ type: 'playEnded', sessionId: 's', playId, state: 'stopped', playedMs: 1500 });
  assert.deepEqual(told, [
    { type: 'started', playId, sound: SAY, atMs: 1000 },
    { type: 'ended', playId, state: 'stopped', playedMs: 1500 },
  ]);
});

test('a long sound is read only a few seconds ahead of what was played', async () => {
  let read = 0;
  const { clock, host, playback } = await setUp(() =>
    seconds(3600, (second) => {
      read = second;
    }),
  );
  playback.play([SAY], 0);
  await clock.settle();
  assert.equal(read, 6);
  const { streamId } = host.sent('feed')[0]!;
  const progress = (played: number): void =>
    host.emit({ type: 'streamProgress', sessionId: 's', streamId, consumedSamples: played * RATE });
  progress(0.5);
  await clock.settle();
  assert.equal(read, 6);
  progress(3);
  await clock.settle();
  assert.equal(read, 9);
});

test('a file is asked for when all before it is on its way, also in the lists behind', async () => {
  const asked: number[] = [];
  let sounds = 0;
  const { clock, host, playback } = await setUp(() => {
    const sound = ++sounds;
    return seconds(10, (second) => {
      if (second === 1) asked.push(sound);
    });
  });
  /** Six of the ten seconds of what is fed last were played: the rest of it is wanted. */
  const played = async (): Promise<void> => {
    const { streamId } = host.sent('feed').at(-1)!;
    host.emit({ type: 'streamProgress', sessionId: 's', streamId, consumedSamples: 6 * RATE });
    await clock.settle();
  };
  playback.play([SAY, SAY], 0);
  playback.play([SAY], 0);
  playback.play([SAY], 0);
  await clock.settle();
  assert.deepEqual(asked, [1]);
  await played();
  assert.deepEqual(asked, [1, 2]);
  await played();
  assert.deepEqual(asked, [1, 2, 3]);
  const { playId } = host.sent('play')[1]!;
  host.emit({ type: 'playEnded', sessionId: 's', playId, state: 'stopped', playedMs: 0 });
  await clock.settle();
  assert.deepEqual(asked, [1, 2, 3, 4], 'a list that is over holds up nobody');
});

test('speech is asked for at once, and nothing behind a sound that failed', async () => {
  const asked: string[] = [];
  const { clock, host, media } = await setUp(() => seconds(1));
  const source: SoundSource = {
    load: (sound) => ({
      kind: 'stream',
      chunks: (async function* () {
        asked.push(sound.kind === 'say' ? sound.text : 'a file');
        if (sound.kind !== 'say') throw new Error('404');
        yield new Int16Array(RATE);
      })(),
    }),
  };
  const playback = new Playback(media, source, silentLogger);
  playback.play([{ kind: 'say', text: 'one' }, SAY, SAY, { kind: 'say', text: 'two' }], 0);
  assert.deepEqual(asked, ['one', 'two']);
  await clock.settle();
  assert.deepEqual(asked, ['one', 'two', 'a file']);
  assert.equal(host.sent('feed').filter(({ error }) => error !== undefined).length, 1);
});

test('a sound that fails on the way ends its stream with the reason', async () => {
  const { clock, host, playback } = await setUp(async function* () {
    yield new Int16Array(160);
    throw new Error('the server answered 404');
  });
  const { done } = playback.play([SAY], 0);
  await clock.settle();
  assert.equal(host.sent('feed').at(-1)?.error, 'the server answered 404');
  const { playId } = host.sent('play')[0]!;
  const error = 'the server answered 404';
  host.emit({ type: 'playEnded', sessionId: 's', playId, state: 'error', playedMs: 20, error });
  assert.deepEqual(await done, { state: 'error', playedMs: 20, error });
});

test('when a list ends early, its source is told, and no longer read', async () => {
  let signal: AbortSignal | undefined;
  let released = false;
  const { clock, host, playback } = await setUp(async function* (given) {
    signal = given;
    try {
      yield* seconds(3600);
    } finally {
      released = true;
    }
  });
  const operation = playback.play([SAY], 0);
  await clock.settle();
  operation.stop();
  const { playId } = host.sent('stopPlay')[0]!;
  host.emit({ type: 'playEnded', sessionId: 's', playId, state: 'stopped', playedMs: 1500 });
  assert.deepEqual(await operation.done, { state: 'stopped', playedMs: 1500 });
  await clock.settle();
  assert.equal(signal?.aborted, true);
  assert.equal(released, true);
});

test('at the end of the call everything stops, and nothing plays any more', async () => {
  const { clock, host, playback } = await setUp(() => seconds(3600));
  const operations = [playback.play([SAY], 0), playback.play([SAY], 0)];
  await clock.settle();
  playback.close();
  const results = await Promise.all(operations.map(({ done }) => done));
  assert.deepEqual(
    results.map(({ state }) => state),
    ['stopped', 'stopped'],
  );
  const { length } = host.commands;
  assert.equal((await playback.play([SAY], 0).done).state, 'stopped');
  await clock.settle();
  assert.equal(host.commands.length, length);
});
