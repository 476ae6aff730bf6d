import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { silentLogger } from '../../log/logger.ts';
import { sine } from '../../media/test-signals.ts';
import { wavHeader } from '../../media/wav-format.ts';
import { closeAfterTests, closedPort, serve, text } from '../../net/http-fixtures.ts';
import { RealClock } from '../../time/real-clock.ts';
import { SpeechError } from '../errors.ts';
import type { SpeechProvider } from '../registry.ts';
import { createOpenAiProvider, type OpenAiOptions } from './openai-provider.ts';

closeAfterTests();
const opened: SpeechProvider[] = [];
after(() => Promise.all(opened.map(({ synthesizer }) => synthesizer.close())));

function provider(port: number, options: Partial<OpenAiOptions> = {}): SpeechProvider {
  const made = createOpenAiProvider({
    clock: new RealClock(),
    log: silentLogger,
    url: `http://127.0.0.1:${port}/v1/`,
    ...options,
  });
  opened.push(made);
  return made;
}

async function say(
  { synthesizer }: SpeechProvider,
  words: string,
  voice = 'openai.nova',
): Promise<Int16Array> {
  const samples: number[] = [];
  for await (const chunk of synthesizer.speak({ text: words, voice }, 8000)) samples.push(...chunk);
  return Int16Array.from(samples);
}

const failsWith =
  (pattern: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof SpeechError, String(error));
    assert.equal(error.code, 'provider_failed');
    assert.match(error.message, pattern);
    return true;
  };

const PCM = sine(24_000, 440, -12, 24_000);
const WAV = Buffer.concat([wavHeader({ sampleRate: 24_000, channels: 1 }), new Uint8Array(PCM.buffer)]);

describe('OpenAI-compatible speech', () => {
  it('asks for the text without tags, by voice and model, with the key, and resamples what comes', async () => {
    const seen: unknown[] = [];
    const port = await serve(async (request, response) => {
      seen.push(request.url, request.headers.authorization, JSON.parse(await text(request)));
      response.end(WAV);
    });
    const samples = await say(
      provider(port, { apiKey: 'k' }),
      '<speak>Hi <b>Ann</b></speak>',
      'openai.Nova:tts-1-hd',
    );
    assert.deepEqual(seen, [
      '/v1/audio/speech',
      'Bearer k',
      { model: 'tts-1-hd', voice: 'nova', input: 'Hi Ann', response_format: 'wav' },
    ]);
    assert.equal(samples.length, 8000);
    assert.ok(samples.some((sample) => sample > 5000));
  });

  it('delivers the beginning while the server still speaks', async () => {
    let finish: (() => void) | undefined;
    const port = await serve((_, response) => {
      response.write(WAV.subarray(0, 8044));
      finish = () => response.end(WAV.subarray(8044));
    });
    const speech = provider(port).synthesizer.speak({ text: 'x', voice: 'openai.nova' }, 8000);
    const chunks = speech[Symbol.asyncIterator]();
    const first = await chunks.next();
    assert.ok(first.value.length > 0);
    finish?.();
    let total: number = first.value.length;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next())
      total += next.value.length;
    assert.equal(total, 8000);
  });

  it('says what the server objects to, never the key', async () => {
    const port = await serve((_, response) => response.writeHead(401).end('{"error": "bad\n key"}'));
    await assert.rejects(
      say(provider(port, { apiKey: 's3cr3t' }), 'x'),
      failsWith(/"openai": http:.*answered 401: \{"error": "bad key"\}$/),
    );
    await assert.rejects(say(provider(await closedPort()), 'x'), failsWith(/no connection/));
    const html = await serve((_, response) => response.end('<html>not found</html>'));
    await assert.rejects(say(provider(html), 'x'), failsWith(/not a WAV file/));
  });

  it('takes a file without sound for no speech', async () => {
    for (const header of [
      wavHeader({ sampleRate: 24_000, channels: 1 }),
      wavHeader({ sampleRate: 24_000, channels: 1 }, 0),
    ]) {
      const port = await serve((_, response) => response.end(header));
      await assert.rejects(say(provider(port), 'x'), failsWith(/no samples/));
    }
  });

  it('names a voice as the server does, whatever its case in a document', async () => {
    const seen: unknown[] = [];
    const port = await serve(async (request, response) => {
      seen.push((JSON.parse(await text(request)) as { voice: unknown }).voice);
      response.end(WAV);
    });
    await say(provider(port), 'x', 'OpenAI.NOVA');
    await say(provider(port, { voices: ['AF_Bella'] }), 'x', 'openai.af_bella');
    assert.deepEqual(seen, ['nova', 'AF_Bella']);
  });

  it('follows no redirect, which could lead the key astray', async () => {
    const port = await serve((_, response) => response.writeHead(302, { location: '/other' }).end());
    await assert.rejects(say(provider(port), 'x'), failsWith(/redirects/));
  });

  it('asks nothing for nothing', async () => {
    assert.equal((await say(provider(await closedPort()), '  ')).length, 0);
  });

  it('knows the voices of OpenAI, or those it is told', () => {
    const standard = provider(1).catalog;
    assert.equal(standard.hasVoice('nova'), true);
    assert.equal(standard.hasVoice('af_bella'), false);
    const own = provider(1, {
      voices: ['AF_Bella'],
      defaultVoices: { female: 'af_bella', male: 'af_bella' },
    }).catalog;
    assert.equal(own.hasVoice('af_bella'), true);
    assert.equal(own.defaultVoices.male, 'af_bella');
    assert.equal(own.speaks('ja-JP'), true);
  });
});
