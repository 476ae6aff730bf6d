import type { SpeechRequest } from './synthesizer.ts';

/** A voice string of the language, taken apart (spec/media.md 5.1). */
export interface VoiceName {
  /** Lower case; undefined for a bare voice id. */
  readonly engine: string | undefined;
  /** As written, for providers that care; compare without case. */
  readonly voice: string;
  readonly model: string | undefined;
  /** BCP 47, when the string holds it. */
  readonly language: string | undefined;
}

export type Gender = 'female' | 'male';

/** What the choice of a voice needs to know of an engine. */
export interface VoiceCatalog {
  /** Whether it has this voice (lower case). */
  hasVoice(voice: string): boolean;
  /** Whether it speaks this language (BCP 47). */
  speaks(language: string): boolean;
  readonly defaultVoices: Readonly<Record<Gender, string>>;
}

export interface ResolvedVoice {
  readonly engine: string;
  readonly voice: string;
  readonly model: string | undefined;
  readonly language: string;
  readonly gender: Gender;
  /** What the author should know: why another voice speaks than the one that was asked for, and the cure. */
  readonly warning: string | undefined;
}

/** The language's own default, which stands for "no voice given" wherever its engine is absent. */
export const DEFAULT_VOICE = 'polly.salli';
export const DEFAULT_LANGUAGE = 'en-US';

const ALIASES: ReadonlyMap<string, string> = new Map([['polly', 'amazon']]);
/** Engines whose voice codes begin with their language. */
const LANGUAGE_IN_VOICE: ReadonlySet<string> = new Set(['azure', 'gcloud']);
/** Keywords of old documents that name no voice. */
const GENDER_WORDS: ReadonlyMap<string, Gender> = new Map([
  ['woman', 'female'],
  ['female', 'female'],
  ['man', 'male'],
  ['male', 'male'],
]);
/** Voices known to be male, so that the one that stands in for them is male too; all others count as female. */
const MALE_VOICES: ReadonlySet<string> = new Set(
  (
    'matthew joey justin kevin brian russell stephen gregory arthur geraint ricardo enrique miguel andres pedro ' +
    'mathieu remi liam hans daniel giorgio adriano takumi jacek jan cristiano thiago karl maxim mads ruben ' +
    'ash ballad cedar echo fable onyx verse rex leo sal austin josh adam antoni arnold sam ' +
    'aura-orion-en aura-arcas-en aura-perseus-en ' +
    'aura-angus-en aura-orpheus-en aura-helios-en aura-zeus-en en-us-guyneural en-us-andrewneural ' +
    'en-us-brianneural en-us-christopherneural en-us-ericneural en-us-davisneural en-us-jasonneural ' +
    'en-us-tonyneural en-gb-ryanneural'
  ).split(' '),
);

/** Reads `engine.voice[:model[:language]]`, without regard to case in the engine. Never fails: a bare text is a voice id. */
export function parseVoice(text: string): VoiceName {
  const trimmed = text.trim();
  const dot = trimmed.indexOf('.');
  const code = dot > 0 ? trimmed.slice(0, dot).toLowerCase() : undefined;
  const engine = code === undefined ? undefined : (ALIASES.get(code) ?? code);
  const [voice = '', first, second] = (dot > 0 ? trimmed.slice(dot + 1) : trimmed).split(':');
  // `amazon.Joanna:en-US` leaves the model out (5.1); a model name never looks like a language.
  const firstIsLanguage =
    first !== undefined && second === undefined && /^[a-z]{2,3}-[a-z]{2,4}$/i.test(first);
  const inVoice = LANGUAGE_IN_VOICE.has(engine ?? '')
    ? /^[a-z]{2,3}-[a-z]{2}(?=-)/i.exec(voice)?.[0]
    : undefined;
  return {
    engine,
    voice,
    model: firstIsLanguage || first === '' ? undefined : first,
    language: firstIsLanguage ? first : (second ?? inVoice),
  };
}

/**
 * Chooses engine and voice for a request: the one asked for if its engine is there, else the default engine's
 * voice of the same gender, with a warning. There is always a voice.
 * @param defaultEngine a key of `engines`
 */
export function resolveVoice(
  request: SpeechRequest,
  engines: ReadonlyMap<string, VoiceCatalog>,
  defaultEngine: string,
): ResolvedVoice {
  const asked = request.voice?.trim() ?? '';
  const name = parseVoice(asked);
  const word = name.engine === undefined ? GENDER_WORDS.get(name.voice.toLowerCase()) : undefined;
  const isDefault =
    asked === '' || word !== undefined || (asked.toLowerCase() === DEFAULT_VOICE && !engines.has('amazon'));
  const gender = isDefault ? (word ?? request.gender ?? 'female') : genderOf(name.voice);
  const language = name.language ?? request.language ?? DEFAULT_LANGUAGE;
  const engine = isDefault
    ? defaultEngine
    : (name.engine ?? engineWith(name.voice, engines) ?? defaultEngine);
  const catalog = engines.get(engine);
  if (!isDefault && catalog?.hasVoice(name.voice.toLowerCase()) === true) {
    const warning = languageWarning(engine, catalog, language);
    return { engine, voice: name.voice, model: name.model, language, gender, warning };
  }
  const actual = catalog === undefined ? defaultEngine : engine;
  const fallback = engines.get(actual);
  if (fallback === undefined) throw new RangeError(`the default speech engine "${actual}" is not configured`);
  const voice = fallback.defaultVoices[gender];
  const warnings = [
    isDefault ? undefined : voiceWarning(asked, name.engine, catalog === undefined, `${actual}.${voice}`),
    languageWarning(actual, fallback, language),
  ].filter((warning) => warning !== undefined);
  return {
    engine: actual,
    voice,
    model: undefined,
    language,
    gender,
    warning: warnings.length === 0 ? undefined : warnings.join('; '),
  };
}

function genderOf(voice: string): Gender {
  return MALE_VOICES.has(voice.toLowerCase().replace(/-(neural|generative)$/, '')) ? 'male' : 'female';
}

function engineWith(voice: string, engines: ReadonlyMap<string, VoiceCatalog>): string | undefined {
  for (const [engine, catalog] of engines) if (catalog.hasVoice(voice.toLowerCase())) return engine;
  return undefined;
}

function voiceWarning(asked: string, engine: string | undefined, missing: boolean, spokenBy: string): string {
  if (!missing) return `there is no voice "${asked}", so ${spokenBy} speaks; name one that exists`;
  return (
    `voice "${asked}" needs the speech engine "${engine}", which is not configured, so ${spokenBy} speaks; ` +
    `configure a provider for "${engine}", or name the voice ${spokenBy}`
  );
}

function languageWarning(engine: string, catalog: VoiceCatalog, language: string): string | undefined {
  if (catalog.speaks(language)) return undefined;
  return (
    `the speech engine "${engine}" does not speak "${language}", so the text is read as if it were English; ` +
    'configure a provider for this language'
  );
}
