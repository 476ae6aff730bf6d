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
  // A dash right in front of a number, with a blank before it, is its minus.
  [/(?<=^|[\s(])\u2013(?=\d)/g, ' minus '],
  [/\s*[\u2013\u2014\u2015]\s*/g, ', '],
  [/\u2026/g, '... '],
  [/[\u2022\u00b7]/g, ', '],
  [/\u2044/g, '/'],
  [/(\d)\s?¢/g, '$1 cents'],
  [/\u2212/g, ' minus '],
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

/** Currencies whose signs the voice does not know. */
const CURRENCIES: ReadonlyMap<string, string> = new Map([
  ['€', 'euros'],
  ['£', 'pounds'],
  ['¥', 'yen'],
  ['₹', 'rupees'],
  ['₩', 'won'],
  ['₽', 'rubles'],
  ['₺', 'lira'],
  ['₪', 'shekels'],
  ['₱', 'pesos'],
  ['₦', 'naira'],
  ['₫', 'dong'],
  ['฿', 'baht'],
]);
const CURRENCY = `[${[...CURRENCIES.keys()].join('')}]`;
const AMOUNT = '(\\d[\\d,.]*\\d|\\d)';
const MULTIPLE = '(?:(?:\\s(hundred|thousand|million|billion|trillion)|(k|mn?|bn?))(?!\\w))?';
/**
 * A sign with its amount behind it, what that is multiplied with, and whether a letter follows. In `5€ 3` and
 * `5 € 3` the sign belongs to the 5, in `5 €3` to the 3.
 */
const PRICE = new RegExp(`(?<!\\d)(${CURRENCY})(?:(?<!\\d\\s.)\\s)?${AMOUNT}${MULTIPLE}(?=(\\w?))`, 'gi');
const PRICE_BEFORE = new RegExp(`(\\d)\\s?(${CURRENCY})(?=(\\w?))`, 'g');
/** An amount of so many digits is none to note: with commas, it is read as a quantity. */
const LONG_AMOUNT = new RegExp(`(?<![\\d.,$])\\d{7,}(?= (?:${[...CURRENCIES.values()].join('|')})\\b)`, 'g');
const MULTIPLES: Readonly<Record<string, string>> = {
  k: 'thousand',
  m: 'million',
  mn: 'million',
  b: 'billion',
  bn: 'billion',
};

/** Of a number, or of a unit of length. */
const POWER = /(?<=\d|(?<![a-z])(?:[cdkm]?m|ft|in|mi|yd))[²³]/gi;

/** Numbers to dial: in the groups of North America, or of any country behind a plus sign. */
const DIALLED = /(?<![\w.,$/-])(?:1[-. ])?(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}(?![\w/]|[-.,]\d)/g;
const DIALLED_ABROAD = /\+\d{1,3}(?:[-. ]\(?\d{1,9}\)?){2,6}(?!\w|[-.,]\d)/g;
/** Fewer digits are no number to dial. */
const MIN_DIALLED = 7;
/** Digits in a row from here on are a number to dial or to note, not a quantity. */
const LONG_NUMBER = /(?<![\d.,$])\d{7,}(?!\d|[.,]\d)/g;
const EMAIL = /[\w.+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}/gi;
const WEB = /(?:https?:\/\/|\bwww\.)[^\s<>"']{1,200}/gi;
const DOMAIN =
  /\b[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,4}\.(?:com|org|net|io|edu|gov|info|dev|app|co|ai)(?:\.[a-z]{2})?\b/gi;

/**
 * Brings a text into the ASCII that the embedded English voice pronounces as a person would: letters without
 * marks, signs as words, long numbers digit by digit, addresses with "at" and "dot". What has no English
 * reading is left out.
 */
export function toSpokenEnglish(text: string): string {
  // What normal form makes of 2½ is 21/2, and of 10² 102.
  let spoken = text
    .replace(/(\d)\s?(?=[¼½¾⅐-⅞])/g, '$1 and ')
    .replace(POWER, (power) => (power === '²' ? ' squared' : ' cubed'))
    .normalize('NFKC')
    .replace(/[\u2010\u2012]/g, '-');
  spoken = spoken.replace(EMAIL, spellAddress).replace(WEB, spellAddress).replace(DOMAIN, spellAddress);
  spoken = spoken.replace(DIALLED_ABROAD, spellGroups).replace(DIALLED, spellGroups);
  spoken = spoken
    .replace(PRICE, (_, sign: string, amount: string, word?: string, letters?: string, next?: string) => {
      const multiple = word ?? MULTIPLES[letters?.toLowerCase() ?? ''];
      return price(multiple === undefined ? amount : `${amount} ${multiple}`, sign, next);
    })
    .replace(PRICE_BEFORE, (_, digit: string, sign: string, next?: string) => price(digit, sign, next))
    .replace(LONG_AMOUNT, (digits) => digits.replace(/\B(?=(?:\d{3})+$)/g, ','));
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

/** The groups of a number to dial, digit by digit. */
function spellGroups(number: string): string {
  const groups: readonly string[] = number.match(/\d+/g) ?? [];
  if (groups.join('').length < MIN_DIALLED) return number;
  const spoken = groups.map((group) => (group.length > 4 ? spellDigits(group).trim() : [...group].join(' ')));
  return ` ${number.startsWith('+') ? 'plus ' : ''}${spoken.join(', ')}`;
}

/** @param next the letter or digit behind it, if there is one */
function price(amount: string, sign: string, next = ''): string {
  return `${amount} ${CURRENCIES.get(sign) ?? ''}${next === '' ? '' : ' '}`;
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
