import { isIPv6 } from 'node:net';
import {
  attribute,
  type SdpAttribute,
  type SdpConnection,
  type SdpMedia,
  SdpParseError,
  type SessionDescription,
} from './description.ts';
import { connectionOf, parseSdp } from './parse.ts';
import { serializeSdp } from './serialize.ts';

export type AudioCodecName = 'PCMU' | 'PCMA';
export type MediaDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** What we bring to a negotiation. */
export interface LocalAudio {
  /** Address that the peer shall send to. */
  readonly address: string;
  readonly rtpPort: number;
  /** In order of preference; at least one. */
  readonly codecs: readonly AudioCodecName[];
}

/** What offer and answer agreed on, from our point of view. */
export interface AgreedAudio {
  readonly codec: AudioCodecName;
  readonly payloadType: number;
  /** Payload type of `telephone-event/8000` (RFC 4733), if the peer takes it. */
  readonly telephoneEventPayloadType?: number;
  readonly remoteAddress: string;
  /** 0 when the stream is switched off. */
  readonly remotePort: number;
  readonly remoteRtcpPort: number;
  readonly direction: MediaDirection;
  /** Packet time that the peer wants to receive, ms: 10 to 60 in steps of 10. */
  readonly ptimeMs: number;
}

/** `sess-id` and `sess-version` of our descriptions in one dialog (RFC 3264 5). */
export interface SdpIdentity {
  readonly sessionId: string;
  readonly sessionVersion: string;
}

/** No session can come of this offer or answer; for SIP it means 488. */
export class SdpRefusal extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SdpRefusal';
  }
}

const DEFAULT_PTIME_MS = 20;
const STATIC_PAYLOAD_TYPES: Readonly<Record<AudioCodecName, number>> = { PCMU: 0, PCMA: 8 };
/** Dynamic number that we offer for telephone-event; 101 is what most peers expect. */
const OFFERED_EVENT_PAYLOAD_TYPE = 101;
/** DTMF: digits, *, #, A to D (RFC 4733 table 3). */
const EVENTS = Array.from({ length: 16 }, (_, event) => event);

const DIRECTIONS: readonly MediaDirection[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];
/** Our direction to a stream that the peer offers with this one (RFC 3264 6.1). */
const MIRRORED: Readonly<Record<MediaDirection, MediaDirection>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

interface Formats {
  readonly codec: AudioCodecName;
  readonly payloadType: number;
  readonly eventPayloadType: number | undefined;
}

/**
 * Answers an offer (RFC 3264 6): the first audio stream that we can take, in the offerer's order of codecs;
 * every other stream is refused with port 0. A stream that the peer has switched off (port 0) stays so, if
 * `established`, that is in a change of a running session.
 * @throws SdpRefusal when nothing can be agreed on, the offer being unreadable included
 */
export function answerOffer(
  offerText: string,
  local: LocalAudio,
  identity: SdpIdentity,
  established = false,
): { readonly sdp: string; readonly media: AgreedAudio } {
  const offer = read(offerText, 'offer');
  const isLive = (media: SdpMedia): boolean =>
    media.port !== 0 && agreeFormats(media, local.codecs) !== undefined;
  const chosen =
    offer.media.find((media) => isAudio(media) && isLive(media)) ??
    (established ? offer.media.find((media) => isAudio(media) && media.port === 0) : undefined);
  if (chosen === undefined) throw new SdpRefusal(whyNot(offer, local));

  const formats = agreeFormats(chosen, local.codecs);
  const media = agreed(offer, chosen, formats);
  const lines = offer.media.map((line) =>
    line === chosen && chosen.port !== 0 && formats !== undefined
      ? ourMedia(local, formats, media, chosen)
      : refused(line),
  );
  return { sdp: describe(local, identity, lines), media };
}

/** An offer of one audio stream with all our codecs and telephone-event (RFC 3264 5). */
export function createOffer(
  local: LocalAudio,
  identity: SdpIdentity,
  direction: MediaDirection = 'sendrecv',
): string {
  const formats = [...local.codecs.map((codec) => STATIC_PAYLOAD_TYPES[codec]), OFFERED_EVENT_PAYLOAD_TYPE];
  const attributes: SdpAttribute[] = [
    ...local.codecs.map((codec) => ({
      name: 'rtpmap',
      value: `${STATIC_PAYLOAD_TYPES[codec]} ${codec}/8000`,
    })),
    ...eventAttributes(OFFERED_EVENT_PAYLOAD_TYPE, EVENTS),
    { name: 'ptime', value: String(DEFAULT_PTIME_MS) },
    { name: direction },
  ];
  const line: SdpMedia = {
    type: 'audio',
    port: local.rtpPort,
    protocol: 'RTP/AVP',
    formats: formats.map(String),
    attributes,
  };
  return describe(local, identity, [line]);
}

