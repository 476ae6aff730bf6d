import type { CompressedCodec } from './decoding/messages.ts';

/** Bytes that are needed to tell the formats apart. */
export const SNIFF_BYTES = 36;

export interface AudioFormat {
  /** As people call it, e.g. `FLAC`. */
  readonly name: string;
  /** Which decoder reads it; undefined: it cannot be played. */
  readonly decoder: 'wav' | 'mp4' | 'aiff' | 'au' | CompressedCodec | undefined;
}

const MP3: AudioFormat = { name: 'MP3', decoder: 'mp3' };

type Test = (start: string) => boolean;

/** Tests of the first bytes, as latin1 text. The first that holds counts. */
const FORMATS: readonly (readonly [test: Test, format: AudioFormat])[] = [
  [riff('WAVE'), { name: 'WAV', decoder: 'wav' }],
  [at(0, 'ID3'), MP3],
  [isAdtsHeader, foreign('AAC')],
  [isMpegHeader, MP3],
  [ogg('OpusHead'), { name: 'Ogg Opus', decoder: 'opus' }],
  [ogg('\x01vorbis'), { name: 'Ogg Vorbis', decoder: 'vorbis' }],
  [ogg('\x7fFLAC'), { name: 'Ogg FLAC', decoder: 'flac' }],
  [at(0, 'OggS'), foreign('Ogg of another kind than Opus, Vorbis and FLAC')],
  [at(0, 'fLaC'), { name: 'FLAC', decoder: 'flac' }],
  [(start) => /^FORM.{4}AIF[FC]/s.test(start), { name: 'AIFF', decoder: 'aiff' }],
  [at(4, 'ftyp'), { name: 'MP4 (M4A)', decoder: 'mp4' }],
  [at(0, '\x1aE\xdf\xa3'), foreign('WebM')],
  [at(0, '.snd'), { name: 'AU', decoder: 'au' }],
  [at(0, '#!AMR'), foreign('AMR')],
  [at(0, 'caff'), foreign('CAF')],
  [at(0, '0&\xb2u'), foreign('WMA')],
  [at(0, 'MThd'), foreign('MIDI')],
  [riff('AVI '), foreign('AVI')],
  [at(0, '#EXTM3U'), foreign('a playlist (M3U)')],
  [at(0, '\x1f\x8b'), foreign('a gzip archive')],
  [at(0, 'PK\x03\x04'), foreign('a zip archive')],
  [(start) => /^\s*</.test(start), foreign('a web page or XML')],
  [(start) => /^\s*[{[]/.test(start), foreign('JSON')],
];

/** What there is to say to the author of an unplayable file. */
export const PLAYABLE_FORMATS =
  'WAV (PCM, floating point, µ-law or A-law), MP3, MP4 (AAC-LC), Ogg (Opus, Vorbis), FLAC, AIFF or AU';

/**
 * Tells the format by the first bytes of a file ({@link SNIFF_BYTES}, or all of a shorter one).
 * @returns undefined when they are of no known format
 */
export function sniffAudio(start: Uint8Array): AudioFormat | undefined {
  const text = Buffer.from(start.buffer, start.byteOffset, start.byteLength).toString('latin1');
  return FORMATS.find(([test]) => test(text))?.[1];
}

function foreign(name: string): AudioFormat {
  return { name, decoder: undefined };
}

function at(offset: number, magic: string): Test {
  return (start) => start.startsWith(magic, offset);
}

/** The first packet of an Ogg stream whose first page holds it alone, as all of these demand (RFC 3533 6). */
function ogg(magic: string): Test {
  return (start) => start.startsWith('OggS') && start.startsWith(magic, 28);
}

function riff(kind: string): Test {
  return (start) => /^(RIFF|RF64|BW64|RIFX)/.test(start) && start.startsWith(kind, 8);
}

/**
 * Eleven set bits, ISO/IEC 11172-3 2.4.2.3, and behind them no version, layer, bit rate or sampling frequency that
 * there is not: µ-law without a header has all bits set where it is silent.
 */
function isMpegHeader(start: string): boolean {
  const second = start.charCodeAt(1);
  const third = start.charCodeAt(2);
  const isSync = start.charCodeAt(0) === 0xff && second >= 0xe0;
  const hasKind = ((second >> 3) & 3) !== 1 && ((second >> 1) & 3) !== 0;
  return isSync && hasKind && third >> 4 !== 15 && ((third >> 2) & 3) !== 3;
}

/** Twelve set bits, a layer of 0, one of thirteen sampling frequencies (ISO/IEC 13818-7 6.2). */
function isAdtsHeader(start: string): boolean {
  const isSync = start.charCodeAt(0) === 0xff && (start.charCodeAt(1) & 0xf6) === 0xf0;
  return isSync && ((start.charCodeAt(2) >> 2) & 15) < 13;
}
