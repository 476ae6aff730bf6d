import { CODEC_RATES } from '../../mediaworker/codec-rates.ts';
import { packetTimeOf } from '../../mediaworker/codecs.ts';
import type { StreamCodec } from '../../mediaworker/protocol.ts';
import { LINEAR_RATES } from '../../mediaworker/stream-codecs.ts';

export interface StreamFormat {
  readonly codec: StreamCodec;
  /** Hz. */
  readonly sampleRate: number;
  readonly ptimeMs: number;
}

const NOTATION = /^(PCMU|PCMA|G722|OPUS|L16)((?:@\d{1,6}[hi])*)$/i;
const DEFAULT_LINEAR_RATE = 16_000;
const DEFAULT_PTIME_MS = 20;

/** How clients know the encodings (spec/media.md 7.1); those of G.711 A-law, G.722 and Opus by the same habit. */
export const ENCODINGS: Readonly<Record<StreamCodec, string>> = {
  PCMU: 'audio/x-mulaw',
  PCMA: 'audio/x-alaw',
  G722: 'audio/G722',
  OPUS: 'audio/opus',
  L16: 'audio/x-L16',
};

/**
 * Reads the codec of a stream with its modifiers: `@<rate>h`, `@<packet time>i` (spec/call-control.md 3.3).
 * @returns a text that says what is wrong, for what is none
 */
export function parseCodec(text: string): StreamFormat | string {
  const match = NOTATION.exec(text.trim());
  if (match === null) {
    return `"${text.slice(0, 40)}" is no codec of streams: expected PCMU, PCMA, G722, OPUS or L16, with @<rate>h and @<ms>i behind it if need be`;
  }
  const codec = match[1]!.toUpperCase() as StreamCodec;
  const own = codec === 'L16' ? DEFAULT_LINEAR_RATE : CODEC_RATES[codec].sampleRate;
  let sampleRate = own;
  let ptimeMs = DEFAULT_PTIME_MS;
  for (const [, value, unit] of match[2]!.matchAll(/@(\d+)([hi])/gi)) {
    if (unit!.toLowerCase() === 'h') sampleRate = Number(value);
    else ptimeMs = Number(value);
  }
  const rates = codec === 'L16' ? LINEAR_RATES : [own];
  if (!rates.includes(sampleRate)) {
    return `${codec} has no ${sampleRate} Hz in a stream: expected ${rates.join(', ')}`;
  }
  if (ptimeMs < 10 || ptimeMs > 120 || ptimeMs % 10 !== 0) {
    return `a packet of a stream cannot last ${ptimeMs} ms: expected 10, 20 … 120`;
  }
  return { codec, sampleRate, ptimeMs: codec === 'L16' ? ptimeMs : packetTimeOf(codec, ptimeMs) };
}
