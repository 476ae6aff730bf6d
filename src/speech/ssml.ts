import { SpeechError } from './errors.ts';

/** What is left of a marked-up text: words and pauses. */
export type MarkupPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'pause'; readonly ms: number };

/** SSML 1.1 elements (W3C), with the common vendor prefixes aside. Others are text unless it is SSML throughout. */
const ELEMENTS: ReadonlySet<string> = new Set(
  'speak break p s say-as sub emphasis prosody voice lang phoneme audio desc mark lexicon lookup token w meta metadata'.split(
    ' ',
  ),
);
/** Elements whose content is not for speaking. */
const SILENT: ReadonlySet<string> = new Set(['metadata', 'desc', 'lexicon']);
const SPELLED: ReadonlySet<string> = new Set(['characters', 'spell-out', 'digits', 'telephone', 'verbatim']);
/** Names of `<break strength>`; the lengths are ours, SSML leaves them open. */
const STRENGTH_MS: ReadonlyMap<string, number> = new Map([
  ['none', 0],
  ['x-weak', 100],
  ['weak', 200],
  ['medium', 400],
  ['strong', 700],
  ['x-strong', 1000],
]);
const DEFAULT_BREAK_MS = 400;
const MAX_PAUSE_MS = 10_000;
const MAX_ALL_PAUSES_MS = 60_000;

const TAG =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<!doctype[^<>]*>|<\?[^<>]*>|<(\/?)([a-z][\w:-]*)((?:\s[^<>]*?)?)(\/?)>/gi;
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

/**
 * Takes the tags out of a text: pauses stay as pauses, paragraphs and sentences as blank lines, `say-as` spells
 * out, `sub` speaks its alias; voice and prosody are dropped with their content kept.
 * @throws SpeechError `too_long` when the pauses add up to more than a minute
 */
export function parseMarkup(text: string): readonly MarkupPart[] {
  const isSsml = /^\s*(?:<\?xml[^>]*>\s*)?(?:<!doctype[^<>]*>\s*)?<speak[\s>]/i.test(text);
  const parts: MarkupPart[] = [];
  let words = '';
  let pauses = 0;
  let spell = 0;
  /** Name of the element whose content is being left out, with what is spoken in its place. */
  let skipping: string | undefined;
  const open: string[] = [];
  const add = (raw: string, literal = !isSsml): void => {
    if (skipping !== undefined) return;
    const plain = literal ? raw : decodeEntities(raw);
    words += spell > 0 ? spellOut(plain) : plain;
  };
  let end = 0;
  for (const match of text.matchAll(TAG)) {
    const [tag, characters, slash, name, attributes = '', selfClosing] = match;
    const element = name?.toLowerCase();
    if (!isSsml && (element === undefined || !ELEMENTS.has(element))) continue;
    add(text.slice(end, match.index));
    end = match.index + tag.length;
    if (characters !== undefined) add(characters, true);
    if (element === undefined) continue;
    const closes = slash === '/';
    if (element === skipping) {
      if (closes) skipping = undefined;
      continue;
    }
    if (skipping !== undefined) continue;
    if (element === 'break') {
      const ms = closes ? 0 : breakMs(attributes);
      pauses += ms;
      if (pauses > MAX_ALL_PAUSES_MS) {
        throw new SpeechError(
          'too_long',
          `the pauses of the text add up to more than ${MAX_ALL_PAUSES_MS / 1000} seconds; shorten them`,
        );
      }
      if (words !== '') parts.push({ kind: 'text', text: words });
      words = '';
      parts.push({ kind: 'pause', ms });
    } else if (element === 'p' || element === 's') {
      words += '\n\n';
    } else if (element === 'say-as' && selfClosing !== '/') {
      if (closes) spell -= open.pop() === 'spelled' ? 1 : 0;
      else {
        const spelled = SPELLED.has(attribute(attributes, 'interpret-as') ?? '');
        open.push(spelled ? 'spelled' : 'plain');
        spell += spelled ? 1 : 0;
      }
    } else if (!closes && selfClosing !== '/') {
      if (element === 'sub') words += ` ${decodeEntities(attribute(attributes, 'alias') ?? '')} `;
      const hidden =
        SILENT.has(element) || (element === 'sub' && attribute(attributes, 'alias') !== undefined);
      if (hidden) skipping = element;
    }
  }
  add(text.slice(end));
  if (words !== '') parts.push({ kind: 'text', text: words });
  return parts;
}

function breakMs(attributes: string): number {
  const time = /^(\d{0,6}(?:\.\d{0,6})?)(ms|s)$/i.exec(attribute(attributes, 'time') ?? '');
  if (time !== null && time[1] !== '') {
    const ms = Number(time[1]) * (time[2]?.toLowerCase() === 's' ? 1000 : 1);
    if (Number.isFinite(ms)) return Math.min(ms, MAX_PAUSE_MS);
  }
  return STRENGTH_MS.get(attribute(attributes, 'strength') ?? '') ?? DEFAULT_BREAK_MS;
}

function attribute(attributes: string, name: string): string | undefined {
  const match = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'i').exec(attributes);
  return match?.[1] ?? match?.[2];
}

function spellOut(text: string): string {
  return ` ${[...text].filter((char) => char.trim() !== '').join(' ')} `;
}

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,4}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES.get(name.toLowerCase()) ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ' ';
  });
}
