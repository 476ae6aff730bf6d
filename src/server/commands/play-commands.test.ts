import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { PlayableSound } from '../../call/leg.ts';
import type { SoundSource } from '../../call/playback.ts';
import { CALL_ID, openCommands } from './command.test-helper.ts';

const STATUS = 'https://app.example/play';
const SILENCE = { type: 'silence', params: { duration: 1 } };

async function answered(t: TestContext): Promise<ReturnType<typeof openCommands>> {
  const bench = openCommands(t);
  await bench.leg.answer();
  return bench;
}

type Bench = ReturnType<typeof openCommands>;

const states = (bench: Bench): unknown[] => bench.callbacks.map(({ params }) => params['state']);

/** The media side ends what plays. */
async function ended(bench: Bench, state: 'finished' | 'stopped' | 'error', error?: string): Promise<void> {
  const { playId } = bench.host.sent('play').at(-1)!;
  bench.emit({ type: 'playEnded', playId, state, playedMs: 1000, ...(error !== undefined && { error }) });
  await bench.clock.settle();
}

async function refused(bench: Bench, params: unknown, command = 'calling.play') {
  return await bench.refused({ command, id: CALL_ID, params });
}

describe('calling.play', () => {
  test('plays every kind of item as one list, at its volume, and says so', async (t) => {
    const bench = await answered(t);
    const reply = await bench.command('calling.play', {
      control_id: 'music',
      volume: -6,
      status_url: STATUS,
      play: [
        { type: 'audio', params: { url: 'https://example.com/a.mp3' } },
        { type: 'tts', params: { text: 'Hello', voice: 'openai.nova' } },
        SILENCE,
        { type: 'ringtone', params: { name: 'us', duration: 2.5 } },
      ],
    });
    assert.equal(reply['control_id'], 'music');
    await bench.clock.settle();
    const [command] = bench.host.sent('play');
    assert.equal(command?.gainDb, -6);
    assert.equal(command?.sounds.length, 4);
    await ended(bench, 'finished');
    assert.deepEqual(states(bench), ['playing', 'finished']);
    assert.deepEqual(bench.callbacks[0], {
      url: STATUS,
      // Of this call: what plays on others under the same control id does not wait for it.
      operationId: `${CALL_ID} music`,
      eventType: 'calling.call.play',
      params: {
        call_id: CALL_ID,
        node_id: bench.leg.info.node_id,
        segment_id: bench.leg.info.segment_id,
        control_id: 'music',
        state: 'playing',
      },
    });
  });

  test('plays as often as loop says, and for ever with 0', async (t) => {
    for (const [loop, passes] of [
      [undefined, 1],
      [3, 3],
      [0, 7],
    ] as const) {
      const bench = await answered(t);
      await bench.command('calling.play', {
        control_id: 'a',
        play: [SILENCE],
        ...(loop !== undefined && { loop }),
      });
      for (let pass = 0; pass < 7; pass++) {
        await bench.clock.settle();
        if (bench.host.sent('play').length > pass) await ended(bench, 'finished');
      }
      const played = bench.host.sent('play').length;
      assert.ok(loop === 0 ? played > passes : played === passes, `${loop}: ${played}`);
    }
  });

  test('is refused with the reason where it cannot be done', async (t) => {
    const bench = await answered(t);
    const play = [SILENCE];
    for (const [params, error] of [
      [{}, 'missing_required_parameter play'],
      [{ play: [] }, 'invalid_parameter play'],
      [{ play, direction: 'both' }, 'invalid_parameter direction'],
      [{ play, direction: 'speak' }, 'invalid_parameter direction'],
      [{ play, volume: 41 }, 'invalid_parameter volume'],
      [{ play, loop: -1 }, 'invalid_parameter loop'],
      [{ play: [{ type: 'audio', params: {} }] }, 'invalid_parameter play.0.params'],
      [{ play: [SILENCE, { type: 'ringtone', params: { name: 'xx' } }] }, 'invalid_parameter play.1.params'],
      [
        { play: [{ type: 'audio', params: { url: 'file:///etc/passwd' } }] },
        'invalid_parameter play.0.params',
      ],
    ] as const) {
      const { status, errors } = await refused(bench, params);
      assert.deepEqual([status, errors], [422, [error]], JSON.stringify(params));
    }
    assert.deepEqual(bench.host.sent('play'), []);
  });

  test('to the other side is not in this version, whether or not the call is connected, and says so', async (t) => {
    const bench = await answered(t);
    const { messages } = await refused(bench, { play: [SILENCE], direction: 'speak' });
    assert.match(messages[0] ?? '', /^this version plays to the party of the call alone: expected "listen"/);
  });

  test('is refused for a control id that plays already, and for a call that rings', async (t) => {
    const bench = openCommands(t);
    const params = { control_id: 'a', play: [SILENCE] };
    assert.deepEqual((await refused(bench, params)).errors, ['invalid_state id']);
    await bench.leg.answer();
    await bench.command('calling.play', params);
    assert.deepEqual((await refused(bench, params)).errors, ['value_not_unique control_id']);
  });

  test('an empty voice, language or gender is none: what the command says counts, else the default', async (t) => {
    const loaded: PlayableSound[] = [];
    const sounds: SoundSource = {
      load: (sound) => {
        loaded.push(sound);
        return { kind: 'made', sound: { kind: 'silence', durationMs: 1000 } };
      },
    };
    const bench = openCommands(t, { sounds });
    await bench.leg.answer();
    const empty = { voice: '', language: '', gender: '' };
    const play = [{ type: 'tts', params: { text: 'Hello', ...empty } }];
    await bench.command('calling.play', { play, voice: 'openai.nova', language: 'de-DE', gender: 'male' });
    await bench.command('calling.play', { play, ...empty });
    await bench.clock.settle();
    assert.deepEqual(loaded, [
      { kind: 'say', text: 'Hello', voice: 'openai.nova', language: 'de-DE', gender: 'male' },
      { kind: 'say', text: 'Hello', language: 'en-US', gender: 'female' },
    ]);
  });

  test('an address that is none of a file is told as that, not as missing, and without its password', async (t) => {
    const bench = await answered(t);
    const play = [{ type: 'audio', params: { url: 'ftp://ann:secret@example.com/a.wav' } }];
    const { messages } = await refused(bench, { play });
    assert.equal(
      messages[0],
      '"url" cannot have this value: expected an http or https URL, found "ftp://example.com/a.wav"',
    );
  });

  test('that fails says error', async (t) => {
    const bench = await answered(t);
    await bench.command('calling.play', { play: [SILENCE], status_url: STATUS });
    await bench.clock.settle();
    await ended(bench, 'error', '404');
    assert.deepEqual(states(bench), ['playing', 'error']);
  });
});

