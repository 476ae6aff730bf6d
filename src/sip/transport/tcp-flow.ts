import type { Clock } from '../../time/clock.ts';
import type { SipLimits } from '../limits.ts';
import type { SipParseError } from '../message/errors.ts';
import { StreamFramer } from '../message/stream-framer.ts';
import type { Flow } from './flow.ts';
import type { NetworkAddress, StreamSocket } from './network.ts';

/** What a connection tells its owner. */
export interface ConnectionEvents {
  /** One whole message. */
  message(data: Buffer, flow: Flow): void;
  /** The stream holds no SIP from here on; the connection closes behind this call. */
  malformed(error: SipParseError, flow: Flow): void;
  closed(flow: TcpFlow, error: Error | undefined): void;
}

/** What a connection is closed for at a look of its owner; see {@link TcpFlow.check}. */
export type Expiry = 'idle' | 'slow' | 'silent' | undefined;

const PING = Buffer.from('\r\n\r\n');
const PONG = Buffer.from('\r\n');
/** Time for the answer to a keep-alive (RFC 5626 4.4.1), ms. */
const PONG_MS = 10_000;

/** A TCP connection as a flow. */
export class TcpFlow implements Flow {
  readonly protocol = 'tcp';
  readonly reliable = true;
  readonly local: NetworkAddress;
  readonly remote: NetworkAddress;
  readonly #socket: StreamSocket;
  readonly #clock: Clock;
  readonly #limits: SipLimits;
  readonly #events: ConnectionEvents;
  readonly #framer = new StreamFramer();
  /** We opened it, so keeping it alive is on us (RFC 5626 4.4). */
  readonly #ours: boolean;
  #retainers = 0;
  #closed = false;
  #lastMessage: number;
  #lastSent: number;
  /** When anything came last, be it part of a message. */
  #lastHeard: number;
  /** When the first keep-alive was sent that nothing has come behind yet. */
  #pinged: number | undefined;
  /** The peer answers keep-alives; not all do (RFC 3261 knows none). */
  #pongs = false;
  /** At a look, the answer was overdue; and nothing has come since. */
  #overdue = false;
  /** The first message has come, or need not come. */
  #begun: boolean;
  /** Since when an unfinished message (or none at all, or the peer's end) is awaited; undefined between messages. */
  #awaitingSince: number | undefined;

  constructor(
    socket: StreamSocket,
    ours: boolean,
    clock: Clock,
    limits: SipLimits,
    events: ConnectionEvents,
  ) {
    this.#socket = socket;
    this.#ours = ours;
    this.#clock = clock;
    this.#limits = limits;
    this.#events = events;
    this.local = socket.local;
    this.remote = socket.remote;
    const now = clock.monotonic();
    this.#lastMessage = now;
    this.#lastSent = now;
    this.#lastHeard = now;
    this.#begun = ours;
    this.#awaitingSince = ours ? undefined : now;
    socket.handle({
      data: (data) => this.#receive(data),
      closed: (error) => this.#ended(error),
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(data: Uint8Array, failed: (error: Error) => void): void {
    if (this.#closed) {
      this.#clock.after(0, () => failed(new Error('the connection is closed')));
      return;
    }
    if (this.#socket.pendingBytes + data.length > this.#limits.maxPendingBytes) {
      this.#clock.after(0, () => failed(new Error('the peer does not read')));
      this.close();
      return;
    }
    this.#lastSent = this.#clock.monotonic();
    this.#socket.write(data);
  }

  retain(): void {
    this.#retainers++;
  }

  release(): void {
    this.#retainers--;
    this.#lastMessage = this.#clock.monotonic();
  }

  /**
   * Where nothing at all has come since, the peer, or the way to it, is gone. The system would go on for a quarter of an
   * hour, with all requests of that time. Connections of the peer's are for the peer to look after.
   */
  unanswered(sinceMs: number): void {
    if (this.#ours && !this.#closed && this.#lastHeard <= sinceMs) this.close();
  }

  /** Whether the connection has stayed silent, or amid a message, for too long. */
  check(now: number): Expiry {
    if (this.#awaitingSince !== undefined && now - this.#awaitingSince >= this.#limits.messageArrivalMs) {
      return 'slow';
    }
    if (this.#pongs && this.#pinged !== undefined && now - this.#pinged >= PONG_MS) {
      // Where we have stood still, what has come is read behind this look only.
      if (this.#overdue) return 'silent';
      this.#overdue = true;
    }
    if (this.#retainers === 0 && now - this.#lastMessage >= this.#limits.connectionIdleMs) return 'idle';
    return undefined;
  }

  /** Sends a keep-alive when it is ours to send and time for it. */
  keepAlive(now: number): void {
    if (!this.#ours || this.#closed || now - this.#lastSent < this.#limits.keepAliveMs) return;
    this.#lastSent = now;
    this.#pinged ??= now;
    this.#socket.write(PING);
  }

  /** Sends what is pending, then closes; nothing is read or written any more. */
  finish(): void {
    this.#closed = true;
    this.#awaitingSince ??= this.#clock.monotonic();
    this.#socket.end();
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #receive(data: Buffer): void {
    if (this.#closed) return;
    const now = this.#clock.monotonic();
    this.#lastHeard = now;
    // Whatever comes shows that the peer is there; of two answers in a row, the framer takes the second for a ping.
    let isAsked = this.#pinged !== undefined;
    this.#pinged = undefined;
    this.#overdue = false;
    this.#framer.push(data);
    for (let frame = this.#framer.next(); frame.kind !== 'more'; frame = this.#framer.next()) {
      if (frame.kind === 'message') {
        this.#lastMessage = now;
        isAsked = false;
        this.#begun = true;
        this.#awaitingSince = undefined;
        this.#events.message(frame.data, this);
      } else if (frame.kind === 'ping') {
        if (this.#socket.pendingBytes < this.#limits.maxPendingBytes) this.#socket.write(PONG);
      } else if (frame.kind === 'pong') {
        // One that nothing asked for is a line end too many behind a message.
        this.#pongs ||= isAsked;
      } else {
        this.#events.malformed(frame.error, this);
        this.finish();
        return;
      }
      // The owner may have closed the connection in answer to a message.
      if (this.#closed) return;
    }
    // What was not whole may have been a keep-alive, of which nothing is left.
    if (this.#framer.pendingBytes > 0) this.#awaitingSince ??= now;
    else if (this.#begun) this.#awaitingSince = undefined;
  }

  #ended(error: Error | undefined): void {
    this.#closed = true;
    this.#events.closed(this, error);
  }
}
