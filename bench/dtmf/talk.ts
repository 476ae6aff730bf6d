/** Talk, by the hour, that no detector may take for keys. */
import type { Speaker } from '../voice/speakers.ts';

/** Common words, and some whose vowels are long: these come nearest to tones. */
const WORDS = (
  'time person year way day thing man world life hand part child eye woman place work week case point ' +
  'government company number group problem fact be have do say get make go know take see come think look ' +
  'want give use find tell ask seem feel try leave call good new first last long great little own other old ' +
  'right big high different small large next early young important few public bad same able one two three ' +
  'four five six seven eight nine zero oh yes no hello please thanks moon loop rule memory area alone'
).split(' ');

const ESPEAK_VOICES = [
  'en-us',
  'en-us+f1',
  'en-us+f2',
  'en-us+f3',
  'en-us+f4',
  'en-us+f5',
  'en-us+m1',
  'en-us+m2',
  'en-us+m3',
  'en-us+m7',
  'en-us+croak',
  'en-us+klatt2',
  'en-gb',
  'en-gb-scotland',
  'de',
  'fr',
  'es',
  'it',
  'pt',
  'nl',
  'sv',
  'pl',
  'fi',
  'cs',
  'tr',
];

export const TALKERS: readonly Speaker[] = [
  ...['rms', 'slt', 'awb', 'kal16'].map((voice): Speaker => ({ engine: 'flite', voice })),
  ...ESPEAK_VOICES.map((voice): Speaker => ({ engine: 'espeak', voice })),
];

/** A run of words that means nothing. */
export function randomTalk(random: () => number, words = 25): string {
  return `${Array.from({ length: words }, () => WORDS[Math.floor(random() * WORDS.length)]!).join(' ')}.`;
}
