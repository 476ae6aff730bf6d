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

export type AudioCodecName = 'PCMU' | 'PCMA' | 'G722' | 'OPUS';
export type MediaDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** What we bring to a negotiation. */
export interface LocalAudio {
  /** Address that the peer shall send to. */
  readonly address: string;
  readonly rtpPort: number;
  /** In order of preference; at least one. */
  readonly codecs: readonly AudioCodecName[];
  /** Whose order counts in our answers; default the offerer's. */
  readonly preference?: 'ours' | 'theirs';
}

/** A codec under a number. */
export interface AudioFormat {
  readonly codec: AudioCodecName;
  readonly payloadType: number;
}

/** Keys (RFC 4733) under a number. */
export interface EventFormat {
  readonly payloadType: number;
  /** Hz. */
  readonly clockRate: number;
}

/** What offer and answer agreed on, from our point of view. */
export interface AgreedAudio {
  readonly codec: AudioCodecName;
  /** In what we send. */
  readonly payloadType: number;
  /** Payload type of `telephone-event` (RFC 4733), if the peer takes it. */
  readonly telephoneEventPayloadType?: number;
  /** Its clock rate, Hz: that of the codec, where the peer keeps to the rule. */
  readonly telephoneEventClockRate?: number;
  /** What else the peer may send once our offer is answered; left out: nothing. */
  readonly otherFormats?: readonly AudioFormat[];
  /** The same of its keys. */
  readonly otherEvents?: readonly EventFormat[];
  readonly remoteAddress: string;
  /** 0 when the stream is switched off. */
  readonly remotePort: number;
  readonly remoteRtcpPort: number;
  readonly direction: MediaDirection;
  /** Packet time that the peer wants to receive, ms: 10 to 60 in steps of 10. */
  readonly ptimeMs: number;
  /** Most that it takes on average, bits a second, if it says so: of Opus alone. */
  readonly maxBitrate?: number;
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

/** What descriptions say of a codec. */
interface CodecDescription {
  /** Number in our offers; those from 96 on are dynamic. */
  readonly payloadType: number;
  /** In capitals, with the clock rate, as {@link agreeFormats} compares it. */
  readonly encoding: string;
  /** As written in our descriptions. */
  readonly rtpmap: string;
  readonly fmtp?: string;
  /** Hz. */
  readonly clockRate: number;
}

/** RFC 3551 6 and RFC 7587 7: Opus is always written with two channels, and its `fmtp` tells what we send and take. */
const CODECS: Readonly<Record<AudioCodecName, CodecDescription>> = {
  PCMU: { payloadType: 0, encoding: 'PCMU/8000', rtpmap: 'PCMU/8000', clockRate: 8_000 },
  PCMA: { payloadType: 8, encoding: 'PCMA/8000', rtpmap: 'PCMA/8000', clockRate: 8_000 },
  G722: { payloadType: 9, encoding: 'G722/8000', rtpmap: 'G722/8000', clockRate: 8_000 },
  OPUS: {
    payloadType: 111,
    encoding: 'OPUS/48000',
    rtpmap: 'opus/48000/2',
    fmtp: 'useinbandfec=1;stereo=0;sprop-stereo=0',
    clockRate: 48_000,
  },
};
/** Of these alone an offer may leave out the `rtpmap` (RFC 3264 5.1). */
const STATIC_ENCODINGS: ReadonlyMap<string, string> = new Map(
  Object.values(CODECS)
    .filter(({ payloadType }) => payloadType < 96)
    .map(({ payloadType, encoding }) => [String(payloadType), encoding]),
);
/** Dynamic numbers that we offer for telephone-event, by clock rate; 101 is what most peers expect. */
const OFFERED_EVENT_PAYLOAD_TYPES: ReadonlyMap<number, number> = new Map([
  [8_000, 101],
  [48_000, 110],
]);
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

interface Formats extends AudioFormat {
  readonly event: EventFormat | undefined;
}

/** The streams of a session that we take no part in, as our descriptions have them: before the audio, and behind it. */
export interface OtherStreams {
  readonly before: readonly SdpMedia[];
  readonly behind: readonly SdpMedia[];
}

/** What an offer was answered with. */
export interface Answer {
  readonly media: AgreedAudio;
  /** Undefined: there is none but the audio. */
  readonly others: OtherStreams | undefined;
  /** The answer as a text. */
  readonly sdpAs: (identity: SdpIdentity) => string;
}

/**
 * Answers an offer (RFC 3264 6): the first audio stream that we can take, in the offerer's order of codecs;
 * every other stream is refused with port 0. A stream that the peer has switched off (port 0) stays so, if
 * `established`, that is in a change of a running session. But where a fax (T.38), or audio that we cannot take, is to
 * take its place, all is refused, and the session stays as it was: the peer goes on with what it had.
 * @throws SdpRefusal when nothing can be agreed on, the offer being unreadable included
 */
export function answerOffer(offerText: string, local: LocalAudio, established = false): Answer {
  const offer = read(offerText, 'offer');
  const live = liveAudio(offer, local);
  const maySwitchOff = established && !offer.media.some(isSoundOrFax);
  const chosen =
    live?.line ?? (maySwitchOff ? offer.media.find((line) => isAudio(line) && line.port === 0) : undefined);
  if (chosen === undefined) throw new SdpRefusal(whyNot(offer, local));

  const media = agreed(offer, chosen, live?.formats ?? agreeFormats(chosen, local));
  const lines = offer.media.map((line) =>
    line === live?.line ? ourMedia(local, live.formats, media, line) : refused(line),
  );
  const at = offer.media.indexOf(chosen);
  const others = lines.length === 1 ? undefined : { before: lines.slice(0, at), behind: lines.slice(at + 1) };
  return { media, others, sdpAs: (identity) => describe(local, identity, lines) };
}

/** The first audio stream of an offer that is on and has a codec of ours. */
function liveAudio(
  offer: SessionDescription,
  local: LocalAudio,
): { readonly line: SdpMedia; readonly formats: Formats } | undefined {
  for (const line of offer.media) {
    const formats = isAudio(line) && line.port !== 0 ? agreeFormats(line, local) : undefined;
    if (formats !== undefined) return { line, formats };
  }
  return undefined;
}

/**
 * An offer of one audio stream with all our codecs and telephone-event (RFC 3264 5).
 * @param others of a running session: none may be left out, nor change its place (RFC 3264 8)
 */
export function createOffer(
  local: LocalAudio,
  identity: SdpIdentity,
  direction: MediaDirection = 'sendrecv',
  { before, behind }: OtherStreams = { before: [], behind: [] },
): string {
  const codecs = local.codecs.map((codec) => CODECS[codec]);
  // Keys need the clock of the audio beside which they are sent (RFC 4733 2.1).
  const clocks = [...new Set(codecs.map(({ clockRate }) => clockRate))];
  const events = clocks.map((clockRate) => ({
    payloadType: OFFERED_EVENT_PAYLOAD_TYPES.get(clockRate)!,
    clockRate,
  }));
  const formats = [...codecs, ...events].map(({ payloadType }) => payloadType);
  const attributes: SdpAttribute[] = [
    ...codecs.flatMap((codec) => codecAttributes(codec, codec.payloadType)),
    ...events.flatMap(({ payloadType, clockRate }) => eventAttributes(payloadType, clockRate, EVENTS)),
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
  return describe(local, identity, [...before, line, ...behind]);
}

/**
 * Reads the peer's answer to {@link createOffer}.
 * @param at the place of the audio in the offer
 * @throws SdpRefusal when it agrees on nothing, or cannot be read
 */
export function acceptAnswer(answerText: string, local: LocalAudio, at = 0): AgreedAudio {
  const answer = read(answerText, 'answer');
  // Some answer fewer streams than there are.
  const media = [answer.media[at], ...answer.media].find((line) => line !== undefined && isAudio(line));
  if (media === undefined) throw new SdpRefusal('the answer has no audio stream');
  const { codecs } = local;
  const formats = agreeFormats(media, { codecs });
  if (media.port !== 0 && formats === undefined) throw new SdpRefusal('the answer has no codec of the offer');
  const others = formats === undefined ? {} : alsoReceived(media, codecs, formats);
  return { ...agreed(answer, media, formats), ...others };
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
  return media.type === 'audio' && /^RTP\/AVPF?$/i.test(media.protocol);
}

/** A stream that is on, and may stand in the place of another. */
function isSoundOrFax({ type, port }: SdpMedia): boolean {
  return port !== 0 && (type === 'audio' || type === 'image');
}

function whyNot(offer: SessionDescription, local: LocalAudio): string {
  const audio = offer.media.filter((media) => media.type === 'audio');
  if (audio.length === 0) return 'the offer has no audio stream';
  const live = audio.filter((media) => media.port !== 0);
  if (live.length === 0) return 'every audio stream of the offer is switched off';
  const plain = live.filter(isAudio);
  if (plain.length === 0)
    return `the offer has only ${live.map((media) => media.protocol).join(', ')}, expected RTP/AVP`;
  return `no common codec: offered ${plain.flatMap(namesOf).join(' ')}, supported ${local.codecs.join(', ')}`;
}

/** What the formats of a stream are called, for people; of a number that says nothing by itself, what the offer says. */
function namesOf(media: SdpMedia): readonly string[] {
  const encodings = encodingsOf(media);
  return media.formats.map((format) => {
    const encoding = encodings.get(Number(format));
    return encoding === undefined ? format : `${format} (${encoding})`;
  });
}

/** The first format that both have, in the order that counts, and its telephone-event. */
function agreeFormats(
  media: SdpMedia,
  { codecs, preference }: Pick<LocalAudio, 'codecs' | 'preference'>,
): Formats | undefined {
  const encodings = encodingsOf(media);
  const common: AudioFormat[] = [];
  for (const [payloadType, encoding] of encodings) {
    for (const codec of codecs) if (encoding === CODECS[codec].encoding) common.push({ codec, payloadType });
  }
  if (preference === 'ours')
    common.sort((one, other) => codecs.indexOf(one.codec) - codecs.indexOf(other.codec));
  const [chosen] = common;
  if (chosen === undefined) return undefined;
  // Some peers have keys at 8000 Hz alone, whatever the codec: better those than none.
  for (const clockRate of [CODECS[chosen.codec].clockRate, 8_000]) {
    const [payloadType] = numbersOf(encodings, eventEncoding(clockRate));
    if (payloadType !== undefined) return { ...chosen, event: { payloadType, clockRate } };
  }
  return { ...chosen, event: undefined };
}

/** What the formats of a stream stand for, in their order; without those that nothing says it of. */
function encodingsOf(media: SdpMedia): ReadonlyMap<number, string> {
  const mapped = new Map<string, string>();
  for (const { name, value } of media.attributes) {
    const match = name === 'rtpmap' ? /^(\d+)\s+([^/\s]+\/\d+)/.exec(value ?? '') : null;
    if (match !== null) mapped.set(match[1]!, match[2]!.toUpperCase());
  }
  const encodings = new Map<number, string>();
  for (const format of media.formats) {
    const encoding = mapped.get(format) ?? STATIC_ENCODINGS.get(format);
    if (encoding === undefined || !/^\d{1,3}$/.test(format) || Number(format) > 127) continue;
    encodings.set(Number(format), encoding);
  }
  return encodings;
}

/** Numbers that stand for an encoding. */
function numbersOf(encodings: ReadonlyMap<number, string>, encoding: string): number[] {
  return [...encodings.keys()].filter((number) => encodings.get(number) === encoding);
}

function eventEncoding(clockRate: number): string {
  return `TELEPHONE-EVENT/${clockRate}`;
}

/**
 * What the peer may send beside the format that we send: any other of its answer, whenever it likes (RFC 3264 7). Where
 * it has given one another number than our offer, it is to send with ours (RFC 3264 6.1), and some use their own.
 */
function alsoReceived(
  media: SdpMedia,
  codecs: readonly AudioCodecName[],
  { payloadType, event }: Formats,
): Pick<AgreedAudio, 'otherFormats' | 'otherEvents'> {
  const encodings = encodingsOf(media);
  const othersOf = (encoding: string, ours: number | undefined, known: number): number[] => {
    const numbers = numbersOf(encodings, encoding);
    if (numbers.length > 0 && ours !== undefined && !encodings.has(ours)) numbers.push(ours);
    return numbers.filter((number) => number !== known);
  };
  const otherFormats = codecs.flatMap((codec) => {
    const { encoding, payloadType: ours } = CODECS[codec];
    return othersOf(encoding, ours, payloadType).map((number) => ({ codec, payloadType: number }));
  });
  // Beside audio of another clock, keys have that (RFC 4733 2.1).
  const otherEvents = [...OFFERED_EVENT_PAYLOAD_TYPES].flatMap(([clockRate, ours]) => {
    const numbers = event === undefined ? [] : othersOf(eventEncoding(clockRate), ours, event.payloadType);
    return numbers.map((number) => ({ payloadType: number, clockRate }));
  });
  return {
    ...(otherFormats.length > 0 && { otherFormats }),
    ...(otherEvents.length > 0 && { otherEvents }),
  };
}

function agreed(description: SessionDescription, media: SdpMedia, formats: Formats | undefined): AgreedAudio {
  const connection = connectionOf(description, media);
  const off = media.port === 0 || connection === undefined;
  const isHeld = connection !== undefined && isHoldAddress(connection.address);
  const direction = MIRRORED[directionOf(description, media)];
  const maxBitrate = formats?.codec === 'OPUS' ? maxBitrateOf(media, formats.payloadType) : undefined;
  return {
    codec: formats?.codec ?? 'PCMU',
    payloadType: formats?.payloadType ?? 0,
    ...(formats?.event !== undefined && {
      telephoneEventPayloadType: formats.event.payloadType,
      telephoneEventClockRate: formats.event.clockRate,
    }),
    remoteAddress: connection?.address ?? '0.0.0.0',
    remotePort: off ? 0 : media.port,
    remoteRtcpPort: off ? 0 : rtcpPortOf(media),
    direction: off ? 'inactive' : isHeld ? withoutSending(direction) : direction,
    ptimeMs: ptimeOf(media),
    ...(maxBitrate !== undefined && { maxBitrate }),
  };
}

/** Whether it is how RFC 2543 put a call on hold (RFC 3264 8.4), whatever the direction says: nothing is sent there. */
export function isHoldAddress(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
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

/** RFC 7587 6.1: a sender must not exceed it; values outside of what Opus has do not count. */
function maxBitrateOf(media: SdpMedia, payloadType: number): number | undefined {
  const parameters = fmtpOf(media, payloadType) ?? '';
  const match = /(?:^|;)\s*maxaveragebitrate\s*=\s*(\d{1,6})\s*(?:;|$)/i.exec(parameters);
  const bitrate = Number(match?.[1]);
  return bitrate >= 6_000 && bitrate <= 510_000 ? bitrate : undefined;
}

/** The parameters of a format. */
function fmtpOf(media: SdpMedia, payloadType: number | undefined): string | undefined {
  const prefix = `${payloadType} `;
  const listed = media.attributes.find(({ name, value }) => name === 'fmtp' && value?.startsWith(prefix));
  return listed?.value?.slice(prefix.length);
}

function ourMedia(local: LocalAudio, formats: Formats, agreed: AgreedAudio, offered: SdpMedia): SdpMedia {
  const attributes = codecAttributes(CODECS[formats.codec], formats.payloadType);
  const numbers = [String(formats.payloadType)];
  if (formats.event !== undefined) {
    const { payloadType, clockRate } = formats.event;
    numbers.push(String(payloadType));
    attributes.push(...eventAttributes(payloadType, clockRate, eventsOf(offered, payloadType)));
  }
  attributes.push({ name: 'ptime', value: String(agreed.ptimeMs) }, { name: agreed.direction });
  // The profile of the answer is that of the offer (RFC 8829 5.1.2); feedback is an option within RTP/AVPF.
  return { type: 'audio', port: local.rtpPort, protocol: offered.protocol, formats: numbers, attributes };
}

function codecAttributes({ rtpmap, fmtp }: CodecDescription, payloadType: number): SdpAttribute[] {
  return [
    { name: 'rtpmap', value: `${payloadType} ${rtpmap}` },
    ...(fmtp === undefined ? [] : [{ name: 'fmtp', value: `${payloadType} ${fmtp}` }]),
  ];
}

function eventAttributes(payloadType: number, clockRate: number, events: readonly number[]): SdpAttribute[] {
  return [
    { name: 'rtpmap', value: `${payloadType} telephone-event/${clockRate}` },
    { name: 'fmtp', value: `${payloadType} ${ranges(events)}` },
  ];
}

/** The DTMF events that the peer's `fmtp` of telephone-event lists; without one, all (RFC 4733 2.4.1). */
function eventsOf(media: SdpMedia, payloadType: number | undefined): readonly number[] {
  const listed = fmtpOf(media, payloadType);
  if (listed === undefined) return EVENTS;
  const events = new Set<number>();
  for (const part of listed.split(',')) {
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
    addressType: local.address.includes(':') ? 'IP6' : 'IP4',
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
