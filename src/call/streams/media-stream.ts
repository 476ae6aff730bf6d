import type { Logger } from '../../log/logger.ts';
import type { MediaEvent } from '../../mediaworker/protocol.ts';
import type { CallInfo } from '../leg.ts';
import type { MediaClient } from '../media-client.ts';
import type { StreamFormat } from './codec-notation.ts';
import { readMessage, StreamMessages, type Track } from './messages.ts';
import type { StreamNetwork } from './network.ts';
import { SocketOutput } from './socket-output.ts';
import type { StreamEnd, StreamOptions } from './types.ts';

export interface MediaStreamOptions {
  readonly id: string;
  readonly options: StreamOptions;
  readonly format: StreamFormat;
  readonly media: MediaClient;
  readonly network: StreamNetwork;
  readonly call: CallInfo;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Sends keys that the other side asks for; those that have not begun are left out once `signal` is aborted. */
  readonly sendDigits: (digits: string, signal: AbortSignal) => Promise<void>;
}

const TRACKS: Readonly<Record<StreamOptions['tracks'], readonly Track[]>> = {
  inbound: ['inbound'],
  outbound: ['outbound'],
  both: ['inbound', 'outbound'],
};
const TAKES = { inbound: 'said', outbound: 'heard', both: 'apart' } as const;
/** Messages that cannot be used of which the log tells. */
const MAX_COMPLAINTS = 10;
/** Keys that the other side asks for and that are not sent yet: each takes its time, and none goes to a party on hold. */
const MAX_KEYS = 100;

/** One stream (spec/media.md 7): audio, keys and marks out, and of two-way streams audio, marks and keys in. */
export class MediaStream {
  /** Never rejects. */
  readonly done: Promise<StreamEnd>;
  readonly #setting: MediaStreamOptions;
  readonly #messages: StreamMessages;
  readonly #output: SocketOutput;
  /**
   * A key that is down: its length is told when it comes up. Of one that went down while the stream connected, that may
   * have been before anybody is told when keys come up.
   */
  #down: { readonly digit: string; readonly isEarly: boolean } | undefined;
  #keysWaiting = 0;
  /** Aborts when it is stopped: what plays next would wait for its keys. A peer that closes still wants them sent. */
  readonly #keysOver = new AbortController();
  /** Resolves when it is stopped, or cannot be connected. */
  readonly #stopped = Promise.withResolvers<void>();
  #complaints = 0;

