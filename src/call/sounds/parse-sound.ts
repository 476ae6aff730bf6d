import { redactUrl } from '../../log/redact.ts';
import { RING_CADENCES } from '../../media/ring-cadences.ts';
import type { PlayableSound } from '../leg.ts';
import { SoundError } from './errors.ts';

/** `say_voice`, `say_language` and `say_gender`, as they hold for the `say:` items of one method. */
export interface SayOptions {
  readonly voice?: string;
  readonly language?: string;
  readonly gender?: 'male' | 'female';
}

const EXPECTED =
  'expected http://…, https://…, say:<text>, silence:<seconds>, ring:<country> or ring:<seconds>:<country>';
/** A day: longer than any call may last. */
const MAX_SECONDS = 86_400;

/**
 * Reads a playable sound (spec/media.md 2):
 *
 *     http://… | https://… | say:[ ]<text> | silence:[ ]<seconds> | ring:[ ][<seconds>:[ ]]<country>
 *
 * @param say goes into `say:` sounds
 * @throws SoundError `invalid_sound` saying what was found and what was expected
 */
export function parseSound(text: string, say: SayOptions = {}): PlayableSound {
  const colon = text.indexOf(':');
  const scheme = text.slice(0, Math.max(0, colon));
  const rest = text.slice(colon + 1);
  const argument = rest.startsWith(' ') ? rest.slice(1) : rest;
  switch (scheme) {
    case 'http':
    case 'https':
      if (URL.parse(text.trim()) === null || !rest.startsWith('//')) {
        throw invalid(text, `it is not a valid ${scheme} URL`);
      }
      return { kind: 'url', url: text.trim() };
    case 'say':
      return { kind: 'say', text: argument, ...say };
    case 'silence':
      return { kind: 'silence', seconds: parseSeconds(text, argument) };
    case 'ring':
      return parseRing(text, argument);
    default:
      throw invalid(text, EXPECTED);
  }
}

function parseRing(text: string, argument: string): PlayableSound {
  const colon = argument.indexOf(':');
  const duration = colon < 0 ? undefined : argument.slice(0, colon);
  const name = colon < 0 ? argument : argument.slice(colon + 1).replace(/^ /, '');
  const country = name.trim().toLowerCase();
  if (!RING_CADENCES.has(country)) {
    const known = [...RING_CADENCES.keys()].join(' ');
    throw invalid(text, `there is no ringing tone of "${excerpt(name)}"; there are: ${known}`);
  }
  if (duration === undefined) return { kind: 'ring', country };
  return { kind: 'ring', country, seconds: parseSeconds(text, duration) };
}

function parseSeconds(text: string, number: string): number {
  const seconds = /^(\d+(\.\d*)?|\.\d+)$/.test(number.trim()) ? Number(number) : Number.NaN;
  if (Number.isNaN(seconds)) {
    throw invalid(text, `"${excerpt(number)}" is not a number of seconds, such as 2 or 0.5`);
  }
  if (seconds > MAX_SECONDS) throw invalid(text, `at most ${MAX_SECONDS} seconds are possible`);
  return seconds;
}

function invalid(text: string, reason: string): SoundError {
  return new SoundError('invalid_sound', `"${excerpt(redactUrl(text))}" cannot be played: ${reason}`);
}

function excerpt(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
