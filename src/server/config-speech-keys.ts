import { z } from 'zod';
import { key } from './config-key.ts';
import { oneOf, publicUrl, secret, voicePair, wholeNumber } from './config-values.ts';
import { STREAMING_MODES } from '../speech/openai/openai-transcriber.ts';

const name = z
  .string()
  .min(1, 'expected a name')
  .max(200, 'expected at most 200 characters')
  .regex(/^[^\s,]+$/, 'expected a name without spaces and commas');

/** The settings of speech: who speaks, and who understands. */
export const SPEECH_KEYS = {
  synthesis: {
    url: key({
      schema: publicUrl,
      kind: 'text',
      default: undefined,
      description:
        'Base URL of a speech server with the API of OpenAI (POST …/audio/speech); without it the embedded voice speaks.',
    }),
    api_key: key({
      schema: secret,
      kind: 'text',
      default: undefined,
      description: 'Key of the speech server, sent as Authorization: Bearer.',
      secret: true,
    }),
    model: key({
      schema: name,
      kind: 'text',
      default: 'tts-1',
      description: 'Model that speaks, unless a voice string names one.',
    }),
    voices: key({
      schema: z.array(name).max(1_000, 'expected at most 1000 voices'),
      kind: 'list',
      default: [],
      description: 'Voices that the speech server has; default: those of OpenAI.',
    }),
    female_voice: key({
      schema: name,
      kind: 'text',
      default: 'nova',
      description: 'Voice of the speech server where none is named, or none that there is.',
    }),
    male_voice: key({
      schema: name,
      kind: 'text',
      default: 'onyx',
      description: 'The same for male voices.',
    }),
    voice_map: key({
      schema: z.array(voicePair).max(1_000, 'expected at most 1000 entries'),
      kind: 'list',
      default: [],
      description:
        'Voices of documents and those that speak for them, such as amazon.Joanna=nova or azure.*=onyx.',
    }),
    cache_mb: key({
      schema: wholeNumber(0, 100_000),
      kind: 'number',
      default: 64,
      description: 'Memory for what was spoken, so that nothing is spoken twice, MB. 0: none.',
    }),
    disk_mb: key({
      schema: wholeNumber(0, 1_000_000),
      kind: 'number',
      default: 512,
      description: 'Disk for the same over a restart, in cache/speech of the data folder, MB. 0: none.',
    }),
  },
  recognition: {
    url: key({
      schema: publicUrl,
      kind: 'text',
      default: undefined,
      description:
        'Base URL of a server with the API of OpenAI (POST …/audio/transcriptions) that understands speech; without it prompts take keys alone.',
    }),
    api_key: key({
      schema: secret,
      kind: 'text',
      default: undefined,
      description: 'Key of that server, sent as Authorization: Bearer.',
      secret: true,
    }),
    model: key({
      schema: name,
      kind: 'text',
      default: 'whisper-1',
      description: 'Model that understands.',
    }),
    streaming: key({
      schema: oneOf(...STREAMING_MODES),
      kind: 'text',
      default: 'auto',
      description:
        'How results are streamed: realtime (WebSocket …/realtime, while somebody speaks), sse (events in answer to an utterance), off, or auto: the first of these that the server speaks, where partial results are asked for.',
    }),
  },
};
