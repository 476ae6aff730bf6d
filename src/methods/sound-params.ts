/** Playable sounds and voices, as `play` and `prompt` take them (spec/media.md 2, 3). */
import type { PlayableSound } from '../call/leg.ts';
import { SoundError } from '../call/sounds/errors.ts';
import { parseSound } from '../call/sounds/parse-sound.ts';
import * as s from '../swml/schema.ts';
import type { ScriptVariables } from './context.ts';

export const SPEECH_PROPERTIES = {
  say_voice: s.string({
    description: 'Voice of `say:` sounds, `engine.voice` with an optional `:model`.',
    defaultText: 'variable `say_voice`, else the voice of the server',
    examples: ['amazon.Joanna:neural'],
  }),
  say_language: s.string({
    description: 'Language of `say:` sounds, BCP 47.',
    defaultText: 'variable `say_language`, else `en-US`',
  }),
  say_gender: s.string({
    description: 'Gender of the voice, where no voice is named.',
    defaultText: 'variable `say_gender`, else `female`',
    suggested: ['male', 'female'],
  }),
} as const;

export function soundSchema<const O extends s.SchemaInfo>(options: O) {
  return s.string({
    ...options,
    check: soundFault,
    jsonSchema: { pattern: '^(?:https?://|say:|silence:|ring:)' },
    allowed: 'a URL, "say:<text>", "silence:<seconds>", "ring:<country>" or "ring:<seconds>:<country>"',
  });
}

/** What was expected, when the text is no sound. */
function soundFault(text: string): string | undefined {
  try {
    parseSound(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof SoundError)) throw error;
    return `a sound (${error.message})`;
  }
}

interface Voice {
  readonly say_voice?: string;
  readonly say_language?: string;
  readonly say_gender?: string;
}

const DEFAULT_LANGUAGE = 'en-US';

/** The sounds of a step; for speech: property, then variable, then default, the voice being the provider's own. */
export function soundsOf(texts: readonly string[], own: Voice, vars: ScriptVariables): PlayableSound[] {
  const read = (name: keyof Voice): string | undefined => {
    // An empty property, as a variable gives that is not set, is none.
    const value = own[name] || vars.get(name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const voice = read('say_voice');
  const say = {
    ...(voice === undefined ? {} : { voice }),
    language: read('say_language') ?? DEFAULT_LANGUAGE,
    gender: read('say_gender')?.toLowerCase() === 'male' ? 'male' : 'female',
  } as const;
  return texts.map((text) => parseSound(text, say));
}
