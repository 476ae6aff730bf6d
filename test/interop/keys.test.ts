/** Keys that come as tones in the audio, from phones that are not ours. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite, test } from 'node:test';

import { type Tone, type Wav, writeToneWav } from '../support/audio-files.ts';
import {
  assertOneRecording,
  assertScenarioHeld,
  placeCall,
  startSite,
  UNTIL_ENDED,
} from '../support/interop.ts';
import { dialByBaresip } from '../support/live-site.ts';
import { onTime } from '../support/on-time.ts';
import { skipWithout } from '../support/programs.ts';
import { answered, awaitBye, invite } from '../support/sipp-scenario.ts';
import { findTones } from '../support/tone-finder.ts';
import { near } from '../support/tone-assertions.ts';
import { CREDENTIALS } from '../support/server-process.ts';

const SKIP = { skip: skipWithout('sipp') };
/** ITU-T Q.23. */
const PAIRS: Readonly<Record<string, readonly [number, number]>> = {
  '1': [697, 1209],
  '4': [770, 1209],
  '2': [697, 1336],
  '#': [941, 1477],
};
const KEY_MS = 80;
const VOICE_HZ = 575;

const silence = (durationMs: number): Tone => ({ frequencyHz: 0, durationMs });
const voice = (durationMs: number): Tone => ({ frequencyHz: VOICE_HZ, durationMs, voice: true });

/** The tones of keys, with a pause behind each. */
function keys(digits: string): readonly Tone[] {
  return [...digits].flatMap((digit) => {
    const [frequencyHz, besideHz] = PAIRS[digit]!;
    return [{ frequencyHz, besideHz, durationMs: KEY_MS, levelDbfs: -16 }, silence(120)];
  });
}

const said = (tones: readonly Tone[]) => tones.map((tone) => ({ kind: 'tone', ...tone }) as const);

/** Level of one frequency in a stretch of a file, dB below full scale. */
function levelAt(wav: Wav, hz: number, fromMs: number, toMs: number): number {
  const samples = wav.channels[0]!.subarray((fromMs * wav.sampleRate) / 1000, (toMs * wav.sampleRate) / 1000);
  let real = 0;
  let imaginary = 0;
  for (const [n, sample] of samples.entries()) {
    const angle = (2 * Math.PI * hz * n) / wav.sampleRate;
    real += sample * Math.cos(angle);
    imaginary += sample * Math.sin(angle);
  }
  return 20 * Math.log10((2 * Math.hypot(real, imaginary)) / samples.length / 32768 + 1e-9);
}

