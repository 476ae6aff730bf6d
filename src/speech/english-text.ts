/** Letters of Latin alphabets that have no decomposition into a base letter and a mark. */
const LATIN: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  Æ: 'Ae',
  œ: 'oe',
  Œ: 'Oe',
  ø: 'o',
  Ø: 'O',
  đ: 'd',
  Đ: 'D',
  ð: 'd',
  Ð: 'D',
  þ: 'th',
  Þ: 'Th',
  ł: 'l',
  Ł: 'L',
  ı: 'i',
};

/** Signs that the voice would pass over or call by a name that callers do not use. */
const SIGNS: readonly (readonly [pattern: RegExp, spoken: string])[] = [
  [/[\u2018\u2019\u201a\u2032]/g, "'"],
  [/[\u201c\u201d\u201e\u00ab\u00bb\u2033]/g, '"'],
  [/\s*[\u2013\u2014\u2015]\s*/g, ', '],
  [/\u2026/g, '... '],
  [/[\u2022\u00b7]/g, ', '],
  [/\u2044/g, '/'],
  [/€\s?(\d[\d,.]*\d|\d)/g, '$1 euros'],
  [/£\s?(\d[\d,.]*\d|\d)/g, '$1 pounds'],
  [/¥\s?(\d[\d,.]*\d|\d)/g, '$1 yen'],
  [/(\d)\s?€/g, '$1 euros'],
  [/(\d)\s?£/g, '$1 pounds'],
  [/(\d)\s?¥/g, '$1 yen'],
  [/°\s?C\b/g, ' degrees Celsius'],
  [/°\s?F\b/g, ' degrees Fahrenheit'],
  [/°/g, ' degrees '],
  [/×/g, ' times '],
  [/÷/g, ' divided by '],
  [/&/g, ' and '],
  [/\+(?=\s?\d)/g, ' plus '],
  [/(?<=\s)\+(?=\s)/g, ' plus '],
  [/<=/g, ' at most '],
  [/>=/g, ' at least '],
  [/</g, ' less than '],
  [/>/g, ' greater than '],
  // As the keys of a telephone are called.
  [/#(?=\d)/g, ' number '],
  [/#/g, ' pound '],
  [/\*/g, ' star '],
  [/[|~^`]/g, ' '],
];

/** Digits in a row from here on are a number to dial or to note, not a quantity. */
const LONG_NUMBER = /(?<![\d.,$])\d{7,}(?!\d|[.,]\d)/g;
const EMAIL = /[\w.+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}/gi;
const WEB = /(?:https?:\/\/|\bwww\.)[^\s<>"']{1,200}/gi;
const DOMAIN =
  /\b[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,4}\.(?:com|org|net|io|edu|gov|info|dev|app|co|ai)\b/gi;

/**
 * Brings a text into the ASCII that the embedded English voice pronounces as a person would: letters without
 * marks, signs as words, long numbers digit by digit, addresses with "at" and "dot". What has no English
 * reading is left out.
 */
export function toSpokenEnglish(text: string): string {
  let spoken = text.normalize('NFKC');
  spoken = spoken.replace(EMAIL, spellAddress).replace(WEB, spellAddress).replace(DOMAIN, spellAddress);
  for (const [pattern, replacement] of SIGNS) spoken = spoken.replace(pattern, replacement);
  return foldLatin(spoken.replace(LONG_NUMBER, spellDigits)).replace(/[^\n\x20-\x7e]/g, ' ');
}

/**
 * Share of the letters and digits of a plain text, 0 to 1, that {@link toSpokenEnglish} has a reading for;
 * 1 without any.
 */
export function speakableShare(text: string): number {
  const all = text.normalize('NFKC').match(/[\p{L}\p{N}]/gu) ?? [];
  if (all.length === 0) return 1;
  return all.filter((char) => /^[a-z0-9]/i.test(foldLatin(char))).length / all.length;
}

function foldLatin(text: string): string {
  return text
    .replace(/[^\p{ASCII}]/gu, (char) => LATIN[char] ?? char)
    .normalize('NFD')
    .replace(/\p{M}/gu, '');
}

function spellAddress(address: string): string {
  const [, body = '', ending = ''] = /^(.*?)([.,;:!?)]*)$/s.exec(address) ?? [];
  const words = body
    .replace(/^https?:\/\//i, '')
    .replace(/\/$/, '')
    .replaceAll('@', ' at ')
    .replaceAll('.', ' dot ')
    .replaceAll('/', ' slash ')
    .replaceAll('-', ' dash ')
    .replaceAll('_', ' underscore ')
    .replaceAll('+', ' plus ');
  return `${words}${ending}`;
}

/** Digit by digit, grouped as such numbers are said in North America, else by threes. */
function spellDigits(digits: string): string {
  const groups: string[] = [];
  const tail = digits.length === 7 || digits.length === 10 || digits.length === 11 ? 4 : 3;
  let end = digits.length;
  for (let size = tail; end > 0; size = 3) {
    groups.unshift(digits.slice(Math.max(0, end - size), end));
    end -= size;
  }
  return ` ${groups.map((group) => [...group].join(' ')).join(', ')}`;
}