/**
 * Reads the peer's answer to {@link createOffer}.
 * @throws SdpRefusal when it agrees on nothing, or cannot be read
 */
export function acceptAnswer(answerText: string, local: LocalAudio): AgreedAudio {
  const answer = read(answerText, 'answer');
  const media = answer.media[0];
  if (media === undefined || !isAudio(media)) throw new SdpRefusal('the answer has no audio stream');
  const formats = agreeFormats(media, local.codecs);
  if (media.port !== 0 && formats === undefined) throw new SdpRefusal('the answer has no codec of the offer');
  return agreed(answer, media, formats);
}

function read(text: string, what: string): SessionDescription {
  try {
    return parseSdp(text);
  } catch (cause) {
    if (cause instanceof SdpParseError)
      throw new SdpRefusal(`the ${what} cannot be read: ${cause.message}`, { cause });
    throw cause;
  }
}

function isAudio(media: SdpMedia): boolean {
  return media.type === 'audio' && (media.protocol === 'RTP/AVP' || media.protocol === 'RTP/AVPF');
}

function whyNot(offer: SessionDescription, local: LocalAudio): string {
  const audio = offer.media.filter((media) => media.type === 'audio');
  if (audio.length === 0) return 'the offer has no audio stream';
  const plain = audio.filter(isAudio);
  if (plain.length === 0)
    return `the offer has only ${audio.map((media) => media.protocol).join(', ')}, expected RTP/AVP`;
  if (plain.every((media) => media.port === 0)) return 'every audio stream of the offer is switched off';
  return `no common codec: offered ${plain.flatMap((media) => media.formats).join(' ')}, supported ${local.codecs.join(', ')}`;
}

/** The first format of the peer that is a codec of ours, and its telephone-event. */
function agreeFormats(media: SdpMedia, codecs: readonly AudioCodecName[]): Formats | undefined {
  const mapped = new Map<string, string>();
  for (const { name, value } of media.attributes) {
    const match = name === 'rtpmap' ? /^(\d+)\s+([^/\s]+)\/(\d+)/.exec(value ?? '') : null;
    if (match !== null) mapped.set(match[1]!, `${match[2]!.toUpperCase()}/${match[3]}`);
  }
  const encodingOf = (format: string): string | undefined =>
    mapped.get(format) ?? (format === '0' ? 'PCMU/8000' : format === '8' ? 'PCMA/8000' : undefined);
  const usable = media.formats.filter((format) => /^\d{1,3}$/.test(format) && Number(format) < 128);
  for (const format of usable) {
    const codec = codecs.find((candidate) => encodingOf(format) === `${candidate}/8000`);
    if (codec === undefined) continue;
    const event = usable.find((candidate) => encodingOf(candidate) === 'TELEPHONE-EVENT/8000');
    return {
      codec,
      payloadType: Number(format),
      eventPayloadType: event === undefined ? undefined : Number(event),
    };
  }
  return undefined;
}

function agreed(description: SessionDescription, media: SdpMedia, formats: Formats | undefined): AgreedAudio {
  const connection = connectionOf(description, media);
  const off = media.port === 0 || connection === undefined;
  // c=0.0.0.0 is how RFC 2543 put a call on hold (RFC 3264 8.4): nothing is sent there.
  const noAddress = connection?.address === '0.0.0.0' || connection?.address === '::';
  const direction = MIRRORED[directionOf(description, media)];
  return {
    codec: formats?.codec ?? 'PCMU',
    payloadType: formats?.payloadType ?? 0,
    ...(formats?.eventPayloadType !== undefined && { telephoneEventPayloadType: formats.eventPayloadType }),
    remoteAddress: connection?.address ?? '0.0.0.0',
    remotePort: off ? 0 : media.port,
    remoteRtcpPort: off ? 0 : rtcpPortOf(media),
    direction: off ? 'inactive' : noAddress ? withoutSending(direction) : direction,
    ptimeMs: ptimeOf(media),
  };
}

function withoutSending(direction: MediaDirection): MediaDirection {
  return direction === 'sendrecv' || direction === 'recvonly' ? 'recvonly' : 'inactive';
}

