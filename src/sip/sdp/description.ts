/** Session descriptions as data (RFC 8866). */

/** `a=name` or `a=name:value`. */
export interface SdpAttribute {
  readonly name: string;
  readonly value?: string;
}

/** `c=IN IP4 192.0.2.1` */
export interface SdpConnection {
  readonly addressType: 'IP4' | 'IP6';
  /** Address or host name, without a multicast `/ttl`. */
  readonly address: string;
}

/** `o=` (RFC 8866 5.2). Id and version are decimal numbers of any length, kept as text. */
export interface SdpOrigin extends SdpConnection {
  readonly username: string;
  readonly sessionId: string;
  readonly sessionVersion: string;
}

/** One `m=` line with all that belongs to it. */
export interface SdpMedia {
  /** `audio`, `video`, `application` … */
  readonly type: string;
  /** 0: refused or switched off. */
  readonly port: number;
  /** `RTP/AVP`, `udptl` …, as written: an answer repeats it, and case counts in SDP (RFC 3264 6, RFC 8866 5). */
  readonly protocol: string;
  /** Payload types, as written. */
  readonly formats: readonly string[];
  readonly connection?: SdpConnection;
  readonly attributes: readonly SdpAttribute[];
}

export interface SessionDescription {
  readonly origin: SdpOrigin;
  readonly sessionName: string;
  readonly connection?: SdpConnection;
  readonly attributes: readonly SdpAttribute[];
  readonly media: readonly SdpMedia[];
}

/** A description that cannot be read. `line` counts from 1. */
export class SdpParseError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(`SDP line ${line}: ${message}`);
    this.name = 'SdpParseError';
    this.line = line;
  }
}

/** The first value of attribute `name`; `''` for one without a value; undefined when it is not there. */
export function attribute(attributes: readonly SdpAttribute[], name: string): string | undefined {
  const found = attributes.find((candidate) => candidate.name === name);
  return found === undefined ? undefined : (found.value ?? '');
}
