/** Languages, voices and fillers of `ai` (spec/ai.md A5). */
import * as s from '../../swml/schema.ts';

const TEXTS = s.array(s.string({ description: 'A text.', literal: true }), {
  description: 'Texts, one of which is taken.',
});

export const FILLER_MAP = s.record(TEXTS, {
  description: 'Texts by language code; `auto` is translated, `default` holds for the rest.',
});

export const PRONOUNCE = s.array(
  s.object(
    {
      replace: s.string({ description: 'What is written.', required: true }),
      with: s.string({ description: 'How it is spoken.', required: true }),
      ignore_case: s.boolean({
        description: 'Whether small and capital letters are the same.',
        default: true,
      }),
    },
    { description: 'A pronunciation.' },
  ),
  { description: 'How words are spoken.' },
);

const VOICE_PARAMS = s.object(
  {
    stability: s.number({ description: 'Evenness of the voice (elevenlabs).', default: 0.5, min: 0, max: 1 }),
    similarity: s.number({
      description: 'Likeness to the voice (elevenlabs).',
      default: 0.75,
      min: 0,
      max: 1,
    }),
    speakingRate: s.number({ description: 'Pace (inworld).', default: 1, min: 0.5, max: 1.5 }),
    temperature: s.number({ description: 'Variation (inworld).', default: 1, min: 0, max: 2 }),
    speed: s.number({ description: 'Pace (minimax).', default: 1, min: 0.5, max: 2 }),
    vol: s.number({ description: 'Loudness (minimax).', default: 1, min: 0.1, max: 1 }),
    pitch: s.integer({ description: 'Pitch (minimax).', default: 0, min: -12, max: 12 }),
    emotion: s.string({
      description: 'Emotion (minimax).',
      enum: ['happy', 'sad', 'angry', 'fearful', 'disgusted', 'surprised', 'neutral'],
    }),
  },
  { description: 'Settings of the voice; which hold depends on its engine.' },
);

const CODE = s.string({ description: 'A language code; `multi` switches by itself.' });

export const LANGUAGES = s.array(
  s.object(
    {
      name: s.string({ description: 'Name of the language, for the model.', required: true }),
      code: s.union([CODE, s.array(CODE, { description: 'Codes.', maxItems: 3 })], {
        description: 'Code or codes for recognition.',
        required: true,
      }),
      voice: s.string({ description: 'Voice, `engine.voice` with an optional `:model`.', required: true }),
      model: s.string({ description: 'Model of the voice.' }),
      listen_language: s.union([CODE, s.array(CODE, { description: 'Codes.' })], {
        description: 'Older name of `code`.',
        deprecated: true,
      }),
      speech_fillers: s.array(s.string({ description: 'A text.' }), {
        description: 'Spoken between turns of the model.',
      }),
      function_fillers: s.array(s.string({ description: 'A text.' }), {
        description: 'Spoken while a tool runs.',
      }),
      turn_fillers: s.array(s.string({ description: 'A text.' }), { description: 'Spoken while listening.' }),
      fillers: s.array(s.string({ description: 'A text.' }), {
        description: 'Older name of `function_fillers`.',
        deprecated: true,
      }),
      auto_emotion: s.boolean({ description: 'Whether emotion follows the words.', default: false }),
      auto_speed: s.boolean({ description: 'Whether the pace follows the words.', default: false }),
      engine: s.string({ description: 'Engine of the voice; name it in `voice`.', deprecated: true }),
      params: VOICE_PARAMS,
      pronounce: PRONOUNCE,
    },
    { description: 'A language.' },
  ),
  { description: 'Languages that the agent speaks.' },
);

export const MULTILINGUAL = s.object(
  {
    languages: s.array(
      s.object(
        {
          language: s.string({
            description: 'Code of the language; `default` is the one for all others.',
            required: true,
          }),
          voice: s.string({ description: 'Voice, `engine.voice` with an optional `:model`.' }),
          model: s.string({ description: 'Model of the voice.' }),
          engine: s.string({ description: 'Engine of the voice; name it in `voice`.', deprecated: true }),
          params: VOICE_PARAMS,
        },
        { description: 'A language.' },
      ),
      { description: 'Languages and their voices.', required: true },
    ),
    allowed: s.array(CODE, { description: 'Languages that the agent may switch to.', defaultText: 'any' }),
    engine: s.string({ description: 'Who recognises speech.', default: 'deepgram' }),
    model: s.string({ description: 'Model of the recognition.', default: 'nova-3' }),
    provider: s.string({ description: 'Provider of the recognition.' }),
    start_language: s.string({ description: 'Language to start with.', default: 'en' }),
    min_switch_words: s.integer({
      description: 'Words in another language that make the agent switch.',
      default: 2,
      min: 1,
    }),
    fillers: s.union([TEXTS, FILLER_MAP], { description: 'Spoken while the model thinks.' }),
    function_fillers: s.union([TEXTS, FILLER_MAP], { description: 'Spoken while a tool runs.' }),
    turn_fillers: s.union([TEXTS, FILLER_MAP], { description: 'Spoken or played while listening.' }),
  },
  { description: 'Follows the language of the caller turn by turn; in the place of `languages`.' },
);
