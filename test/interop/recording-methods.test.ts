/** The three recording methods together on real calls, and the commands that act on them from outside. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { testFrequencies, type Wav } from '../support/audio-files.ts';
import type { ReceivedCallback } from '../support/callback-receiver.ts';
import { assertScenarioHeld, placeCall, toneUtterances, UNTIL_ENDED } from '../support/interop.ts';
import { assertCallOver, callIdOf, type LiveSite, openLiveSite } from '../support/live-site.ts';
import { onTime } from '../support/on-time.ts';
import { programPath, skipWithout } from '../support/programs.ts';
import { answered, awaitBye, bye, invite, pause } from '../support/sipp-scenario.ts';
import { SoundHost } from '../support/sound-host.ts';
import { assertHeardAgain, assertRunOfTones, assertUndisturbed, near } from '../support/tone-assertions.ts';
import { describeTones, type FoundTone, findTones } from '../support/tone-finder.ts';

const FREQUENCIES = testFrequencies(28, 525).filter((hz) => Math.abs(hz - 1000) > 40);
/** Of the caller, and of the prompt that it hears; none is the beep's. */
const SAID = { frequencies: FREQUENCIES.slice(0, 22), toneMs: 300 };
const PROMPT = { frequencies: FREQUENCIES.slice(22, 25), toneMs: 400 };
const BEEP_HZ = 1000;
const SKIP = { skip: skipWithout('sipp', 'curl') };
const FOREVER = { sleep: 60_000 };

let sounds: SoundHost;
let site: LiveSite;

before(async () => {
  sounds = await SoundHost.start(
    PROMPT.frequencies.map((frequencyHz) => ({ frequencyHz, durationMs: PROMPT.toneMs })),
  );
  const whole = (status_url: string) => ({
    record_call: { control_id: 'whole', stereo: true, status_url },
  });
  const message = (status_url: string, more: object = {}) => ({
    record: { ...UNTIL_ENDED, status_url, ...more },
  });
  site = await openLiveSite({
    all: (url) => [
      whole(url),
      { play: sounds.url },
      message(url, { beep: true }),
      { stop_record_call: {} },
      { play: '%{record_call_url}' },
      { hangup: {} },
    ],
    message: (url) => [whole(url), message(url)],
    behind: (url) => [whole(url), { sleep: 700 }, { stop_record_call: {} }, FOREVER],
    commands: (url) => [
      whole(url),
      { record_call: { control_id: 'quiet', direction: 'speak', max_length: 6, status_url: url } },
      message(url),
      { set: { after: '%{record_result}' } },
      FOREVER,
    ],
  });
});
after(async () => {
  await site?.close();
  await sounds?.close();
});

/** The callbacks of one recording of a call, in order, up to its last. */
async function callbacksOf(callId: string, controlId: string): Promise<readonly ReceivedCallback[]> {
  const isOurs = ({ params }: ReceivedCallback): boolean =>
    params['call_id'] === callId && params['control_id'] === controlId;
  await site.callbacks.waitFor(
    (callback) =>
      isOurs(callback) && ['finished', 'no_input', 'error'].includes(String(callback.params['state'])),
  );
  return site.callbacks.received.filter(isOurs);
}

/** The file of a recording and what its last callback says, which hold for each other. */
async function kept(callId: string, controlId: string) {
  const callbacks = await callbacksOf(callId, controlId);
  const { params } = callbacks.at(-1)!;
  const wav = await site.server.download(String(params['url']));
  near(wav.durationMs, Number(params['duration']) * 1000, 0.001, `length of ${controlId} as announced`);
  const states = callbacks.map((callback) => callback.params['state']);
  return { wav, params, states };
}

/** Control id of the `record` of a call, from its callback. */
async function foregroundOf(callId: string): Promise<string> {
  const { params } = await site.callbacks.waitFor(
    (callback) =>
      callback.params['call_id'] === callId &&
      callback.params['state'] === 'recording' &&
      !['whole', 'quiet'].includes(String(callback.params['control_id'])),
  );
  return String(params['control_id']);
}

