import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { type Logger, silentLogger } from '../log/logger.ts';
import { RealClock } from '../time/real-clock.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { createOpenAiProvider } from './openai/openai-provider.ts';
import { createSynthesizer, type SpeechConfig, type SpeechProvider, type SpeechService } from './registry.ts';
import type { SpeechChunk, SpeechRequest } from './synthesizer.ts';

const opened: SpeechService[] = [];
after(() => Promise.all(opened.map((service) => service.close())));

function service(config: Partial<SpeechConfig> = {}): SpeechService {
  const made = createSynthesizer({ clock: new RealClock(), log: silentLogger, ...config });
  opened.push(made);
  return made;
}

/** An engine that "speaks" the length of the text, once a character, and remembers what it was asked. */
class CountingProvider implements SpeechProvider {
  readonly engine = 'counting';
  readonly asked: SpeechRequest[] = [];
  readonly catalog = {
    hasVoice: (voice: string): boolean => voice === 'one',
    speaks: (): boolean => true,
    defaultVoices: { female: 'one', male: 'one' },
  };
  readonly synthesizer = {
    name: 'counting',
    speak: (request: SpeechRequest, rate: number): AsyncGenerator<SpeechChunk> => this.#speak(request, rate),
    close: async (): Promise<void> => {},
  };

  async *#speak(request: SpeechRequest, rate: number): AsyncGenerator<SpeechChunk> {
    this.asked.push(request);
    for (const char of request.text) {
      await new Promise((resolve) => setImmediate(resolve));
      if (char === '!') throw new Error('no exclamations');
      yield Int16Array.of(char.charCodeAt(0), rate / 1000);
    }
  }
}

