/** A prompt that listens, on a real call, with a server of its own that speaks OpenAI's protocol. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite, type TestContext, test } from 'node:test';

import { parseWav, type Wav } from '../support/audio-files.ts';
import { assertScenarioHeld, placeCall, startSite, voiceUtterances } from '../support/interop.ts';
import { skipWithout } from '../support/programs.ts';
import { answered, awaitBye, invite } from '../support/sipp-scenario.ts';
import { findTones } from '../support/tone-finder.ts';

const SAID = [450, 600, 800];

/** Takes every utterance for the same words. */
async function recognitionServer(context: TestContext): Promise<{ url: string; heard: Wav[] }> {
  const heard: Wav[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const headers = { 'content-type': request.headers['content-type'] ?? '' };
    const form = await new Response(Buffer.concat(pieces), { headers }).formData();
    heard.push(parseWav(Buffer.from(await (form.get('file') as File).arrayBuffer())));
    response.end(JSON.stringify({ text: 'To the sales department.' }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, heard };
}

suite('Speech for a prompt', () => {
  test('SIPp: what is said breaks a minute of ringing off, reaches the recogniser, and its words the script', {
    skip: skipWithout('sipp'),
  }, async (context) => {
    const recognition = await recognitionServer(context);
    const site = await startSite(
      context,
      (status_url) => [{ prompt: { play: 'ring:60:us', speech_end_timeout: 0.8, status_url } }],
      { args: ['--speech-recognition-url', recognition.url] },
    );
    const call = await placeCall(context, site.server, [invite(), answered(), awaitBye(30_000)], {
      say: [
        { kind: 'tone', frequencyHz: 0, durationMs: 500 },
        ...voiceUtterances(SAID, 500, 100),
        { kind: 'tone', frequencyHz: 0, durationMs: 3000 },
      ],
    });
    await assertScenarioHeld(call.sipp);
    await site.server.callsOver();
    const events = site.callbacks.of('calling.call.collect').map(({ params }) => params['result']);
    assert.deepEqual(events, [
      { type: 'start_of_input' },
      { type: 'speech', params: { text: 'To the sales department.' } },
    ]);
    const [utterance] = recognition.heard;
    assert.ok(utterance !== undefined && recognition.heard.length === 1);
    const found = findTones(utterance, { frequencies: SAID }).map(({ frequencyHz }) => frequencyHz);
    assert.deepEqual(found, SAID);
  });
});
