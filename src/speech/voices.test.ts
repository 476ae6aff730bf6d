import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { SpeechRequest } from './synthesizer.ts';
import { parseVoice, type ResolvedVoice, resolveVoice, type VoiceCatalog } from './voices.ts';

const FLITE: VoiceCatalog = {
  hasVoice: (voice) => voice === 'slt' || voice === 'rms',
  speaks: (language) => language.startsWith('en'),
  defaultVoices: { female: 'slt', male: 'rms' },
};
const OPENAI: VoiceCatalog = {
  hasVoice: (voice) => ['nova', 'onyx'].includes(voice),
  speaks: () => true,
  defaultVoices: { female: 'nova', male: 'onyx' },
};

const resolve = (
  request: Omit<SpeechRequest, 'text'>,
  engines: Record<string, VoiceCatalog> = { flite: FLITE },
): ResolvedVoice => resolveVoice({ text: 'x', ...request }, new Map(Object.entries(engines)), 'flite');

describe('voice strings', () => {
  for (const [text, engine, voice, model, language] of [
    ['amazon.Joanna', 'amazon', 'Joanna', undefined, undefined],
    ['Polly.Salli', 'amazon', 'Salli', undefined, undefined],
    ['AMAZON.Joanna:neural:es-US', 'amazon', 'Joanna', 'neural', 'es-US'],
    ['amazon.Joanna:en-GB', 'amazon', 'Joanna', undefined, 'en-GB'],
    ['azure.en-US-AvaNeural', 'azure', 'en-US-AvaNeural', undefined, 'en-US'],
    ['gcloud.es-ES-Wavenet-A', 'gcloud', 'es-ES-Wavenet-A', undefined, 'es-ES'],
    ['elevenlabs.josh:eleven_flash_v2_5', 'elevenlabs', 'josh', 'eleven_flash_v2_5', undefined],
    ['rime.luna:arcana', 'rime', 'luna', 'arcana', undefined],
    ['minimax.English_(calm) v1.2:speech-02-hd', 'minimax', 'English_(calm) v1.2', 'speech-02-hd', undefined],
    [
      'groq-tts.autumn:canopylabs/orpheus-v1-english',
      'groq-tts',
      'autumn',
      'canopylabs/orpheus-v1-english',
      undefined,
    ],
    ['Joanna', undefined, 'Joanna', undefined, undefined],
    ['nova:tts-1-hd', undefined, 'nova', 'tts-1-hd', undefined],
    [' flite.slt ', 'flite', 'slt', undefined, undefined],
    ['.x', undefined, '.x', undefined, undefined],
    ['', undefined, '', undefined, undefined],
  ] as const) {
    it(`take "${text}" apart`, () => {
      assert.deepEqual(parseVoice(text), { engine, voice, model, language });
    });
  }
});

describe('choice of a voice', () => {
  it('takes the one asked for, in any case, with its model', () => {
    assert.deepEqual(resolve({ voice: 'FLITE.RMS' }), {
      engine: 'flite',
      voice: 'RMS',
      model: undefined,
      language: 'en-US',
      gender: 'female',
      warning: undefined,
    });
    const nova = resolve(
      { voice: 'OpenAI.Nova:tts-1-hd', language: 'de-DE' },
      { flite: FLITE, openai: OPENAI },
    );
    assert.deepEqual(
      [nova.engine, nova.voice, nova.model, nova.language, nova.warning],
      ['openai', 'Nova', 'tts-1-hd', 'de-DE', undefined],
    );
  });

  it('finds a bare voice id in whichever engine has it', () => {
    const found = resolve({ voice: 'onyx' }, { flite: FLITE, openai: OPENAI });
    assert.deepEqual([found.engine, found.voice, found.warning], ['openai', 'onyx', undefined]);
  });

  it('goes by gender when no voice is named, without a warning', () => {
    for (const [request, voice] of [
      [{}, 'slt'],
      [{ gender: 'male' }, 'rms'],
      [{ voice: '' }, 'slt'],
      [{ voice: 'Polly.Salli', gender: 'male' }, 'rms'],
      [{ voice: 'woman', gender: 'male' }, 'slt'],
      [{ voice: 'man' }, 'rms'],
    ] as const) {
      const resolved = resolve(request);
      assert.equal(resolved.voice, voice, JSON.stringify(request));
      assert.equal(resolved.warning, undefined);
    }
  });

  it('lets the default engine stand in for one that is not there, with the same gender and a cure', () => {
    const male = resolve({ voice: 'amazon.Matthew:neural' });
    assert.deepEqual([male.engine, male.voice, male.model], ['flite', 'rms', undefined]);
    assert.match(male.warning ?? '', /"amazon".*not configured.*flite\.rms.*configure a provider/);
    assert.equal(resolve({ voice: 'elevenlabs.josh' }).voice, 'rms');
    assert.equal(resolve({ voice: 'azure.en-US-AvaNeural' }).voice, 'slt');
    assert.equal(resolve({ voice: 'azure.en-US-GuyNeural' }).voice, 'rms');
    assert.equal(resolve({ voice: 'amazon.Filiz' }).voice, 'slt');
    assert.equal(resolve({ voice: 'openai.ash' }).voice, 'rms');
  });

  it("takes the engine's own default for a voice that it does not have", () => {
    const resolved = resolve({ voice: 'openai.bogus' }, { flite: FLITE, openai: OPENAI });
    assert.deepEqual([resolved.engine, resolved.voice], ['openai', 'nova']);
    assert.match(resolved.warning ?? '', /no voice "openai\.bogus"/);
    assert.match(resolve({ voice: 'bogus' }).warning ?? '', /no voice "bogus"/);
  });

  it('warns when the engine does not speak the language, from the request or from the voice', () => {
    assert.match(
      resolve({ language: 'es-ES' }).warning ?? '',
      /does not speak "es-ES".*configure a provider/,
    );
    assert.match(
      resolve({ voice: 'azure.es-ES-ElviraNeural', language: 'en-US' }).warning ?? '',
      /does not speak "es-ES"/,
    );
    assert.match(resolve({ voice: 'flite.slt', language: 'fr' }).warning ?? '', /does not speak "fr"/);
    assert.equal(resolve({ language: 'en-GB' }).warning, undefined);
  });

  it('finds a voice for any string', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor.x')),
        fc.string(),
        (voice, language) => {
          const resolved = resolve({ voice, language });
          assert.equal(resolved.engine, 'flite');
          assert.ok(FLITE.hasVoice(resolved.voice.toLowerCase()));
        },
      ),
    );
  });
});