async function collect(chunks: AsyncIterable<SpeechChunk>): Promise<SpeechChunk[]> {
  const all: SpeechChunk[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

const flat = (chunks: readonly SpeechChunk[]): number[] => chunks.flatMap((chunk) => [...chunk]);

describe('speech registry', () => {
  it('sends a request to the engine of its voice, resolved', async () => {
    const provider = new CountingProvider();
    const speech = service({ providers: [provider] });
    await collect(speech.speak({ text: 'a', voice: 'Counting.One:m1:de-DE', gender: 'male' }, 8000));
    assert.deepEqual(provider.asked, [
      { text: 'a', voice: 'counting.One:m1', language: 'de-DE', gender: 'female' },
    ]);
  });

  it('gives an utterance that was spoken before as one shared chunk of the same bytes, without the engine', async () => {
    const provider = new CountingProvider();
    const speech = service({ providers: [provider], defaultEngine: 'counting' });
    const first = await collect(speech.speak({ text: 'abc' }, 8000));
    const second = await collect(speech.speak({ text: 'abc' }, 8000));
    assert.equal(first.length, 3);
    assert.equal(second.length, 1);
    assert.deepEqual(flat(second), flat(first));
    assert.ok(second[0]?.buffer instanceof SharedArrayBuffer);
    assert.equal(provider.asked.length, 1);
    await collect(speech.speak({ text: 'abc' }, 16_000));
    assert.equal(provider.asked.length, 2);
  });

  it('makes one synthesis serve requests that come at the same time', async () => {
    const provider = new CountingProvider();
    const speech = service({ providers: [provider], defaultEngine: 'counting' });
    const all = await Promise.all(
      Array.from({ length: 5 }, () => collect(speech.speak({ text: 'abc' }, 8000))),
    );
    assert.equal(provider.asked.length, 1);
    for (const chunks of all) assert.deepEqual(flat(chunks), flat(all[0] ?? []));
  });

  it('does not keep what failed or was given up', async () => {
    const provider = new CountingProvider();
    const speech = service({ providers: [provider], defaultEngine: 'counting' });
    for (let attempt = 1; attempt <= 2; attempt++) {
      await assert.rejects(collect(speech.speak({ text: 'a!' }, 8000)), /no exclamations/);
      assert.equal(provider.asked.length, attempt);
    }
    for await (const chunk of speech.speak({ text: 'long text' }, 8000)) {
      assert.equal(chunk[0], 'l'.charCodeAt(0));
      break;
    }
    assert.equal((await collect(speech.speak({ text: 'long text' }, 8000))).length, 9);
    assert.equal(provider.asked.length, 4);
  });

  it('lets the embedded voice stand in when an engine fails before its first sound, and tries it again next time', async () => {
    const provider = new CountingProvider();
    const speech = service({ providers: [provider], defaultEngine: 'counting' });
    for (let attempt = 1; attempt <= 2; attempt++) {
      const samples = flat(await collect(speech.speak({ text: '! Hello.' }, 8000)));
      assert.ok(samples.length > 2000);
      assert.equal(provider.asked.length, attempt);
    }
  });

  it('takes a text that is too long for any voice for no failure of the engine', async () => {
    const warnings: string[] = [];
    const log: Logger = { ...silentLogger, warn: (_, message) => warnings.push(message), child: () => log };
    const provider = createOpenAiProvider({
      clock: new RealClock(),
      log: silentLogger,
      url: 'http://127.0.0.1:9/v1',
    });
    const speech = service({ log, providers: [provider], defaultEngine: 'openai' });
    await assert.rejects(collect(speech.speak({ text: 'a'.repeat(3001) }, 8000)), { code: 'too_long' });
    assert.deepEqual(warnings, []);
  });

  it('finds on disk what an earlier process spoke', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'openswml-speech-'));
    const [before, later] = [new CountingProvider(), new CountingProvider()];
    const first = service({ providers: [before], defaultEngine: 'counting', disk: { folder } });
    const spoken = await collect(first.speak({ text: 'abc' }, 8000));
    await first.close();
    const second = service({ providers: [later], defaultEngine: 'counting', disk: { folder } });
    assert.deepEqual(flat(await collect(second.speak({ text: 'abc' }, 8000))), flat(spoken));
    assert.equal(later.asked.length, 0);
    await second.close();
    await rm(folder, { recursive: true });
  });

  it('speaks with the embedded voice when the engine is not there, and says so once', async () => {
    const warnings: string[] = [];
    const log: Logger = { ...silentLogger, warn: (_, message) => warnings.push(message), child: () => log };
    const speech = service({ log });
    for (const text of ['Hi.', 'Ho.']) {
      const samples = flat(await collect(speech.speak({ text, voice: 'amazon.Joanna' }, 8000)));
      assert.ok(samples.some((sample) => Math.abs(sample) > 1000));
    }
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /"amazon\.Joanna".*flite\.slt/);
    await collect(speech.speak({ text: 'Hola.', language: 'es-ES' }, 8000));
    assert.match(warnings[1] ?? '', /does not speak "es-ES"/);
    await collect(speech.speak({ text: '...' }, 8000));
    assert.match(warnings[2] ?? '', /nothing to speak in "\.\.\."/);
    await collect(speech.speak({ text: 'Hi.', voice: 'x'.repeat(100_000) }, 8000));
    assert.ok((warnings[3] ?? '').length <= 501);
    assert.equal(warnings.length, 4);
  });

  it('takes no virtual time, however long the real work takes', async () => {
    const clock = new VirtualClock();
    const speech = service({ clock });
    let ticks = 0;
    clock.every(20, () => ticks++);
    let ticksAtEnd = -1;
    const done = collect(speech.speak({ text: 'One sentence. And another one.' }, 8000)).then((chunks) => {
      ticksAtEnd = ticks;
      return chunks;
    });
    await clock.advance(1000);
    assert.equal(ticksAtEnd, 0);
    assert.equal(ticks, 50);
    assert.ok((await done).length > 1);
  });

  it('refuses a default engine that is not configured', () => {
    assert.throws(() => service({ defaultEngine: 'azure' }), /"azure" is not configured; there are: flite/);
  });

  it('rejects at once when the call is over', async () => {
    const speech = service();
    await assert.rejects(
      collect(speech.speak({ text: 'a' }, 8000, AbortSignal.abort(new Error('call over')))),
      /call over/,
    );
  });
});
