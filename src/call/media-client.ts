import { CODEC_RATES } from '../mediaworker/codec-rates.ts';
import type { EndCause } from '../recording/types.ts';
import type {
  MediaCommand,
  MediaEvent,
  MediaHost,
  NegotiatedMedia,
  OpenSession,
} from '../mediaworker/protocol.ts';

/** Events of one session by type, without the fields that only address it. */
export type MediaListener = (event: MediaEvent) => void;

type Addressed<C> = C extends { readonly sessionId: string } ? Omit<C, 'sessionId'> : never;

/** A media command without its address. */
export type SessionCommand = Addressed<Exclude<MediaCommand, { type: 'open' | 'close' }>>;

/** One media session, seen from the signalling side: opened, commanded, listened to and closed. */
export class MediaClient {
  readonly sessionId: string;
  readonly #host: MediaHost;
  /** Another array after each change: an event reaches those of its beginning. */
  #listeners: readonly MediaListener[] = [];
  /** Until it is open, and longer where it cannot be. */
  #opening: Pick<PromiseWithResolvers<MediaClient>, 'resolve' | 'reject'> | undefined;
  #rtpPort = 0;
  #closed: Promise<void> | undefined;
  /** The last event: nothing comes behind it. */
  #over: MediaEvent | undefined;
  #died = false;
  #sampleRate = CODEC_RATES.PCMU.sampleRate;
  #agreed: NegotiatedMedia | undefined;

  private constructor(host: MediaHost, sessionId: string) {
    this.#host = host;
    this.sessionId = sessionId;
  }

  /**
   * Opens a session on `host`.
   * @throws Error with the media side's reason (no free port, worker gone)
   */
  static open(host: MediaHost, options: OpenSession): Promise<MediaClient> {
    const client = new MediaClient(host, options.sessionId);
    return new Promise((resolve, reject) => {
      client.#opening = { resolve, reject };
      client.#subscribe(options.beside);
      host.send({ type: 'open', ...options });
    });
  }

  /** The local UDP port of its RTP. */
  get rtpPort(): number {
    return this.#rtpPort;
  }

  /** Of the session's audio, Hz: of the first codec that was agreed on; until then as expected, or narrow-band. */
  get sampleRate(): number {
    return this.#sampleRate;
  }

  /** What was agreed on last. */
  get agreed(): NegotiatedMedia | undefined {
    return this.#agreed;
  }

  /** Nothing comes any more. */
  get over(): boolean {
    return this.#over !== undefined;
  }

  /** It is over, and nobody had asked for that, or its thread was lost on the way. */
  get died(): boolean {
    return this.#died;
  }

  /** The first agreement is to be on a codec of this rate, Hz: sounds that wait for it have that. No-op behind it. */
  expectRate(sampleRate: number): void {
    if (this.#agreed === undefined) this.#sampleRate = sampleRate;
  }

  /** No-op once the session is closed, but for recordings that it expects. @param urgent as in {@link MediaHost.send} */
  send(command: SessionCommand, urgent = false): void {
    if (command.type === 'configure') {
      this.expectRate(CODEC_RATES[command.media.codec].sampleRate);
      this.#agreed = command.media;
    }
    const isExpected = command.type === 'record' || command.type === 'unexpectRecord';
    if (this.#over !== undefined || (this.#closed !== undefined && !isExpected)) return;
    this.#host.send({ ...command, sessionId: this.sessionId } as MediaCommand, urgent);
  }

  /**
   * Whoever listens only once the session is closed is told that, too, behind the present turn: it may have died while
   * nobody listened, as before the answer of a call.
   * @returns the function that ends the subscription
   */
  listen(listener: MediaListener): () => void {
    this.#listeners = this.#listeners.concat(listener);
    const over = this.#over;
    if (over !== undefined) {
      queueMicrotask(() => {
        if (this.#listeners.includes(listener)) listener(over);
      });
    }
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    };
  }

  /** Ends recordings with `cause`, waits until their files are durable, and frees the sockets. */
  close(cause: EndCause): Promise<void> {
    this.#closed ??=
      this.#over !== undefined
        ? Promise.resolve()
        : new Promise((resolve) => {
            this.listen((event) => {
              if (event.type === 'closed') resolve();
            });
            this.#host.send({ type: 'close', sessionId: this.sessionId, cause });
          });
    return this.#closed;
  }

  /** Apart from {@link open}, so that what the host keeps holds on to nothing but this. */
  #subscribe(beside: string | undefined): void {
    this.#host.subscribe(this.sessionId, (event) => this.#take(event), beside);
  }

  #take(event: MediaEvent): void {
    const opening = this.#opening;
    if (opening === undefined) {
      this.#dispatch(event);
    } else if (event.type === 'opened') {
      this.#opening = undefined;
      this.#rtpPort = event.rtpPort;
      opening.resolve(this);
    } else if (event.type === 'openFailed') {
      opening.reject(new Error(event.error));
    } else if (event.type === 'closed') {
      opening.reject(new Error('the media side stopped before the session was open'));
    }
  }

  #dispatch(event: MediaEvent): void {
    if (event.type === 'closed') {
      this.#over = event;
      this.#died = event.lost === true || this.#closed === undefined;
    }
    for (const listener of this.#listeners) listener(event);
  }
}