/** A media-level direction beats one of the session; none means sendrecv (RFC 8866 6.7). */
function directionOf(description: SessionDescription, media: SdpMedia): MediaDirection {
  for (const attributes of [media.attributes, description.attributes]) {
    const found = DIRECTIONS.find((direction) => attribute(attributes, direction) !== undefined);
    if (found !== undefined) return found;
  }
  return 'sendrecv';
}

/** RFC 3605, else the next port. */
function rtcpPortOf(media: SdpMedia): number {
  const port = Number.parseInt(attribute(media.attributes, 'rtcp') ?? '', 10);
  return port > 0 && port < 65_536 ? port : Math.min(media.port + 1, 65_535);
}

function ptimeOf(media: SdpMedia): number {
  const wanted = Number.parseFloat(attribute(media.attributes, 'ptime') ?? '');
  const most = Number.parseFloat(attribute(media.attributes, 'maxptime') ?? '');
  let ptime = wanted > 0 ? wanted : DEFAULT_PTIME_MS;
  if (most > 0) ptime = Math.min(ptime, most);
  return Math.min(Math.max(Math.floor(ptime / 10) * 10, 10), 60);
}

function ourMedia(local: LocalAudio, formats: Formats, agreed: AgreedAudio, offered: SdpMedia): SdpMedia {
  const attributes: SdpAttribute[] = [
    { name: 'rtpmap', value: `${formats.payloadType} ${formats.codec}/8000` },
  ];
  const numbers = [String(formats.payloadType)];
  if (formats.eventPayloadType !== undefined) {
    numbers.push(String(formats.eventPayloadType));
    attributes.push(
      ...eventAttributes(formats.eventPayloadType, eventsOf(offered, formats.eventPayloadType)),
    );
  }
  attributes.push({ name: 'ptime', value: String(agreed.ptimeMs) }, { name: agreed.direction });
  // The profile of the answer is that of the offer (RFC 8829 5.1.2); feedback is an option within RTP/AVPF.
  return { type: 'audio', port: local.rtpPort, protocol: offered.protocol, formats: numbers, attributes };
}

function eventAttributes(payloadType: number, events: readonly number[]): SdpAttribute[] {
  return [
    { name: 'rtpmap', value: `${payloadType} telephone-event/8000` },
    { name: 'fmtp', value: `${payloadType} ${ranges(events)}` },
  ];
}

/** The DTMF events that the peer's `fmtp` of telephone-event lists; without one, all (RFC 4733 2.4.1). */
function eventsOf(media: SdpMedia, payloadType: number | undefined): readonly number[] {
  const prefix = `${payloadType} `;
  const listed = media.attributes.find(({ name, value }) => name === 'fmtp' && value?.startsWith(prefix));
  if (listed === undefined) return EVENTS;
  const events = new Set<number>();
  for (const part of listed.value!.slice(prefix.length).split(',')) {
    const match = /^\s*(\d{1,3})(?:-(\d{1,3}))?\s*$/.exec(part);
    if (match === null) continue;
    // Not past the last event of ours: an offer may list any number of wide ranges.
    const last = Math.min(Number(match[2] ?? match[1]), EVENTS.length - 1);
    for (let event = Number(match[1]); event <= last; event++) events.add(event);
  }
  const common = EVENTS.filter((event) => events.has(event));
  return common.length > 0 ? common : EVENTS;
}

/** `[0,1,2,5]` → `0-2,5` */
function ranges(numbers: readonly number[]): string {
  const parts: string[] = [];
  let start = 0;
  for (let i = 1; i <= numbers.length; i++) {
    if (i < numbers.length && numbers[i] === numbers[i - 1]! + 1) continue;
    parts.push(start === i - 1 ? `${numbers[start]}` : `${numbers[start]}-${numbers[i - 1]}`);
    start = i;
  }
  return parts.join(',');
}

/** RFC 3264 6: refused with port 0; protocol and at least one format are repeated. */
function refused(media: SdpMedia): SdpMedia {
  return {
    type: media.type,
    port: 0,
    protocol: media.protocol,
    formats: media.formats.length > 0 ? media.formats.slice(0, 1) : ['0'],
    attributes: [],
  };
}

function describe(local: LocalAudio, identity: SdpIdentity, media: readonly SdpMedia[]): string {
  const connection: SdpConnection = {
    addressType: isIPv6(local.address) ? 'IP6' : 'IP4',
    address: local.address,
  };
  return serializeSdp({
    origin: { username: '-', ...identity, ...connection },
    sessionName: '-',
    connection,
    attributes: [],
    media,
  });
}
