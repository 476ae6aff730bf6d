import type { Logger } from '../log/logger.ts';
import { DtmfDetector } from '../media/dtmf-detector.ts';
import { mixSamples } from '../media/mix.ts';
import { CODEC_RATES } from '../mediaworker/codec-rates.ts';
import type { AudioCodec, MediaEvent, NegotiatedMedia } from '../mediaworker/protocol.ts';
import { ReceivePath } from '../mediaworker/receive-path.ts';
import { SendPath } from '../mediaworker/send-path.ts';
import type { RtpSocket } from '../rtp/sockets.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { HeardAudio } from './heard-audio.ts';

export interface CallerLineOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  readonly socket: RtpSocket;
  readonly codec: AudioCodec;
  /** RFC 4733 payload type that keys are sent with; undefined: keys are sent as tones. */
  readonly telephoneEventPayloadType: number | undefined;
}

/** Where the other side takes audio. */
export interface Remote {
  readonly address: string;
  readonly rtpPort: number;
}

/** Listens to what is heard, frame by frame. */
export type FrameListener = (frame: Int16Array) => void;

const TICK_MS = 20;
/** Packets leave in the middle between two ticks of the other side, as on any two machines. */
const PHASE_MS = 10;
/** RFC 3551 6; Opus has none of its own. */
export const PAYLOAD_TYPES: Readonly<Record<AudioCodec, number>> = { PCMU: 0, PCMA: 8, G722: 9, OPUS: 111 };

/** The caller's end of the line: RTP out and in, on the same paths that the server's end takes. */
export class CallerLine {
  /** Of the codec, Hz. */
  readonly sampleRate: number;
  /** All that came, from the first moment on. */
  readonly heard: HeardAudio;
  readonly #options: CallerLineOptions;
  readonly #receivePath: ReceivePath;
  readonly #sendPath: SendPath;
  readonly #frame: Int16Array;
  readonly #frameListeners = new Set<FrameListener>();
  /** Hears keys that come as tones; undefined on a line with events. */
  readonly #tones: DtmfDetector | undefined;
  readonly #ends = new Map<string, () => void>();
  #timer: Timer | undefined;
  #sending = false;
  #noise: (() => number) | undefined;
  #nextId = 1;
  #keys = '';

  constructor(options: CallerLineOptions) {
    const { clock, log, random, socket } = options;
    const { sampleRate } = CODEC_RATES[options.codec];
    this.#options = options;
    this.sampleRate = sampleRate;
    this.heard = new HeardAudio(sampleRate);
    this.#frame = new Int16Array((sampleRate * TICK_MS) / 1000);
    this.#receivePath = new ReceivePath({
      sampleRate,
      startMs: clock.monotonic(),
      tickMs: TICK_MS,
      log,
      onKeyDown: (digit) => {
        this.#keys += digit;
      },
    });
    if (options.telephoneEventPayloadType === undefined) {
      this.#tones = new DtmfDetector(sampleRate, {
        keyDown: (digit) => {
          this.#keys += digit;
        },
        keyUp: () => {},
      });
    }
    const { latch } = this.#receivePath;
    this.#sendPath = new SendPath({
      sessionId: 'caller',
      sampleRate,
      tickMs: TICK_MS,
      idle: 'silence',
      random,
      log,
      send: (buffer, length) => {
        if (latch.targetPort !== 0) socket.send(buffer, 0, length, latch.targetPort, latch.targetAddress);
      },
      addNoise: (frame, sounding) => this.#addNoise(frame, sounding),
      onEvent: (event) => this.#ended(event),
    });
    socket.onPacket = (bytes, address, port) =>
      this.#receivePath.receive(bytes, address, port, clock.monotonic());
    this.#timer = clock.after(PHASE_MS, () => {
      this.#timer = clock.every(TICK_MS, () => this.#tick());
      this.#tick();
    });
  }

  get rtpPort(): number {
    return this.#options.socket.rtpPort;
  }

  /** Keys that came from the other side. */
  get keysHeard(): string {
    return this.#keys;
  }

  /** Takes what the other side sends; from the answer on, sends as well. */
  connect(remote: Remote, answered: boolean): void {
    const { codec, telephoneEventPayloadType } = this.#options;
    const media: NegotiatedMedia = {
      codec,
      payloadType: PAYLOAD_TYPES[codec],
      telephoneEventPayloadType,
      telephoneEventClockRate: CODEC_RATES[codec].clockRate,
      remoteAddress: remote.address,
      remotePort: remote.rtpPort,
      remoteRtcpPort: remote.rtpPort + 1,
      direction: 'sendrecv',
      ptimeMs: TICK_MS,
    };
    this.#receivePath.configure(media);
    this.#sendPath.configure(media);
    this.#sending = answered;
  }

  /** Sends samples; resolves when they are out, or the line is closed. */
  play(samples: Int16Array): Promise<void> {
    if (samples.length === 0 || this.#timer === undefined) return Promise.resolve();
    const streamId = this.#nextId++;
    const playId = String(streamId);
    const { player } = this.#sendPath;
    return new Promise((resolve) => {
      this.#ends.set(playId, resolve);
      player.play(playId, [{ kind: 'stream', streamId }], 0);
      player.feed(streamId, samples, true, undefined);
    });
  }

  /** Breaks off all that plays. */
  stopPlaying(): void {
    this.#sendPath.player.stopAll();
  }

  /**
   * Presses keys (`0-9A-D*#`, `w` and `W` for pauses); resolves when the last one is released.
   * @param by default: as events where the call has them
   */
  press(keys: string, by?: 'rfc4733' | 'inband'): Promise<void> {
    if (this.#timer === undefined) return Promise.resolve();
    const sendId = `keys-${this.#nextId++}`;
    return new Promise((resolve) => {
      this.#ends.set(sendId, resolve);
      this.#sendPath.sendDigits(sendId, keys, by === 'inband');
    });
  }

  /** Lies under everything that is sent from now on; undefined: silence. @param next the next sample of noise */
  setNoise(next: (() => number) | undefined): void {
    this.#noise = next;
  }

  /** @returns the function that ends the subscription */
  onFrame(listener: FrameListener): () => void {
    this.#frameListeners.add(listener);
    return () => this.#frameListeners.delete(listener);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#options.socket.close();
    this.#receivePath.close();
    this.#sendPath.close();
    for (const resolve of this.#ends.values()) resolve();
    this.#ends.clear();
  }

  #tick(): void {
    const { timeline } = this.#receivePath;
    let advance = this.#receivePath.tick(this.#options.clock.monotonic());
    for (let from = timeline.head - advance; advance > 0; ) {
      const count = Math.min(advance, this.#frame.length);
      timeline.copyTo(this.#frame, 0, from, count);
      this.heard.append(this.#frame, count);
      this.#tones?.process(this.#frame, 0, count);
      if (count === this.#frame.length) for (const listener of this.#frameListeners) listener(this.#frame);
      from += count;
      advance -= count;
    }
    if (this.#sending) this.#sendPath.tick();
  }

  #addNoise(frame: Int16Array, sounding: boolean): boolean {
    const next = this.#noise;
    if (next === undefined) return sounding;
    for (let i = 0; i < frame.length; i++) frame[i] = mixSamples(sounding ? frame[i]! : 0, next());
    return true;
  }

  #ended(event: MediaEvent): void {
    const id =
      event.type === 'playEnded' ? event.playId : event.type === 'digitsSent' ? event.sendId : undefined;
    if (id === undefined) return;
    const resolve = this.#ends.get(id);
    this.#ends.delete(id);
    resolve?.();
  }
}