describe('calling.play.pause, .resume, .volume and .stop', () => {
  test('act on what plays, each change of state told once', async (t) => {
    const bench = await answered(t);
    await bench.command('calling.play', { control_id: 'a', loop: 2, play: [SILENCE], status_url: STATUS });
    await bench.clock.settle();
    const { playId } = bench.host.sent('play')[0]!;
    for (const name of ['pause', 'pause', 'resume', 'resume'])
      await bench.command(`calling.play.${name}`, { control_id: 'a' });
    await bench.command('calling.play.volume', { control_id: 'a', volume: 12 });
    const stopping = bench.command('calling.play.stop', { control_id: 'a' });
    assert.deepEqual(
      bench.host.sent('playVolume').map(({ playId: id, gainDb }) => [id, gainDb]),
      [[playId, 12]],
    );
    assert.equal(bench.host.sent('pausePlay').length, 1);
    assert.equal(bench.host.sent('resumePlay').length, 1);
    assert.equal(bench.host.sent('stopPlay')[0]?.playId, playId);
    await ended(bench, 'stopped');
    await stopping;
    assert.deepEqual(states(bench), ['playing', 'paused', 'playing', 'finished']);
    assert.equal(bench.host.sent('play').length, 1);
  });

  test('behind the reply to a stop the control id is free, and the end is told', async (t) => {
    const bench = await answered(t);
    const params = { control_id: 'a', play: [SILENCE], status_url: STATUS };
    await bench.command('calling.play', params);
    await bench.clock.settle();
    const stopping = bench.command('calling.play.stop', { control_id: 'a' });
    const again = stopping.then(() => bench.command('calling.play', params));
    await bench.clock.settle();
    await ended(bench, 'stopped');
    await again;
    assert.deepEqual(states(bench), ['playing', 'finished', 'playing']);
  });

  test('are not found for what plays no more, or never did', async (t) => {
    const bench = await answered(t);
    await bench.command('calling.play', { control_id: 'a', play: [SILENCE] });
    await bench.clock.settle();
    await ended(bench, 'finished');
    for (const name of ['pause', 'resume', 'stop', 'volume']) {
      for (const control_id of ['a', 'never']) {
        const { status } = await refused(
          bench,
          { control_id, ...(name === 'volume' && { volume: 0 }) },
          `calling.play.${name}`,
        );
        assert.equal(status, 404, name);
      }
    }
  });
});
