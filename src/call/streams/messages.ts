/** The messages of a stream (spec/media.md 7.1): JSON texts with an `event`, whose counters are strings. */
import { ENCODINGS, type StreamFormat } from './codec-notation.ts';

export interface StreamIdentity {
  readonly streamSid: string;
  readonly accountSid: string;
  readonly callSid: string;
  readonly tracks: readonly Track[];
  readonly customParameters?: Readonly<Record<string, string>> | undefined;
  readonly format: StreamFormat;
  readonly twoWay: boolean;
}

/** `inbound`: what the party says; `outbound`: what it hears. */
export type Track = 'inbound' | 'outbound';

/** What the other side asks for. */
export type ServerMessage =
  | { readonly kind: 'media'; readonly payload: Uint8Array }
  | { readonly kind: 'mark'; readonly name: string }
  | { readonly kind: 'clear' }
  | { readonly kind: 'dtmf'; readonly digit: string }
  /** It cannot be used; `reason` is for people. */
  | { readonly kind: 'invalid'; readonly reason: string };

const MAX_MARK_NAME = 256;

/** Makes the messages of one stream, in their order. */
export class StreamMessages {
  readonly #identity: StreamIdentity;
  readonly #chunks = { inbound: 0, outbound: 0 };
  #sequence = 0;

  constructor(identity: StreamIdentity) {
    this.#identity = identity;
  }

  connected(): string {
    return JSON.stringify({ event: 'connected', protocol: 'Call', version: '0.2.0' });
  }

  start(): string {
    const { streamSid, accountSid, callSid, tracks, customParameters, format } = this.#identity;
    return JSON.stringify({
      event: 'start',
      sequenceNumber: this.#next(),
      start: {
        streamSid,
        accountSid,
        callSid,
        tracks,
        ...(customParameters !== undefined && { customParameters }),
        mediaFormat: { encoding: ENCODINGS[format.codec], sampleRate: format.sampleRate, channels: 1 },
      },
    });
  }

  /** Base64 holds nothing that JSON would escape, so these, which are the many, are put together by hand. */
  media(track: Track, payload: Uint8Array): string {
    const chunk = ++this.#chunks[track];
    const timestamp = (chunk - 1) * this.#identity.format.ptimeMs;
    const base64 = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('base64');
    return `{"event":"media","sequenceNumber":"${this.#next()}","media":{"track":"${track}","chunk":"${chunk}","timestamp":"${timestamp}","payload":"${base64}"}}`;
  }

  /** @param durationMs undefined when nobody knows how long it was down */
  dtmf(digit: string, durationMs: number | undefined): string {
    const { twoWay, streamSid } = this.#identity;
    return JSON.stringify({
      event: 'dtmf',
      sequenceNumber: this.#next(),
      ...(twoWay && { streamSid }),
      dtmf: { digit, ...(durationMs !== undefined && { duration: durationMs }) },
    });
  }

  mark(name: string): string {
    return JSON.stringify({ event: 'mark', streamSid: this.#identity.streamSid, mark: { name } });
  }

  stop(): string {
    return JSON.stringify({ event: 'stop', sequenceNumber: this.#next() });
  }

  #next(): string {
    return String(++this.#sequence);
  }
}

/** Reads a message of the other side. @param streamSid of our stream: messages for another one are invalid */
export function readMessage(text: string, streamSid: string): ServerMessage {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return invalid('it is not JSON');
  }
  const event = member(message, 'event');
  const forStream = member(message, 'streamSid');
  if (forStream !== undefined && forStream !== streamSid)
    return invalid('its streamSid is not of this stream');
  switch (event) {
    case 'media': {
      const payload = member(member(message, 'media'), 'payload');
      if (typeof payload !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}\s*$/.test(payload)) {
        return invalid('media.payload is not base64');
      }
      return { kind: 'media', payload: new Uint8Array(Buffer.from(payload, 'base64')) };
    }
    case 'mark': {
      const name = member(member(message, 'mark'), 'name');
      return typeof name === 'string' && name.length <= MAX_MARK_NAME
        ? { kind: 'mark', name }
        : invalid(`mark.name is not a text of at most ${MAX_MARK_NAME} characters`);
    }
    case 'clear':
      return { kind: 'clear' };
    case 'dtmf': {
      const digit = member(member(message, 'dtmf'), 'digit');
      return typeof digit === 'string' && /^[0-9A-Da-d*#]$/.test(digit)
        ? { kind: 'dtmf', digit: digit.toUpperCase() }
        : invalid('dtmf.digit is not one of 0-9, A-D, * and #');
    }
    default:
      return invalid(`its event is ${shown(event)}: expected media, mark, clear or dtmf`);
  }
}

/** Lists and objects are not written out: those that nest deeply can be read, but not made a text of. */
function shown(value: unknown): string | undefined {
  return typeof value === 'object' ? 'no text' : JSON.stringify(value)?.slice(0, 40);
}

function invalid(reason: string): ServerMessage {
  return { kind: 'invalid', reason };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
