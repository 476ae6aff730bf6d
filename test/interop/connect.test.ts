/** `connect` between phones that are not ours: SIPp calls in G.711, baresip is called and speaks G.722. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, before, describe } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

import { cli } from '../../src/cli/terminal.test-helper.ts';
import { testFrequencies, type Wav, writeToneWav } from '../support/audio-files.ts';
import { Baresip } from '../support/baresip.ts';
import { CallbackReceiver } from '../support/callback-receiver.ts';
import { assertScenarioHeld, placeCall, type Site, toneUtterances } from '../support/interop.ts';
import { dialByBaresip, documentText, logged } from '../support/live-site.ts';
import { skipWithout } from '../support/programs.ts';
import { EACH_CORE, ServerProcess } from '../support/server-process.ts';
import { answered, awaitBye, invite } from '../support/sipp-scenario.ts';
import { findTones } from '../support/tone-finder.ts';

const FREQUENCIES = testFrequencies(12, 525);
const CALLER = FREQUENCIES.slice(0, 6);
const CALLED = FREQUENCIES.slice(6);
const TONE_MS = 250;
const PATIENCE_MS = 60_000;

/** What `openswml replay --json` prints. */
interface ReplayReport {
  readonly differences: readonly { what: string; before: string[]; now: string[] }[];
}

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
    // It may take a moment until the two are connected.
    writeToneWav(
      speech,
      [{ frequencyHz: 0, durationMs: 1000 }, ...tones, { frequencyHz: 0, durationMs: 60_000 }],
      16_000,
    );
    desk = await Baresip.start({ speech, transport: 'udp', codecs: ['g722'], answers: true });
    const callbacks = await CallbackReceiver.start();
    const connect = {
      status_url: callbacks.url(),
      call_state_url: callbacks.url(),
      call_state_events: ['created', 'ringing', 'answered', 'ended'],
      timeout: 20,
    };
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
      env: {
        ...EACH_CORE,
        OPENSWML_DIAL_GATEWAY: `${desk.uri};number={number}`,
        OPENSWML_TRACE_DIR: path.join(folder, 'traces'),
      },
    });
    site = { server, callbacks };
  });

  after(async () => {
    await site?.server.dispose();
    await site?.callbacks.close();
    await desk?.dispose();
    rmSync(folder, { recursive: true });
  });

  const tonesIn = (heard: Wav, channel = 0) =>
    findTones(heard, { frequencies: FREQUENCIES, shortestMs: TONE_MS / 2, channel }).map(
      (tone) => tone.frequencyHz,
    );
  /** Path of the trace of a call, once that is over. */
  const traceOf = async (callId: string): Promise<string> => {
    const [name = assert.fail('there is no trace')] = readdirSync(path.join(folder, 'traces'), {
      recursive: true,
      encoding: 'utf8',
    }).filter((each) => each.includes(`${callId}.jsonl`));
    const file = path.join(folder, 'traces', name);
    const deadline = performance.now() + PATIENCE_MS;
    while (!readFileSync(file, 'utf8').includes('"kind":"call","text":"ended"')) {
      assert.ok(performance.now() < deadline, 'the trace has no end');
      await wait(20);
    }
    // Parties that were called, and callbacks, have their last lines behind the end of the call.
    for (let read = ''; read !== readFileSync(file, 'utf8'); await wait(500))
      read = readFileSync(file, 'utf8');
    return file;
  };
  /** The call comes out as it did when it is replayed; lengths may differ on a busy machine. */
  const assertReplays = async (callId: string): Promise<void> => {
    const { out, err } = await cli('replay', await traceOf(callId), '--json');
    const { differences } = JSON.parse(out) as ReplayReport;
    const plain = (lines: readonly string[]) => lines.map((line) => line.replace(/[\d.]+ s$/, ''));
    for (const { what, before, now } of differences) {
      if (what !== 'callbacks') {
        assert.deepEqual(plain(now), plain(before), what + err);
        continue;
      }
      // Operations do not wait for each other, and the last callback may be told behind the end of the trace.
      const left = plain(now);
      for (const line of plain(before)) {
        const at = left.indexOf(line);
        assert.ok(at >= 0, `${line} is not told again: ${now.join(', ')}${err}`);
        left.splice(at, 1);
      }
      assert.ok(left.length <= 1, `told beside what was told before: ${left.join(', ')}`);
    }
  };
  const connected = (type: string) =>
    site.callbacks.waitFor(({ params }) => {
      const peer = params['peer'] as { readonly device: { readonly type: string } } | undefined;
      return params['connect_state'] === 'connected' && peer?.device.type === type;
    }, PATIENCE_MS);

  test('each hears the other, in a codec of its own; a stereo recording holds both; the called side leaves', async (context) => {
    const call = await placeCall(context, site.server, [invite(), answered(), awaitBye(60_000)], {
      user: 'desk',
    });
    const speech = call.talker.prepare(toneUtterances(CALLER, TONE_MS));
    const { params } = await connected('sip');
    const heard = async (frequencyHz: number): Promise<void> => {
      const deadline = performance.now() + PATIENCE_MS;
      while (!tonesIn(call.talker.heard()).includes(frequencyHz) && performance.now() < deadline)
        await wait(100);
    };
    // A phone that is connected but does not talk yet does not listen yet, either.
    await heard(CALLED[0]!);
    await call.talker.talk(await call.sipp.media(), speech);
    // The last tone of the called side may still be on its way.
    await heard(CALLED.at(-1)!);
    await wait(TONE_MS);
    desk.hangup();
    await assertScenarioHeld(call.sipp);
    const ended = await site.callbacks.waitForState('finished');
    const wav = await site.server.download(String(ended.params['url']));
    assert.deepEqual(tonesIn(wav, 0), CALLER, 'left: the caller');
    assert.deepEqual(tonesIn(wav, 1), CALLED, 'right: the called side');
    assert.deepEqual(tonesIn(call.talker.heard()), CALLED);
    assert.deepEqual(tonesIn(desk.heard()), CALLER);
    const over = await logged(site, String(params['call_id']), 'call over');
    assert.equal(over['by'], 'local', 'the script went on, and ended the call');
    await assertReplays(String(params['call_id']));
    const { out } = await cli('trace', 'show', await traceOf(String(params['call_id'])));
    assert.match(out, new RegExp(`^called {4}\\[1\\] ${desk.uri}$`, 'm'));
    assert.match(out, /│ {34}│ INVITE \[1\] ─+▶│\n/);
    assert.match(out, /│ {34}│◀─+ BYE \[1\] │\n/);
  });

  test('the caller leaves: the called side, a number at the gateway, is hung up', async (context) => {
    const speech = path.join(folder, 'silence.wav');
    writeToneWav(speech, [{ frequencyHz: 0, durationMs: 60_000 }]);
    const phone = await dialByBaresip(context, site.server, { speech, user: 'number' });
    const { params } = await connected('phone');
    const { call_id: peerId, device } = params['peer'] as { call_id: string; device: { params: unknown } };
    assert.deepEqual(device.params, { from_number: 'tester', to_number: '+15550100' });
    // The called side is a call like any other.
    const played = await site.server.command('calling.play', peerId, {
      play: [{ type: 'silence', params: { duration: 0.1 } }],
    });
    const { direction, type, status, parent_id: parentId } = played;
    assert.deepEqual(
      { direction, type, status, parentId },
      { direction: 'outbound', type: 'relay_pstn_call', status: 'answered', parentId: params['call_id'] },
    );
    phone.hangup();
    assert.equal((await logged(site, peerId, 'call over'))['by'], 'local');
    await assertReplays(String(params['call_id']));
    assert.deepEqual(site.server.complaints(), [], site.server.logText());
  });
});