  constructor(setting: MediaStreamOptions) {
    const { id, options, format, media, network, call, log, signal } = setting;
    this.#setting = setting;
    this.#messages = new StreamMessages({
      streamSid: options.controlId,
      accountSid: call.project_id,
      callSid: call.call_id,
      tracks: TRACKS[options.tracks],
      customParameters: options.customParameters,
      format,
      twoWay: options.twoWay !== undefined,
    });
    const { url, bearerToken } = options;
    this.#output = new SocketOutput({
      media,
      copyId: id,
      spec: { take: TAKES[options.tracks], ...format },
      network,
      url,
      bearerToken,
      log,
      signal,
      packet: (track, payload) => this.#messages.media(track === 'said' ? 'inbound' : 'outbound', payload),
      onText: options.twoWay === undefined ? undefined : (text) => this.#asked(text),
      onBinary:
        options.twoWay === undefined
          ? undefined
          : () => this.#complain('it is binary: expected JSON as a text message'),
      farewell: () => {
        this.#keyUp(undefined);
        return this.#messages.stop();
      },
    });
    this.done = this.#output.done.then((end) => this.#playedOut(end));
  }

  /** @throws Error when it cannot be connected */
  async start(): Promise<void> {
    const { id, media, options, format } = this.#setting;
    const unlisten = media.listen((event) => this.#heard(event));
    if (options.twoWay !== undefined) {
      const { codec, sampleRate } = format;
      media.send({ type: 'inject', injectId: id, spec: { codec, sampleRate, ...options.twoWay } });
    }
    const end = (): void => {
      unlisten();
      if (options.twoWay !== undefined) media.send({ type: 'stopInject', injectId: id });
    };
    try {
      await this.#output.start([this.#messages.connected(), this.#messages.start()]);
    } catch (cause) {
      end();
      this.#stopped.resolve();
      throw cause;
    }
    void this.done.then(({ by }) => {
      end();
      if (by === 'stopped') this.#keysOver.abort();
    });
  }

  stop(): void {
    this.#output.stop();
    this.#stopped.resolve();
  }

  /**
   * What a peer that is gone has said before is heard to its end. Whoever stops that, or had stopped the stream already,
   * wants none of its keys either.
   */
  async #playedOut(end: StreamEnd): Promise<StreamEnd> {
    const { id, media, options } = this.#setting;
    if (end.by !== 'peer' || options.twoWay === undefined) return end;
    const { promise, resolve } = Promise.withResolvers<void>();
    const name = `end of ${id}`;
    const unlisten = media.listen((event) => {
      const isPlayed = event.type === 'injectedMark' && event.injectId === id && event.name === name;
      if (isPlayed || event.type === 'closed') resolve();
    });
    media.send({ type: 'injectMark', injectId: id, name });
    const isStopped = await Promise.race([promise.then(() => false), this.#stopped.promise.then(() => true)]);
    unlisten();
    if (isStopped) this.#keysOver.abort();
    return end;
  }

  #heard(event: MediaEvent): void {
    const { id, log } = this.#setting;
    if (event.type === 'digit') {
      this.#keyUp(undefined);
      this.#down = { digit: event.digit, isEarly: !this.#output.open };
      if (event.via !== 'rfc4733') this.#keyUp(event.durationMs > 0 ? event.durationMs : undefined);
    } else if (event.type === 'digitUp') {
      this.#keyUp(event.durationMs);
    } else if (event.type === 'injectedMark' && event.injectId === id) {
      this.#output.send(this.#messages.mark(event.name));
    } else if (event.type === 'injectDropped' && event.injectId === id) {
      log.warn({ samples: event.samples }, 'audio comes faster than it may wait: the oldest is left out');
    }
  }

  /** @param durationMs undefined when nobody knows */
  #keyUp(durationMs: number | undefined): void {
    if (this.#down === undefined) return;
    const { digit, isEarly } = this.#down;
    this.#down = undefined;
    // Messages are counted: one that went nowhere would be missing to the other side.
    if (!this.#output.open || (isEarly && durationMs === undefined)) return;
    this.#output.send(this.#messages.dtmf(digit, durationMs));
  }

  #asked(text: string): void {
    const { id, options, media } = this.#setting;
    const message = readMessage(text, options.controlId);
    switch (message.kind) {
      case 'media':
        media.send({ type: 'injectAudio', injectId: id, payload: message.payload });
        return;
      case 'mark':
        media.send({ type: 'injectMark', injectId: id, name: message.name });
        return;
      case 'clear':
        media.send({ type: 'clearInjected', injectId: id });
        return;
      case 'dtmf':
        if (this.#keysWaiting < MAX_KEYS) void this.#sendKey(message.digit);
        else this.#complain(`${MAX_KEYS} keys wait to be sent already`);
        return;
      case 'invalid':
        this.#complain(message.reason);
        return;
    }
  }

  /** Never rejects. */
  async #sendKey(digit: string): Promise<void> {
    const { log, sendDigits } = this.#setting;
    this.#keysWaiting++;
    try {
      await sendDigits(digit, this.#keysOver.signal);
    } catch (cause) {
      log.warn({ err: cause }, 'the key that the stream asks for cannot be sent');
    } finally {
      this.#keysWaiting--;
    }
  }

  #complain(reason: string): void {
    if (++this.#complaints > MAX_COMPLAINTS) return;
    this.#setting.log.warn({ reason }, 'a message of the stream cannot be used');
  }
}
