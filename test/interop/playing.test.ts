/** What a caller hears of sounds that are fetched or spoken by others, on real calls. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, suite, type TestContext, test } from 'node:test';

import { writeToneWav } from '../support/audio-files.ts';
import type { ReceivedCallback } from '../support/callback-receiver.ts';
import { assertScenarioHeld, placeCall, startSite } from '../support/interop.ts';
import { callIdOf, type LiveSite, type MainSteps, openLiveSite } from '../support/live-site.ts';
import { onTime } from '../support/on-time.ts';
import { skipWithout } from '../support/programs.ts';
import type { Utterance } from '../support/rtp-talker.ts';
import { answered, awaitBye, invite, sessionProgress } from '../support/sipp-scenario.ts';
import { findTones } from '../support/tone-finder.ts';

const SKIP = { skip: skipWithout('sipp') };
const SILENT: Utterance = { kind: 'tone', frequencyHz: 0, durationMs: 4000 };

function toneWav(frequencyHz: number, durationMs: number): Buffer {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-playing-'));
  const file = path.join(folder, 'tone.wav');
  writeToneWav(file, [{ frequencyHz, durationMs }]);
  const bytes = readFileSync(file);
  rmSync(folder, { recursive: true });
  return bytes;
}

async function serve(context: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}

suite('Sounds of others', { concurrency: 4 }, () => {
  test(
    'A server of OpenAI’s protocol speaks to a caller, once for two plays of a text',
    SKIP,
    onTime(async (context) => {
      const asked: unknown[] = [];
      const url = await serve(context, async (request, response) => {
        assert.equal(`${request.method} ${request.url}`, 'POST /v1/audio/speech');
        assert.equal(request.headers.authorization, 'Bearer key-of-the-voice');
        asked.push(JSON.parse(await textOf(request)));
        response.writeHead(200, { 'content-type': 'audio/wav' }).end(toneWav(700, 600));
      });
      const say = { url: 'say:Welcome back', say_voice: 'openai.nova' };
      const site = await startSite(
        context,
        (status_url) => [{ play: { ...say, status_url } }, { play: 'silence:0.5' }, { play: say }],
        {
          args: ['--speech-synthesis-url', `${url}/v1`],
          env: { OPENSWML_SPEECH_SYNTHESIS_API_KEY: 'key-of-the-voice' },
        },
      );
      const call = await placeCall(context, site.server, [invite(), answered(), awaitBye()], {
        say: [SILENT],
      });
      await assertScenarioHeld(call.sipp);
      await site.server.callsOver();
      await site.callbacks.waitForState('finished');
      const tones = findTones(call.talker.heard(), { frequencies: [440, 700] });
      assert.ok(tones.length > 0 && tones.every(({ frequencyHz }) => frequencyHz === 700));
      const heardMs = tones.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
      assert.ok(Math.abs(heardMs - 1200) < 100, `${heardMs} ms of the voice`);
      assert.equal(asked.length, 1);
      const [{ input, voice }] = asked as [{ input: string; voice: string }];
      assert.deepEqual([input, voice], ['Welcome back', 'nova']);
      assert.deepEqual(site.callbacks.states('calling.call.play'), ['playing', 'finished']);
      assert.doesNotMatch(JSON.stringify(site.server.log), /key-of-the-voice/);
    }),
  );

  test(
    'What cannot be played is an error of its step, and the next one runs; credentials are sent, and told to nobody',
    SKIP,
    onTime(async (context) => {
      const good = toneWav(900, 500);
      const unauthorised: (string | undefined)[] = [];
      const base = await serve(context, (request, response) => {
        const { authorization } = request.headers;
        const expected = `Basic ${Buffer.from('ann:s3cret').toString('base64')}`;
        if (authorization !== expected) unauthorised.push(request.url);
        switch (request.url) {
          case '/good':
            response.writeHead(200, { 'content-type': 'audio/wav' }).end(good);
            return;
          case '/page':
            response.writeHead(200, { 'content-type': 'audio/wav' }).end('<html>Sign in</html>');
            return;
          case '/header':
            response.writeHead(200, { 'content-type': 'audio/wav' }).end(good.subarray(0, 30));
            return;
          case '/cut':
            response.writeHead(200, { 'content-length': good.length });
            response.write(good.subarray(0, good.length / 2), () => response.destroy());
            return;
          case '/stalled':
            response.writeHead(200, { 'content-length': good.length });
            response.write(good.subarray(0, 44));
            return;
          default:
            response.writeHead(404).end();
        }
      });
      const site = await startSite(context, (status_url) => {
        const of = (place: string): string => `${base.replace('//', '//ann:s3cret@')}/${place}`;
        const bad = [of('missing'), of('page'), of('header'), of('cut'), of('stalled#rt=300')];
        return [...bad, 'http://127.0.0.1:9/nobody', of('good')].map((url) => ({
          play: { urls: [url, 'silence:0.1'], status_url },
        }));
      });
      const call = await placeCall(context, site.server, [invite(), answered(), awaitBye()], {
        say: [SILENT],
      });
      await assertScenarioHeld(call.sipp);
      await site.server.callsOver();
      await site.callbacks.waitFor(() => site.callbacks.states('calling.call.play').length >= 14);
      const states = site.callbacks.states('calling.call.play');
      const failures = Array.from({ length: 6 }, () => ['playing', 'error']).flat();
      assert.deepEqual([...states].sort(), [...failures, 'playing', 'finished'].sort());
      const tones = findTones(call.talker.heard(), { frequencies: [440, 900] });
      const last = tones.at(-1);
      assert.ok(last?.frequencyHz === 900 && Math.abs(last.endMs - last.startMs - 500) < 40);
      assert.deepEqual(unauthorised, []);
      const told = JSON.stringify([site.server.log, site.callbacks.of('calling.call.play')]);
      assert.doesNotMatch(told, /s3cret/);
      for (const reason of [
        /answered 404/,
        /web page/,
        /shorter than a header|ends before/,
        /of the body|nothing more/,
      ])
        assert.match(told, reason);
    }),
  );
});

suite('Early media', () => {
  test(
    'SIPp: a sound that does not answer is heard by 183 before the call is answered; a loud one behind it, at 40 dB, is not clipped',
    SKIP,
    onTime(async (context) => {
      const base = await serve(context, (request, response) => {
        response.end(toneWav(request.url === '/early' ? 600 : 1200, 800));
      });
      const site = await startSite(context, () => [
        { play: { url: `${base}/early`, auto_answer: false } },
        { play: { url: `${base}/late`, volume: 40 } },
      ]);
      const steps = [invite(), sessionProgress(), answered(), awaitBye()];
      const call = await placeCall(context, site.server, steps, { say: [SILENT] });
      await assertScenarioHeld(call.sipp);
      const tones = findTones(call.talker.heard(), { frequencies: [600, 1200] });
      assert.deepEqual(
        tones.map(({ frequencyHz }) => frequencyHz),
        [600, 1200],
      );
      for (const { startMs, endMs } of tones)
        assert.ok(Math.abs(endMs - startMs - 800) < 40, `${endMs - startMs} ms`);
      const { startMs, levelDbfs } = tones[1]!;
      assert.ok(Math.abs(levelDbfs - -1) < 0.3, `${levelDbfs} dBFS`);
      const from = Math.round((startMs + 100) * 8);
      const loud = call.talker.heard().channels[0]!.subarray(from, from + 4800);
      const peak = loud.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
      const rms = Math.sqrt(loud.reduce((sum, sample) => sum + sample ** 2, 0) / loud.length);
      // Of a sine, by its shape, 1.41; of one that is clipped, nearly 1. The codec rounds by up to 3 %.
      assert.ok(
        peak <= 32768 * 10 ** (-1 / 20) * 1.03 && Math.abs(peak / rms - Math.SQRT2) < 0.06,
        `${peak}, ${rms}`,
      );
    }),
  );
});

suite('Who answered', { concurrency: 4 }, () => {
  /** A word: two harmonics of 150 to 190 Hz whose level moves, since one alone is the tone of a machine. */
  const word = (pitchHz: number, durationMs: number): Utterance[] => [
    {
      kind: 'tone',
      frequencyHz: 3 * pitchHz,
      besideHz: 8 * pitchHz,
      durationMs,
      levelDbfs: -18,
      voice: true,
    },
    { kind: 'tone', frequencyHz: 0, durationMs: 60 },
  ];
  const HELLO = [...word(150, 250), ...word(170, 300), { ...SILENT, durationMs: 2500 }];
  const GREETING = [150, 170, 160, 190, 155, 165, 180].flatMap((pitchHz) => word(pitchHz, 450));
  const BEEP: Utterance = { kind: 'tone', frequencyHz: 1000, durationMs: 600 };
  const FAX: Utterance = { kind: 'tone', frequencyHz: 2100, durationMs: 3000 };
  const QUIET: Utterance = { ...SILENT, durationMs: 500 };

  const PARTIES = [
    ['a person says hello', {}, [QUIET, ...HELLO], ['HUMAN', 'finished']],
    [
      'a machine greets and beeps',
      { detect_message_end: true },
      [QUIET, ...GREETING, BEEP, SILENT],
      ['MACHINE', 'finished beep'],
    ],
    ['a fax answers', {}, [QUIET, FAX], ['CED', 'finished']],
    ['nobody says anything', { initial_timeout: 1.5 }, [SILENT], ['UNKNOWN', 'finished']],
  ] as const satisfies readonly (readonly [string, object, readonly Utterance[], readonly string[]])[];
  const userOf = (name: string): string => name.replaceAll(' ', '-');

  let site: LiveSite;
  before(async () => {
    const documents = PARTIES.map(([name, params]): [string, MainSteps] => [
      userOf(name),
      (status_url) => [{ detect_machine: { ...params, status_url } }],
    ]);
    site = await openLiveSite(Object.fromEntries(documents));
  });
  after(() => site.close());

  for (const [name, , say, events] of PARTIES) {
    test(
      `SIPp: ${name}`,
      SKIP,
      onTime(async (context, suffix) => {
        const user = `${userOf(name)}${suffix}`;
        const steps = [invite(), answered(), awaitBye()];
        const call = await placeCall(context, site.server, steps, { say, user });
        await assertScenarioHeld(call.sipp);
        const callId = await callIdOf(site, user);
        const mine = ({ params }: ReceivedCallback): boolean => params['call_id'] === callId;
        await site.callbacks.waitFor((one) => mine(one) && JSON.stringify(one.params).includes('"finished"'));
        const detected = site.callbacks.of('calling.call.detect').filter(mine);
        const told = detected.map(({ params: { detect } }) => {
          const { event, beep } = (detect as { params: { event: string; beep?: boolean } }).params;
          return beep === true ? `${event} beep` : event;
        });
        assert.deepEqual(told, events);
      }),
    );
  }
});
