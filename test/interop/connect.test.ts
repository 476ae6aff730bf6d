/** `connect` between phones that are not ours: SIPp calls in G.711, baresip is called and speaks G.722. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, before, describe } from 'node:test';

import { testFrequencies, writeToneWav } from '../support/audio-files.ts';
import { Baresip } from '../support/baresip.ts';
import { CallbackReceiver } from '../support/callback-receiver.ts';
import { assertScenarioHeld, placeCall, type Site, toneUtterances } from '../support/interop.ts';
import { documentText, logged } from '../support/live-site.ts';
import { skipWithout } from '../support/programs.ts';
import { ServerProcess } from '../support/server-process.ts';
import { answered, awaitBye, bye, invite, pause } from '../support/sipp-scenario.ts';
import { findTones } from '../support/tone-finder.ts';

const FREQUENCIES = testFrequencies(12, 525);
const CALLER = FREQUENCIES.slice(0, 6);
const CALLED = FREQUENCIES.slice(6);
const TONE_MS = 400;

describe('Phones of others that are connected with each other', {
  skip: skipWithout('sipp', 'baresip'),
}, () => {
  let folder: string;
  let desk: Baresip;
  let site: Site;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'openswml-connect-'));
    const speech = path.join(folder, 'speech.wav');
    const tones = CALLED.map((frequencyHz) => ({ frequencyHz, durationMs: TONE_MS }));
    writeToneWav(speech, [...tones, { frequencyHz: 0, durationMs: 60_000 }], 16_000);
    desk = await Baresip.start({ speech, transport: 'udp', codecs: ['g722'], answers: true });
    const callbacks = await CallbackReceiver.start();
    const connect = { status_url: callbacks.url(), timeout: 20 };
    const document = documentText(
      (status_url) => [
        { record_call: { stereo: true, format: 'wav', status_url } },
        {
          switch: {
            variable: 'call.sip_data.sip_to_user',
            case: { number: [{ connect: { ...connect, to: '+15550100' } }] },
            default: [{ connect: { ...connect, to: desk.uri } }],
          },
        },
        { play: 'say:Goodbye.' },
      ],
      callbacks.url(),
    );
    const server = await ServerProcess.start({
      document,
      // The phone takes calls for its own user alone.
      env: { OPENSWML_DIAL_GATEWAY: `${desk.uri};number={number}` },
    });
    site = { server, callbacks };
  });

  after(async () => {
    await site?.server.dispose();
    await site?.callbacks.close();
    await desk?.dispose();
    rmSync(folder, { recursive: true });
  });

  test('each hears the other, in a codec of its own; a stereo recording holds both; the caller leaves, and both are gone', async (context) => {
    const call = await placeCall(context, site.server, [invite(), answered(), pause(4500), bye()], {
      user: 'desk',
      say: [{ kind: 'tone', frequencyHz: 0, durationMs: 1000 }, ...toneUtterances(CALLER, TONE_MS)],
    });
    await assertScenarioHeld(call.sipp);
    await desk.closed();
    const ended = await site.callbacks.waitForState('finished');
    const wav = await site.server.download(String(ended.params['url']));
    const search = { frequencies: FREQUENCIES, shortestMs: TONE_MS / 2 };
    const said = (channel: number) => findTones(wav, { ...search, channel }).map((tone) => tone.frequencyHz);
    assert.deepEqual(said(0), CALLER, 'left: the caller');
    assert.deepEqual(said(1), CALLED, 'right: the called side');
    const heardBy = (heard: Parameters<typeof findTones>[0]) =>
      findTones(heard, search).map((tone) => tone.frequencyHz);
    assert.deepEqual(heardBy(call.talker.heard()), CALLED);
    assert.deepEqual(heardBy(desk.heard()), CALLER);
    const states = site.callbacks.of('calling.call.connect').map(({ params }) => params['connect_state']);
    assert.deepEqual(states, ['connecting', 'connected', 'disconnected'].slice(0, states.length));
  });

  test('the called side, a number at the gateway, leaves: the script goes on and ends the call', async (context) => {
    const call = await placeCall(context, site.server, [invite(), answered(), awaitBye(30_000)], {
      user: 'number',
    });
    const { params } = await site.callbacks.waitFor(
      ({ params: told }) =>
        told['connect_state'] === 'connected' &&
        (told['peer'] as { device: { type: string } }).device.type === 'phone',
      20_000,
    );
    assert.deepEqual((params['peer'] as { device: { params: unknown } }).device.params, {
      from_number: 'caller',
      to_number: '+15550100',
    });
    // The called side is a call like any other.
    const { call_id: peerId } = params['peer'] as { call_id: string };
    const played = await site.server.command('calling.play', peerId, {
      play: [{ type: 'silence', params: { duration: 0.1 } }],
    });
    assert.deepEqual(
      [played['direction'], played['type'], played['status']],
      ['outbound', 'relay_pstn_call', 'answered'],
    );
    desk.hangup();
    await assertScenarioHeld(call.sipp);
    const over = await logged(site, String(params['call_id']), 'call over');
    assert.equal(over['by'], 'local');
    assert.equal(
      site.callbacks
        .of('calling.call.connect')
        .findLast(({ params: told }) => told['call_id'] === params['call_id'])?.params['connect_state'],
      'disconnected',
    );
    assert.deepEqual(site.server.complaints(), [], site.server.logText());
  });
});
