/** Where the taps and streams of a virtual call lead to: WebSockets and RTP receivers in memory. */
import type { DialOptions, StreamNetwork, StreamSocket } from '../call/streams/network.ts';
import { parseRtpUri } from '../call/streams/rtp-target.ts';
import type { MemoryRtpNetwork } from '../rtp/memory-network.ts';
import { type Clock, sleep } from '../time/clock.ts';
import { RtpReceiver } from './rtp-receiver.ts';
import { basic } from './web.ts';
import { type Waiting, WebSocketPeer, type WebSocketPeerOptions } from './web-socket-peer.ts';

/** What a handshake takes, ms: a test that has just placed its call can still say who answers. */
const HANDSHAKE_MS = 10;
const TIMEOUT_MS = 5_000;

const FAILURES = {
  refused: { code: 'connection', message: 'the connection was refused' },
  tls: { code: 'tls', message: 'TLS could not be agreed' },
  timeout: { code: 'timeout_connect', message: 'no WebSocket within 5000 ms' },
} as const;

export class StreamPeers implements StreamNetwork {
  readonly #clock: Clock;
  readonly #network: MemoryRtpNetwork;
  readonly #wait: Waiting;
  readonly #sockets: WebSocketPeer[] = [];

  constructor(clock: Clock, network: MemoryRtpNetwork, wait: Waiting) {
    this.#clock = clock;
    this.#network = network;
    this.#wait = wait;
  }

  /**
   * Answers the next connection to this URL (without its query); one peer for each connection, in the order in
   * which they were made.
   */
  webSocket(url: string, options: WebSocketPeerOptions = {}): WebSocketPeer {
    const peer = new WebSocketPeer(url, options, this.#clock, this.#wait);
    this.#sockets.push(peer);
    return peer;
  }

  /** Receives RTP there. @throws TypeError when it is not `rtp://IPv4:port` with an even port */
  rtp(uri: string): RtpReceiver {
    const target = parseRtpUri(uri);
    if (typeof target === 'string') throw new TypeError(target);
    return new RtpReceiver(this.#network.openAt(target.address, target.port), this.#clock);
  }

  async dial(url: string, options: DialOptions): Promise<StreamSocket> {
    await sleep(this.#clock, HANDSHAKE_MS, options.signal);
    const parsed = /^\s*wss?:\/\//i.test(url) ? URL.parse(url) : null;
    if (parsed === null) throw failure('invalid_url', 'no WebSocket URL; expected ws:// or wss://');
    const peer = this.#sockets.find((each) => isSamePlace(each.url, parsed));
    if (peer === undefined) throw failure('connection', 'nothing in the test answers for this address');
    this.#sockets.splice(this.#sockets.indexOf(peer), 1);
    const { fails } = peer.options;
    if (fails === 'timeout') await sleep(this.#clock, TIMEOUT_MS, options.signal);
    if (fails !== undefined) throw failure(FAILURES[fails].code, FAILURES[fails].message);
    const { username, password } = parsed;
    const authorization =
      options.bearerToken !== undefined
        ? `Bearer ${options.bearerToken}`
        : username === '' && password === ''
          ? undefined
          : basic(`${username}:${password}`);
    return peer.accept(authorization === undefined ? {} : { authorization }, options);
  }

  rtpRefusal(): undefined {
    return undefined;
  }
}

function isSamePlace(url: string, other: URL): boolean {
  const parsed = URL.parse(url);
  return parsed !== null && parsed.host === other.host && parsed.pathname === other.pathname;
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
