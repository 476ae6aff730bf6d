/** A prompt that listens, on a real call, with a server of its own that speaks OpenAI's protocol. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { assertScenarioHeld, placeCall, startSite, voiceUtterances } from '../support/interop.ts';
import { skipWithout } from '../support/programs.ts';
import { startRecognitionServer } from '../support/recognition-server.ts';
import { answered, awaitBye, invite } from '../support/sipp-scenario.ts';
import { findTones } from '../support/tone-finder.ts';

const SAID = [450, 600, 800];
const WORDS = ['To', 'the', 'sales', 'department.'];

suite('Speech', { concurrency: 2 }, () => {
  test('SIPp: what is said breaks a minute of ringing off, reaches the recogniser, and its words the script', {
    skip: skipWithout('sipp'),
  }, async (context) => {
    const recognition = await startRecognitionServer(context, WORDS);
    const site = await startSite(
      context,
      (status_url) => [{ prompt: { play: 'ring:60:us', speech_end_timeout: 0.8, status_url } }],
      { args: ['--speech-recognition-url', recognition.url] },
    );
    const call = await placeCall(context, site.server, [invite(), answered(), awaitBye()], {
      say: [
        { kind: 'tone', frequencyHz: 0, durationMs: 500 },
        ...voiceUtterances(SAID, 500, 100),
        { kind: 'tone', frequencyHz: 0, durationMs: 3000 },
      ],
    });
    await assertScenarioHeld(call.sipp);
    await site.server.callsOver();
    await site.callbacks.waitFor(({ params }) => Object(params['result'])['type'] === 'speech');
    const events = site.callbacks.of('calling.call.collect').map(({ params }) => params['result']);
    assert.deepEqual(events, [
      { type: 'start_of_input' },
      { type: 'speech', params: { text: 'To the sales department.' } },
    ]);
    const [upload] = recognition.uploads;
    assert.ok(upload !== undefined && recognition.uploads.length === 1 && recognition.sessions.length === 0);
    const found = findTones(upload.wav, { frequencies: SAID }).map(({ frequencyHz }) => frequencyHz);
    assert.deepEqual(found, SAID);
  });

  test('SIPp: calling.collect tells what is understood while the caller speaks, over the realtime WebSocket', {
    skip: skipWithout('sipp'),
  }, async (context) => {
    const recognition = await startRecognitionServer(context, WORDS);
    const site = await startSite(
      context,
      (status_url) => [{ answer: {} }, { play: { url: 'silence:60', status_url } }],
      { args: ['--speech-recognition-url', recognition.url] },
    );
    const collecting = site.callbacks
      .waitFor(({ params }) => params['state'] === 'playing')
      .then(({ params }) =>
        site.server.command('calling.collect', String(params['call_id']), {
          speech: { end_silence_timeout: 0.8 },
          partial_results: true,
          status_url: site.callbacks.url(),
        }),
      );
    const call = await placeCall(context, site.server, [invite(), answered(), awaitBye()]);
    const answer = call.talker.prepare([
      { kind: 'tone', frequencyHz: 0, durationMs: 500 },
      ...voiceUtterances(SAID, 500, 100),
      { kind: 'tone', frequencyHz: 0, durationMs: 3000 },
    ]);
    await collecting;
    const talked = call.talker.talk(await call.sipp.media(), answer);
    const last = await site.callbacks.waitFor(({ params }) => params['final'] === true);
    await talked;
    const id = String(last.params['call_id']);
    await site.server.command('update', id, { id, status: 'completed' });
    await assertScenarioHeld(call.sipp);
    await site.server.callsOver();
    const results = site.callbacks
      .of('calling.call.collect')
      .map(({ params: { result, final } }) => ({ result, final }));
    const texts = results.map(({ result }) => (result as { params: { text: string } }).params.text);
    assert.ok(texts.length > 1, `no partial result: ${texts.join(', ')}`);
    for (const [index, text] of texts.entries()) {
      assert.ok(WORDS.join(' ').startsWith(text));
      assert.equal(results[index]!.final, index === texts.length - 1);
    }
    assert.equal(texts.at(-1), WORDS.join(' '));
    const [session] = recognition.sessions;
    assert.ok(session !== undefined && recognition.sessions.length === 1 && recognition.uploads.length === 0);
    const durationMs = session.audio.length / 24;
    const heard = { sampleRate: 24_000, channels: [session.audio], durationMs };
    const found = findTones(heard, { frequencies: SAID }).map(({ frequencyHz }) => frequencyHz);
    assert.deepEqual(found, SAID);
  });
});
