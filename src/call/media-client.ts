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
  /** The local UDP port of its RTP, known once open. */
  readonly rtpPort: number;
  readonly #host: MediaHost;
  /** Another array after each change: an event reaches those of its beginning. */
  #listeners: readonly MediaListener[] = [];
  #closed: Promise<void> | undefined;
  #over = false;
  #sampleRate: number | undefined;
  #agreed: NegotiatedMedia | undefined;

  private constructor(host: MediaHost, sessionId: string, rtpPort: number) {
    this.#host = host;
    this.sessionId = sessionId;
    this.rtpPort = rtpPort;
  }

  /**
   * Opens a session on `host`.
   * @throws Error with the media side's reason (no free port, worker gone)
   */
  static open(host: MediaHost, options: OpenSession): Promise<MediaClient> {
    return new Promise((resolve, reject) => {
      let client: MediaClient | undefined;
      const take = (event: MediaEvent): void => {
        if (event.type === 'opened') {
          client = new MediaClient(host, options.sessionId, event.rtpPort);
          resolve(client);
        } else if (event.type === 'openFailed') {
          reject(new Error(event.error));
        } else if (client !== undefined) {
          client.#dispatch(event);
        } else if (event.type === 'closed') {
          reject(new Error('the media side stopped before the session was open'));
        }
      };
      host.subscribe(options.sessionId, take, options.beside);
      host.send({ type: 'open', ...options });
    });
  }

  /** Of the session's audio, Hz: that of the first codec that was agreed on, narrow-band until then. */
  get sampleRate(): number {
    return this.#sampleRate ?? CODEC_RATES.PCMU.sampleRate;
  }

  /** What was agreed on last. */
  get agreed(): NegotiatedMedia | undefined {
    return this.#agreed;
  }

  /** No-op once the session is closed. */
  send(command: SessionCommand): void {
    if (command.type === 'configure') {
      this.#agreed = command.media;
      this.#sampleRate ??= CODEC_RATES[command.media.codec].sampleRate;
    }
    if (this.#over || this.#closed !== undefined) return;
    this.#host.send({ ...command, sessionId: this.sessionId } as MediaCommand);
  }

  /** @returns the function that ends the subscription */
  listen(listener: MediaListener): () => void {
    this.#listeners = this.#listeners.concat(listener);
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    };
  }

  /** Ends recordings with `cause`, waits until their files are durable, and frees the sockets. */
  close(cause: EndCause): Promise<void> {
    this.#closed ??= this.#over
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.listen((event) => {
            if (event.type === 'closed') resolve();
          });
          this.#host.send({ type: 'close', sessionId: this.sessionId, cause });
        });
    return this.#closed;
  }

  #dispatch(event: MediaEvent): void {
    if (event.type === 'closed') this.#over = true;
    for (const listener of this.#listeners) listener(event);
  }
}
