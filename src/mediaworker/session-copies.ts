import { mixSamples } from '../media/mix.ts';
import type { RtpSocket } from '../rtp/sockets.ts';
import type { Clock } from '../time/clock.ts';
import { AudioPacker } from './audio-packer.ts';
import { warmUpOpus } from './codecs.ts';
import { frameScratch } from './frame-scratch.ts';
import type { AudioCodec, CopySpec, MediaEvent } from './protocol.ts';
import { RtpCopy } from './rtp-copy.ts';

export interface SessionCopiesOptions {
  readonly sessionId: string;
  /** Hz. */
  readonly sampleRate: number;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Binds a port for RTP. @throws Error */
  readonly openSocket: () => Promise<RtpSocket>;
  readonly onEvent: (event: MediaEvent) => void;
}

/** What packs one side, or both mixed. */
interface Sink {
  readonly takes: 'said' | 'heard' | 'mixed';
  readonly packer: Pick<AudioPacker, 'push' | 'close'>;
}

interface Copy {
  readonly sinks: readonly Sink[];
  readonly count: { packets: number };
}

/** Longest frame that is mixed, ms. */
const MAX_FRAME_MS = 20;

/** Copies of the audio of one session that go elsewhere, made at the live head. Without any, nothing is done. */
export class SessionCopies {
  readonly #options: SessionCopiesOptions;
  readonly #running = new Map<string, Copy>();
  /** Asked for, but not there yet. */
  readonly #starting = new Set<string>();
  readonly #mixed: Int16Array;
  #mixes = 0;
  #hears = false;

  constructor(options: SessionCopiesOptions) {
    this.#options = options;
    this.#mixed = frameScratch((options.sampleRate * MAX_FRAME_MS) / 1000).mixed;
  }

  /** Somebody wants to {@link observe}. */
  get active(): boolean {
    return this.#running.size > 0;
  }

  /** Somebody may want to at any moment. */
  get isStarting(): boolean {
    return this.#starting.size > 0;
  }

  /** Somebody copies what the party hears, or did. */
  get hears(): boolean {
    return this.#hears;
  }

  /** A copy that cannot start ends at once. */
  start(copyId: string, spec: CopySpec): void {
    const { clock } = this.#options;
    if (spec.take !== 'said') this.#hears = true;
    if (spec.rtp === undefined && spec.codec !== 'OPUS') {
      this.#run(copyId, this.#asEvents(copyId, spec));
      return;
    }
    this.#starting.add(copyId);
    void clock.holdWhile(this.#startLater(copyId, spec));
  }

  stop(copyId: string): void {
    const copy = this.#running.get(copyId);
    if (copy === undefined) {
      if (this.#starting.delete(copyId)) this.#ended(copyId, 0);
      return;
    }
    this.#running.delete(copyId);
    for (const { takes, packer } of copy.sinks) {
      if (takes === 'mixed') this.#mixes--;
      packer.close();
    }
    this.#ended(copyId, copy.count.packets);
  }

  stopAll(): void {
    for (const copyId of [...this.#starting, ...this.#running.keys()]) this.stop(copyId);
  }

  /** @param said the next `count` samples of the party (≤ one frame) @param heard those that it hears meanwhile */
  observe(said: Int16Array, heard: Int16Array, count: number): void {
    if (this.#mixes > 0) {
      for (let i = 0; i < count; i++) this.#mixed[i] = mixSamples(said[i]!, heard[i]!);
    }
    for (const { sinks } of this.#running.values()) {
      for (let i = 0; i < sinks.length; i++) {
        const { takes, packer } = sinks[i]!;
        packer.push(takes === 'said' ? said : takes === 'heard' ? heard : this.#mixed, count);
      }
    }
  }

  async #startLater(copyId: string, spec: CopySpec): Promise<void> {
    try {
      // Or the first packets would be missing.
      if (spec.codec === 'OPUS') await warmUpOpus();
      const socket = spec.rtp === undefined ? undefined : await this.#options.openSocket();
      if (!this.#starting.delete(copyId)) {
        socket?.close();
      } else if (socket === undefined || spec.rtp === undefined) {
        this.#run(copyId, this.#asEvents(copyId, spec));
      } else {
        this.#run(copyId, this.#asRtp(spec, spec.rtp, socket), socket.rtpPort);
      }
    } catch (cause) {
      if (!this.#starting.delete(copyId)) return;
      this.#ended(copyId, 0, cause instanceof Error ? cause.message : String(cause));
    }
  }

  #run(copyId: string, copy: Copy, rtpPort?: number): void {
    const { sessionId, onEvent } = this.#options;
    this.#running.set(copyId, copy);
    for (const { takes } of copy.sinks) if (takes === 'mixed') this.#mixes++;
    onEvent({ type: 'copyStarted', sessionId, copyId, ...(rtpPort !== undefined && { rtpPort }) });
  }

  #asEvents(copyId: string, spec: CopySpec): Copy {
    const { sessionId, sampleRate, onEvent } = this.#options;
    const count = { packets: 0 };
    const sides = spec.take === 'apart' ? (['said', 'heard'] as const) : ([spec.take] as const);
    const sinks = sides.map((takes): Sink => {
      const track = takes === 'heard' ? 'heard' : 'said';
      const packer = new AudioPacker(spec, sampleRate, {}, (buffer, offset, length) => {
        count.packets++;
        const payload = buffer.slice(offset, offset + length);
        onEvent({ type: 'copied', sessionId, copyId, track, payload });
      });
      return { takes, packer };
    });
    return { sinks, count };
  }

  #asRtp(spec: CopySpec, to: NonNullable<CopySpec['rtp']>, socket: RtpSocket): Copy {
    const { sampleRate, random } = this.#options;
    const codec = spec.codec as AudioCodec;
    const copy = new RtpCopy({ ...spec, codec }, to, socket, sampleRate, random);
    return { sinks: [{ takes: spec.take === 'apart' ? 'mixed' : spec.take, packer: copy }], count: copy };
  }

  #ended(copyId: string, packets: number, error?: string): void {
    const { sessionId, onEvent } = this.#options;
    onEvent({ type: 'copyEnded', sessionId, copyId, packets, ...(error !== undefined && { error }) });
  }
}