const saidIn = (wav: Wav): FoundTone[] => findTones(wav, { frequencies: SAID.frequencies });
const toneOf = (tones: readonly FoundTone[], frequencyHz: number): FoundTone => {
  const tone = tones.find((candidate) => candidate.frequencyHz === frequencyHz);
  assert.ok(tone, `${frequencyHz} Hz is not among\n${describeTones(tones)}`);
  return tone;
};
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('The recording methods on real calls', { concurrency: 5 }, () => {
  test(
    'record_call in stereo, record with a beep and stop_record_call: both files hold what was said and heard',
    SKIP,
    onTime(async (context, suffix) => {
      const call = await placeCall(context, site.server, [invite(), answered(), awaitBye()], {
        user: `all${suffix}`,
        say: [...toneUtterances(SAID.frequencies.slice(0, 14), SAID.toneMs), { kind: 'digit', digit: '#' }],
      });
      await assertScenarioHeld(call.sipp);
      const callId = await callIdOf(site, `all${suffix}`);
      const whole = await kept(callId, 'whole');
      const message = await kept(callId, await foregroundOf(callId));
      assert.deepEqual(
        [whole.states, message.states],
        [
          ['recording', 'finished'],
          ['recording', 'finished'],
        ],
      );
      assert.deepEqual(
        [whole.params['ended_by'], message.params['ended_by'], message.params['terminator']],
        ['stop', 'terminator', '#'],
      );
      assert.deepEqual([whole.wav.channels.length, message.wav.channels.length], [2, 1]);

      // Left is the caller, throughout; right the prompt, then the beep, and nothing of the caller.
      const left = assertRunOfTones(whole.wav, SAID, 0);
      assertUndisturbed(whole.wav, left, 0);
      assert.equal(left.at(-1)!.frequencyHz, SAID.frequencies[13]);
      const right = findTones(whole.wav, { frequencies: [...FREQUENCIES, BEEP_HZ], channel: 1 });
      assert.deepEqual(
        right.map(({ frequencyHz }) => frequencyHz),
        [...PROMPT.frequencies, BEEP_HZ],
        describeTones(right),
      );
      for (const tone of right)
        near(tone.endMs - tone.startMs, PROMPT.toneMs, 20, `${tone.frequencyHz} Hz on the right`);
      assertUndisturbed(whole.wav, right.slice(0, 3), 1);

      // The message is a part of the left channel: what was said behind the beep, up to the key.
      const said = assertRunOfTones(message.wav, SAID);
      assertUndisturbed(message.wav, said);
      const last = said.at(-1)!;
      assert.equal(last.frequencyHz, SAID.frequencies[13]);
      near(message.wav.durationMs, last.endMs, 20, 'the message ends where the key was pressed');
      const begin = toneOf(left, last.frequencyHz).startMs - last.startMs;
      near(begin, right.at(-1)!.endMs, 60, 'the message begins behind the beep');

      // The file was complete when it was played: the caller hears itself again.
      assertHeardAgain(saidIn(call.talker.heard()), left);
      await assertCallOver(site, callId, 'local');
    }),
  );

  test(
    'Who hangs up within the message leaves both recordings, each saying who hung up',
    SKIP,
    onTime(async (context, suffix) => {
      const { wholeSaid, callId } = await hangUp(context, `message${suffix}`, 1500);
      const message = await kept(callId, await foregroundOf(callId));
      const { ended_by, hangup_by, hangup_reason } = message.params;
      assert.deepEqual([ended_by, hangup_by, hangup_reason], ['hangup', 'remote', 'hangup']);
      assert.equal(assertRunOfTones(message.wav, SAID).at(-1)!.frequencyHz, wholeSaid.at(-1)!.frequencyHz);
    }),
  );

  test(
    'Who hangs up behind stop_record_call leaves the file as it was',
    SKIP,
    onTime(async (context, suffix) => {
      const { params } = await hangUp(context, `behind${suffix}`, 2500, 'stop');
      assert.equal(params['hangup_by'], undefined);
    }),
  );

  test(
    'Commands pause with skip and silence, resume, stop, start and end; tones prove what is in the files',
    SKIP,
    onTime(async (context, suffix) => {
      const call = await placeCall(context, site.server, [invite(), answered(), awaitBye()], {
        user: `commands${suffix}`,
        say: toneUtterances(SAID.frequencies, SAID.toneMs),
      });
      const callId = await callIdOf(site, `commands${suffix}`);
      const message = await foregroundOf(callId);
      const { server } = site;
      const command = (name: string, params: object) => server.command(name, callId, params);
      await wait(900);
      const paused = await command('calling.record.pause', { control_id: message });
      assert.deepEqual([paused['id'], paused['status'], paused['control_id']], [callId, 'answered', message]);
      await command('calling.record.pause', { control_id: 'quiet', behavior: 'silence' });
      await command('calling.record.pause', { control_id: 'quiet' });
      const running = new Map((await server.recordings()).map(({ id, status }) => [id, status]));
      assert.equal(running.get(String(paused['recording_id'])), 'paused');
      await wait(900);
      await command('calling.record.resume', { control_id: message });
      await command('calling.record.resume', { control_id: 'quiet' });
      await wait(900);
      await command('calling.record.stop', { control_id: message });
      const late = await command('calling.record', {
        audio: { format: 'wav', direction: 'both', stereo: true, terminators: '', ...UNTIL_ENDED },
        status_url: site.callbacks.url(),
      });
      await callbacksOf(callId, 'quiet');
      await command('calling.record.stop', { control_id: late['control_id'] });
      await callbacksOf(callId, String(late['control_id']));
      await command('update', { id: callId, status: 'completed', status_url: site.callbacks.url() });
      await assertScenarioHeld(call.sipp);

      const whole = await kept(callId, 'whole');
      const { ended_by, hangup_by, hangup_reason } = whole.params;
      assert.deepEqual([ended_by, hangup_by, hangup_reason], ['hangup', 'local', 'hangup']);
      const said = assertRunOfTones(whole.wav, SAID);
      assertUndisturbed(whole.wav, said);

      // Skip: what was said in the pause is missing, and so is its time.
      const skipped = await kept(callId, message);
      assert.deepEqual(skipped.states, ['recording', 'paused', 'recording', 'finished']);
      assert.equal(skipped.params['ended_by'], 'stop');
      const kinds = (await callbacksOf(callId, message)).map(({ params }) => params['pause_behavior']);
      assert.deepEqual(kinds, [undefined, 'skip', undefined, undefined]);
      const cut = saidIn(skipped.wav);
      const order = cut.map(({ frequencyHz }) => SAID.frequencies.indexOf(frequencyHz));
      assert.deepEqual(
        order,
        [...new Set(order)].sort((a, b) => a - b),
        describeTones(cut),
      );
      const offset = toneOf(said, cut[0]!.frequencyHz).endMs - cut[0]!.endMs;
      const missing = toneOf(said, cut.at(-1)!.frequencyHz).startMs - cut.at(-1)!.startMs - offset;
      assert.ok(missing > 600, `${missing} ms are missing\n${describeTones(cut)}`);
      assert.ok(order.at(-1)! - order[0]! >= order.length, `no tone is missing\n${describeTones(cut)}`);

      // Silence: every tone at its place, none in the pause; max_length counts what was recorded only.
      const quiet = await kept(callId, 'quiet');
      assert.deepEqual(quiet.states, ['recording', 'paused', 'recording', 'finished']);
      assert.equal(quiet.params['ended_by'], 'max_length');
      const tones = saidIn(quiet.wav);
      const shift = toneOf(said, tones[0]!.frequencyHz).endMs - tones[0]!.endMs;
      const gaps = tones.slice(1).map((tone, index) => tone.startMs - tones[index]!.endMs);
      // By the samples: a rest of a tone beside the pause may be too short to be found as a tone.
      const gap = longestSilenceMs(quiet.wav);
      assert.equal(gaps.filter((ms) => ms > 40).length, 1, describeTones(tones));
      assert.ok(gap > 600, describeTones(tones));
      near(quiet.wav.durationMs - gap, 6000, 20, 'recorded time');
      for (const tone of tones.slice(0, -1)) {
        if (tone.endMs - tone.startMs < SAID.toneMs - 20) continue;
        near(
          toneOf(said, tone.frequencyHz).startMs - tone.startMs,
          shift,
          20,
          `${tone.frequencyHz} Hz at its place`,
        );
      }

      // Started by a command: what was said from then on, on the left of two channels.
      const started = await kept(callId, String(late['control_id']));
      assert.equal(started.params['url'], late['url']);
      assert.equal(started.wav.channels.length, 2);
      assertRunOfTones(started.wav, SAID, 0);

      const state = await site.callbacks.waitFor(
        ({ eventType, params }) => eventType === 'calling.call.state' && params['call_id'] === callId,
      );
      const { call_state, end_reason } = state.params;
      assert.deepEqual([state.params['call_id'], call_state, end_reason], [callId, 'ended', 'hangup']);
    }),
  );

  test('curl is refused without credentials, with a wrong body and for an unknown call', SKIP, async () => {
    const { server } = site;
    const curl = async (body: string, ...more: readonly string[]): Promise<unknown[]> => {
      const place = `${server.httpUrl}/api/calling/calls`;
      const args = [
        '-s',
        '-w',
        '\n%{http_code}',
        '-H',
        'Content-Type: application/json',
        '-d',
        body,
        ...more,
        place,
      ];
      const { stdout } = await promisify(execFile)(programPath('curl'), args);
      const [answer = '', status] = stdout.split('\n');
      return [Number(status), JSON.parse(answer)];
    };
    const unknown = '{"command": "calling.end", "id": "00000000-0000-4000-8000-000000000000"}';
    assert.deepEqual(await curl(unknown), [401, { error: 'Unauthorized' }]);
    const credentials = ['-u', server.userAndPassword];
    assert.deepEqual(await curl(unknown, ...credentials), [404, { error: 'Not Found' }]);
    assert.deepEqual(await curl('{"command": ', ...credentials), [400, { error: 'Bad Request' }]);
    const [status, body] = await curl('{"command": "calling.sing"}', ...credentials);
    assert.equal(status, 422);
    const [error] = (body as { readonly errors: readonly Readonly<Record<string, unknown>>[] }).errors;
    assert.deepEqual([error?.['code'], error?.['attribute']], ['invalid_command_attempted', 'command']);
  });
});

/** Calls, says tones, and leaves after a while; its record_call is whole. */
async function hangUp(
  context: Parameters<typeof placeCall>[0],
  user: string,
  afterMs: number,
  endedBy: 'hangup' | 'stop' = 'hangup',
) {
  const { sipp } = await placeCall(context, site.server, [invite(), answered(), pause(afterMs), bye()], {
    user,
    say: toneUtterances(SAID.frequencies, SAID.toneMs),
  });
  await assertScenarioHeld(sipp);
  const callId = await callIdOf(site, user);
  const { wav, params } = await kept(callId, 'whole');
  assert.equal(params['ended_by'], endedBy);
  const wholeSaid = assertRunOfTones(wav, SAID, 0);
  assertUndisturbed(wav, wholeSaid, 0);
  await assertCallOver(site, callId, 'remote');
  return { callId, params, wholeSaid };
}

/** The longest run of digital silence in the first channel, ms. */
function longestSilenceMs({ channels, sampleRate }: Wav): number {
  let run = 0;
  let longest = 0;
  for (const sample of channels[0]!) {
    run = sample === 0 ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return (longest * 1000) / sampleRate;
}