suite('Keys as tones', { concurrency: 4 }, () => {
  test(
    'SIPp without telephone-event: # ends the recording, and its tone is not in the file',
    SKIP,
    onTime(async (context) => {
      const site = await startSite(context, (statusUrl) => [
        { record: { initial_timeout: 5, end_silence_timeout: 5, status_url: statusUrl } },
      ]);
      const { sipp } = await placeCall(
        context,
        site.server,
        [invite({ telephoneEvent: false }), answered(), awaitBye()],
        {
          say: said([
            silence(500),
            voice(1500),
            silence(300),
            ...keys('1'),
            voice(500),
            ...keys('#'),
            silence(1500),
          ]),
        },
      );
      await assertScenarioHeld(sipp);
      const { wav, finished } = await assertOneRecording(site, 'terminator');
      assert.equal(finished.params['terminator'], '#');
      const tones = findTones(wav, { frequencies: [VOICE_HZ] });
      assert.equal(tones.length, 2);
      near(
        tones[1]!.startMs - tones[0]!.endMs,
        300 + KEY_MS + 120,
        25,
        'the key 1 between them, which ends nothing',
      );
      near(wav.durationMs, tones[1]!.endMs, 20, 'end of the file at the beginning of #');
      for (const hz of PAIRS['#']!)
        assert.ok(levelAt(wav, hz, wav.durationMs - 30, wav.durationMs) < -45, `${hz} Hz at the end`);

      const response = await fetch(
        `${site.server.httpUrl}/api/relay/rest/recordings/${finished.params['recording_id']}/voice`,
        {
          headers: {
            authorization: `Basic ${Buffer.from(`${CREDENTIALS.project}:${CREDENTIALS.token}`).toString('base64')}`,
          },
        },
      );
      const told = (await response.json()) as {
        ended_by: string;
        threshold_dbfs: number;
        speak: { segments: readonly { start_ms: number; end_ms: number }[] };
      };
      assert.deepEqual([response.status, told.ended_by, told.threshold_dbfs], [200, 'terminator', -37]);
      near(told.speak.segments[0]!.start_ms, tones[0]!.startMs, 60, 'beginning of the speech');
      near(told.speak.segments[0]!.end_ms, tones[0]!.endMs, 60, 'its end');
    }),
  );

  test(
    'SIPp without telephone-event: keys are collected by a prompt',
    SKIP,
    onTime(async (context) => {
      const site = await startSite(context, (status_url) => [
        { prompt: { play: 'ring:60:us', max_digits: 8, terminators: '#', status_url } },
      ]);
      const { sipp } = await placeCall(
        context,
        site.server,
        [invite({ telephoneEvent: false }), answered(), awaitBye()],
        { say: said([silence(600), ...keys('4211#'), silence(1000)]) },
      );
      await assertScenarioHeld(sipp);
      await site.server.callsOver();
      await site.callbacks.waitFor(({ params }) => Object(params['result'])['type'] === 'digit');
      const results = site.callbacks.of('calling.call.collect').map(({ params }) => params['result']);
      assert.deepEqual(results.at(-1), { type: 'digit', params: { digits: '4211', terminator: '#' } });
    }),
  );

  test(
    'recording.mask_dtmf: no tone of a key is in the file, the voice and the length are',
    SKIP,
    onTime(async (context) => {
      const site = await startSite(
        context,
        (statusUrl) => [{ record: { ...UNTIL_ENDED, status_url: statusUrl } }],
        {
          args: ['--recording-mask-dtmf', 'true'],
        },
      );
      const { sipp } = await placeCall(context, site.server, [invite(), answered(), awaitBye()], {
        say: [
          ...said([silence(500), voice(1000), ...keys('42'), voice(700), silence(500)]),
          { kind: 'digit', digit: '#' },
        ],
      });
      await assertScenarioHeld(sipp);
      const { wav } = await assertOneRecording(site, 'terminator');
      const tones = findTones(wav, { frequencies: [VOICE_HZ] });
      assert.equal(tones.length, 2);
      const [before, behind] = tones;
      near(before!.endMs - before!.startMs, 1000, 25, 'the voice before the keys');
      near(behind!.startMs - before!.endMs, 400, 25, 'the keys, silent');
      near(behind!.endMs - behind!.startMs, 700, 25, 'the voice behind them');
      for (const [index, digit] of ['4', '2'].entries()) {
        const from = before!.endMs + 200 * index;
        for (const hz of PAIRS[digit]!) {
          const level = levelAt(wav, hz, from + 10, from + KEY_MS - 10);
          assert.ok(level < -60, `${hz} Hz of key ${digit}: ${level}`);
        }
      }
      near(wav.durationMs - behind!.endMs, 500, 25, 'what is behind the voice');
    }),
  );

  test('baresip in G.722, whose tones count because dtmf.inband is always', {
    skip: skipWithout('baresip'),
  }, async (context) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'openswml-keys-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const speech = path.join(folder, 'speech.wav');
    writeToneWav(speech, [silence(2500), voice(1000), ...keys('#'), silence(30_000)], 16_000);
    const site = await startSite(
      context,
      (statusUrl) => [{ record: { ...UNTIL_ENDED, status_url: statusUrl } }],
      {
        args: ['--dtmf-inband', 'always'],
      },
    );
    await dialByBaresip(context, site.server, { speech, user: 'anyone', codecs: ['g722'] });
    const { wav } = await assertOneRecording(site, 'terminator');
    assert.equal(wav.sampleRate, 16_000);
    const [tone, ...others] = findTones(wav, { frequencies: [VOICE_HZ] });
    assert.equal(others.length, 0);
    near(wav.durationMs, tone!.endMs, 20, 'end of the file at the beginning of #');
  });
});
