import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { silentLogger } from '../log/logger.ts';
import { sine } from '../media/test-signals.ts';
import { wavHeader } from '../media/wav-format.ts';
import { closeAfterTests, closedPort, serve, text } from '../net/http-fixtures.ts';
import { createSynthesizer, type SpeechService } from '../speech/registry.ts';
import type { SpeechRequest } from '../speech/synthesizer.ts';
import { RealClock } from '../time/real-clock.ts';
import { loadConfig } from './config.ts';
import { forgetSpeech, speechConfig } from './speech-providers.ts';

closeAfterTests();
const opened: SpeechService[] = [];
after(() => Promise.all(opened.map((service) => service.close())));

const PCM = sine(24_000, 440, -12, 24_000);
const WAV = Buffer.concat([wavHeader({ sampleRate: 24_000, channels: 1 }), new Uint8Array(PCM.buffer)]);

/** The synthesizer of a server with these settings, and what it warned of. */
function speaker(settings: Readonly<Record<string, string>>): { speech: SpeechService; warnings: string[] } {
  const env = { OPENSWML_SPEECH_SYNTHESIS_DISK_MB: '0', ...settings };
  const { config } = loadConfig({ cwd: '/nowhere', env });
  const warnings: string[] = [];
  const log = Object.assign(Object.create(silentLogger) as typeof silentLogger, {
    child: () => log,
    warn: (_: object, message: string) => warnings.push(message),
  });
  const dependencies = { clock: new RealClock(), log };
  const speech = createSynthesizer(speechConfig(config, dependencies));
  opened.push(speech);
  return { speech, warnings };
}

async function say(speech: SpeechService, request: SpeechRequest): Promise<number> {
  let length = 0;
  for await (const chunk of speech.speak(request, 8000)) length += chunk.length;
  return length;
}

interface Asked {
  readonly model: string;
  readonly voice: string;
  readonly authorization: string | undefined;
}

/** A server that speaks the protocol of OpenAI, and what it was asked. */
async function speechServer(): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const port = await serve(async (request, response) => {
    const { model, voice } = JSON.parse(await text(request)) as Asked;
    asked.push({ model, voice, authorization: request.headers.authorization });
    response.writeHead(200, { 'content-type': 'audio/wav' }).end(WAV);
  });
  return { url: `http://127.0.0.1:${port}/v1`, asked };
}

describe('the settings of speech', () => {
  test('name the server, its key, its model, its voices, and who speaks for voices of other engines', async () => {
    const server = await speechServer();
    const { speech, warnings } = speaker({
      OPENSWML_SPEECH_SYNTHESIS_URL: server.url,
      OPENSWML_SPEECH_SYNTHESIS_API_KEY: 'sk-12345678',
      OPENSWML_SPEECH_SYNTHESIS_MODEL: 'kokoro',
      OPENSWML_SPEECH_SYNTHESIS_VOICES: 'af_bella,am_adam',
      OPENSWML_SPEECH_SYNTHESIS_FEMALE_VOICE: 'af_bella',
      OPENSWML_SPEECH_SYNTHESIS_MALE_VOICE: 'am_adam',
      OPENSWML_SPEECH_SYNTHESIS_VOICE_MAP: 'amazon.Joanna=af_sky,azure.*=openai.am_adam:big',
    });
    let words = 0;
    for (const voice of [undefined, 'openai.am_adam', 'polly.Joanna', 'azure.de-DE-KatjaNeural']) {
      assert.equal(await say(speech, { text: `Hello ${words++}`, voice }), 8000);
    }
    const authorization = 'Bearer sk-12345678';
    assert.deepEqual(server.asked, [
      { model: 'kokoro', voice: 'af_bella', authorization },
      { model: 'kokoro', voice: 'am_adam', authorization },
      { model: 'kokoro', voice: 'af_sky', authorization },
      { model: 'big', voice: 'am_adam', authorization },
    ]);
    assert.deepEqual(warnings, []);
  });

  test('media.md 5.2: a voice that nobody has is spoken by the voice of its gender, with a warning', async () => {
    const server = await speechServer();
    const { speech, warnings } = speaker({ OPENSWML_SPEECH_SYNTHESIS_URL: server.url });
    assert.equal(await say(speech, { text: 'Hello', voice: 'amazon.Matthew:neural' }), 8000);
    assert.equal(server.asked[0]?.voice, 'onyx');
    assert.match(warnings[0] ?? '', /voice "amazon.Matthew:neural" needs the speech engine "amazon"/);
  });

  test('a speech server that is away is stood in for by the embedded voice: never silence', async () => {
    const { speech, warnings } = speaker({
      OPENSWML_SPEECH_SYNTHESIS_URL: `http://127.0.0.1:${await closedPort()}/v1`,
    });
    assert.ok((await say(speech, { text: 'Hello' })) > 2000);
    assert.match(warnings[0] ?? '', /the embedded voice stands in/);
  });

  test('without a server the embedded voice speaks, also for voices that are mapped to it', async () => {
    const { speech, warnings } = speaker({ OPENSWML_SPEECH_SYNTHESIS_VOICE_MAP: 'amazon.Matthew=rms' });
    assert.ok((await say(speech, { text: 'Hello', voice: 'amazon.Matthew' })) > 2000);
    assert.deepEqual(warnings, []);
  });

  test('what was spoken is kept in memory and on disk, where the settings leave room', async () => {
    const server = await speechServer();
    const folder = await mkdtemp(path.join(tmpdir(), 'openswml-speech-'));
    after(() => rm(folder, { recursive: true, force: true }));
    /** How often the server is asked for a text that is said twice, by a program that ends then. */
    const askedFor = async (cacheMb: string, diskMb: string): Promise<number> => {
      const asked = server.asked.length;
      const { speech } = speaker({
        OPENSWML_DATA_DIR: folder,
        OPENSWML_SPEECH_SYNTHESIS_URL: server.url,
        OPENSWML_SPEECH_SYNTHESIS_CACHE_MB: cacheMb,
        OPENSWML_SPEECH_SYNTHESIS_DISK_MB: diskMb,
      });
      for (let time = 0; time < 2; time++) assert.equal(await say(speech, { text: 'Hello' }), 8000);
      await speech.close();
      return server.asked.length - asked;
    };
    assert.equal(await askedFor('0', '0'), 2);
    assert.equal(await askedFor('64', '0'), 1);
    assert.deepEqual(await readdir(folder), []);
    assert.equal(await askedFor('64', '512'), 1);
    assert.equal(await askedFor('64', '512'), 0);
    assert.equal(await askedFor('0', '512'), 0);
    assert.equal(await askedFor('64', '0'), 1);

    const spoken = path.join(folder, 'cache', 'speech');
    const forget = async (diskMb: string): Promise<void> => {
      const env = { OPENSWML_DATA_DIR: folder, OPENSWML_SPEECH_SYNTHESIS_DISK_MB: diskMb };
      await forgetSpeech(loadConfig({ cwd: '/nowhere', env }).config, silentLogger);
    };
    await forget('1');
    assert.equal((await readdir(spoken)).length, 1);
    await forget('0');
    await assert.rejects(readdir(spoken), { code: 'ENOENT' });
    await forget('0');
  });

  test('a map that is none is refused, with what was expected', () => {
    assert.throws(
      () => speaker({ OPENSWML_SPEECH_SYNTHESIS_VOICE_MAP: 'amazon.Joanna' }),
      /expected two voices such as amazon\.Joanna=nova/,
    );
  });
});
