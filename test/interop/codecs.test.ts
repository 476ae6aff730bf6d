/** A phone that is not ours, in every codec: what it says is recorded at the codec's rate, and comes back to it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { writeToneWav } from '../support/audio-files.ts';
import { BARESIP_CODECS, type BaresipCodec } from '../support/baresip.ts';
import {
  assertKept,
  callIdOf,
  dialByBaresip,
  type LiveSite,
  logged,
  openLiveSite,
} from '../support/live-site.ts';
import { skipWithout } from '../support/programs.ts';
import { describeTones, findTones } from '../support/tone-finder.ts';

/** The last one is beyond the telephone band. */
const FREQUENCIES: Readonly<Record<BaresipCodec, readonly number[]>> = {
  pcmu: [700, 1500, 3000],
  pcma: [700, 1500, 3000],
  g722: [700, 3000, 6400],
  opus: [700, 3000, 6400],
};
const TONE_MS = 700;
const CODECS = Object.keys(BARESIP_CODECS) as BaresipCodec[];

describe('A call in each codec', { concurrency: 4 }, () => {
  let site: LiveSite;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'openswml-codecs-'));
    for (const codec of CODECS) {
      const silence = { frequencyHz: 0, durationMs: 1500 };
      const tones = FREQUENCIES[codec].map((frequencyHz) => ({ frequencyHz, durationMs: TONE_MS }));
      const rest = { frequencyHz: 0, durationMs: 60_000 };
      writeToneWav(path.join(folder, `${codec}.wav`), [silence, ...tones, rest], BARESIP_CODECS[codec].rate);
    }
    const main = (status_url: string): readonly unknown[] => [
      { record: { initial_timeout: 0, end_silence_timeout: 0, max_length: 5, status_url } },
      { play: { url: '${record_url}' } },
    ];
    site = await openLiveSite(Object.fromEntries(CODECS.map((codec) => [codec, main])));
  });

  after(async () => {
    await site.close();
    rmSync(folder, { recursive: true });
  });

  for (const codec of CODECS) {
    test(`${codec}: recorded at ${BARESIP_CODECS[codec].rate} Hz, and heard again by the phone`, {
      skip: skipWithout('baresip'),
    }, async (context) => {
      const phone = await dialByBaresip(context, site.server, {
        speech: path.join(folder, `${codec}.wav`),
        user: codec,
        codecs: [codec],
      });
      const callId = await callIdOf(site, codec);
      const { wav } = await assertKept(site, callId, 'max_length');
      assert.equal(wav.sampleRate, BARESIP_CODECS[codec].rate);
      assert.equal(wav.durationMs, 5000);
      const frequencies = FREQUENCIES[codec];
      const tones = findTones(wav, { frequencies });
      assert.deepEqual(
        tones.map(({ frequencyHz }) => frequencyHz),
        frequencies,
        describeTones(tones),
      );
      for (const { startMs, endMs } of tones)
        assert.ok(Math.abs(endMs - startMs - TONE_MS) <= 25, describeTones(tones));
      assert.equal((await logged(site, callId, 'call over'))['by'], 'local');
      await phone.closed();
      const heard = phone.heard();
      assert.deepEqual(
        findTones(heard, { frequencies }).map(({ frequencyHz }) => frequencyHz),
        frequencies,
      );
    });
  }
});
