import { SpeechError } from './errors.ts';
import { parseMarkup } from './ssml.ts';

/** A sentence or clause to speak in one go, and the silence behind it. */
export interface SpeechSegment {
  /** Plain text, one line; empty for a pause alone. */
  readonly text: string;
  readonly pauseMs: number;
}

/** Longest utterance, characters without tags (spec/media.md 5.1 gives this figure for the usual engine). */
export const MAX_CHARACTERS = 3000;
/** With tags. */
const MAX_RAW_CHARACTERS = 30_000;
/** A longer sentence is cut at its clauses, so that the first sound comes soon. */
const MAX_SEGMENT = 140;
const MIN_CLAUSE = 30;

const SENTENCE_PAUSE_MS = 320;
const PARAGRAPH_PAUSE_MS = 550;
const CLAUSE_PAUSE_MS = 150;
const BREATH_MS = 40;

/** Words whose dot does not end a sentence. */
const ABBREVIATIONS: ReadonlySet<string> = new Set(
  (
    'dr mr mrs ms prof st ave blvd rd jr sr vs etc no nos dept ext approx inc ltd co corp tel vol est ' +
    'jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun a.m p.m e.g i.e u.s u.k'
  ).split(' '),
);

/** Text without its tags, as one line a paragraph; what engines that read plain text themselves get. */
export function plainText(text: string): string {
  checkLength(text);
  return parseMarkup(text)
    .map((part) => (part.kind === 'text' ? cleanWhitespace(part.text) : '\n\n'))
    .join(' ')
    .trim();
}

/**
 * Cuts an utterance, SSML or plain, into segments of at most {@link MAX_SEGMENT} characters.
 * @param prepare brings plain text into the form the engine reads
 * @throws SpeechError `too_long`
 */
export function segmentsOf(text: string, prepare: (text: string) => string): readonly SpeechSegment[] {
  checkLength(text);
  const segments: { text: string; pauseMs: number }[] = [];
  /** The pause behind the last segment was written in the text, so it stands in place of ours. */
  let explicit = false;
  for (const part of parseMarkup(text)) {
    if (part.kind === 'pause') {
      const last = segments.at(-1);
      if (last === undefined) segments.push({ text: '', pauseMs: part.ms });
      else last.pauseMs = explicit ? last.pauseMs + part.ms : part.ms;
      explicit = true;
      continue;
    }
    const before = segments.length;
    for (const paragraph of cleanWhitespace(prepare(cleanWhitespace(part.text))).split('\n\n')) {
      const sentences = sentencesOf(paragraph);
      for (const [index, sentence] of sentences.entries()) {
        const isLast = index === sentences.length - 1;
        segments.push(...clausesOf(sentence, isLast ? PARAGRAPH_PAUSE_MS : SENTENCE_PAUSE_MS));
      }
    }
    if (segments.length > before) explicit = false;
  }
  // Behind the last word the caller's own timing begins.
  const last = segments.at(-1);
  if (last !== undefined && !explicit) last.pauseMs = 0;
  return segments;
}

function checkLength(text: string): void {
  if (text.length > MAX_RAW_CHARACTERS) throw tooLong(text.length, MAX_RAW_CHARACTERS, ' with its tags');
  const spoken = parseMarkup(text).reduce(
    (sum, part) => sum + (part.kind === 'text' ? part.text.length : 0),
    0,
  );
  if (spoken > MAX_CHARACTERS) throw tooLong(spoken, MAX_CHARACTERS, '');
}

function tooLong(length: number, limit: number, what: string): SpeechError {
  return new SpeechError(
    'too_long',
    `the text to speak has ${length} characters${what}, at most ${limit} are allowed; say it in several parts`,
  );
}

/** Control characters become spaces, invisible marks vanish; blank lines stay as paragraph ends, single line ends are spaces. */
function cleanWhitespace(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/\p{Cf}/gu, '')
    .replace(/[^\S\n]|(?!\n)\p{Cc}/gu, ' ')
    .replace(/ *\n(?: *\n)+ */g, '\u0000')
    .replace(/[ \n]+/g, ' ')
    .replaceAll('\u0000', '\n\n')
    .trim();
}

function sentencesOf(paragraph: string): string[] {
  const sentences: string[] = [];
  let start = 0;
  for (const match of paragraph.matchAll(/[.!?]+["')\]]*\s+/g)) {
    const end = match.index + match[0].length;
    if (match[0].startsWith('.') && !endsSentence(paragraph, match.index, end)) continue;
    sentences.push(paragraph.slice(start, end).trim());
    start = end;
  }
  sentences.push(paragraph.slice(start).trim());
  return sentences.filter((sentence) => sentence !== '');
}

function endsSentence(text: string, dot: number, next: number): boolean {
  // A capital or a digit starts a sentence; after a small letter the dot was an abbreviation's.
  if (/[a-z]/.test(text.charAt(next))) return false;
  const word = /[\w.]{1,12}$/.exec(text.slice(Math.max(0, dot - 12), dot))?.[0] ?? '';
  return !(ABBREVIATIONS.has(word.toLowerCase()) || /^[A-Z]$/.test(word));
}

function clausesOf(sentence: string, pauseMs: number): { text: string; pauseMs: number }[] {
  const clauses: { text: string; pauseMs: number }[] = [];
  let rest = sentence;
  while (rest.length > MAX_SEGMENT) {
    const window = rest.slice(0, MAX_SEGMENT);
    const mark = lastMatchEnd(window, /[,;:](?=\s)/g);
    const space = window.lastIndexOf(' ');
    const [cut, pause] =
      mark >= MIN_CLAUSE
        ? [mark, CLAUSE_PAUSE_MS]
        : space >= MIN_CLAUSE
          ? [space, BREATH_MS]
          : [MAX_SEGMENT, 0];
    clauses.push({ text: rest.slice(0, cut).trim(), pauseMs: pause });
    rest = rest.slice(cut).trim();
  }
  clauses.push({ text: rest, pauseMs });
  return clauses;
}

function lastMatchEnd(text: string, pattern: RegExp): number {
  let end = -1;
  for (const match of text.matchAll(pattern)) end = match.index + match[0].length;
  return end;
}
