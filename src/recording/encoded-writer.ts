import type { Clock } from '../time/clock.ts';
import { type ByteTarget, TargetError } from './byte-target.ts';
import { completeFromSpool, LEAD_FRAMES, writeEnd } from './encoder/complete.ts';
import type { Encoders, EncoderStream } from './encoder/encoder-thread.ts';
import type { EncodedFormat, EncodingSpec } from './encoder/frame-encoder.ts';
import type { EncodedFrames, FrameLayout } from './frame-layout.ts';
import { Mp3Layout } from './mp3-layout.ts';
import { Mp4Layout } from './mp4-layout.ts';
import { PcmSpool, spoolHeader } from './pcm-spool.ts';
import type { AudioShape, RecordingWriter } from './recording-writer.ts';
import type { RepairFile } from './repair-file.ts';
import { SampleBuffers, sampleBytes } from './sample-buffers.ts';

export interface EncodedWriterOptions extends AudioShape {
  readonly format: EncodedFormat;
  readonly kbps: number;
  readonly encoders: Encoders;
  /** Makes the target of samples that cannot be encoded yet. */
  readonly createSpool: () => ByteTarget;
  /** Waits for the encoder in virtual time. */
  readonly clock: Clock;
}

/** Audio that is gathered before it goes to the encoder, about: it bounds what a crash can cost. */
const PORTION_MS = 320;
/**
 * When an encoder owes more than the portion before, samples go to the spool as well, from there on to the end: they
 * shall survive a crash. It owes so much while its thread starts on a busy machine, say.
 */
const UNSAFE_BEHIND_MS = 400;
/** Frames that came from the encoder so lately may still be on their way to the disk: their samples are kept, too. */
const ON_THE_WAY_MS = 1000;
/** An encoder that is so far behind gets no more: the rest goes to the spool alone. */
const MAX_BEHIND_MS = 8000;
/** In virtual time, the encoder is waited for when it is so far behind. */
const HOLD_BEHIND_MS = 2000;
/** Length and places in the file are numbers of 32 bits; some of that goes for what is around the frames. */
const MAX_BYTES = 0.8 * 2 ** 32;

const MIME_TYPES: Readonly<Record<EncodedFormat, string>> = { mp3: 'audio/mpeg', mp4: 'audio/mp4' };
const sharedBuffers = new SampleBuffers({ shared: true });

/**
 * Writes a format that is encoded, while it is recorded: samples go to an encoder thread, frames come back and into
 * the file. Nobody waits for the encoder. When it is lost or too slow, the samples it owes, and all that
 * follow, go to a spool beside the file; the end of the recording encodes them, where the lost encoder stopped.
 */
export class EncodedWriter implements RecordingWriter {
  readonly mimeType: string;
  readonly extension: string;
  readonly maxFrames: number;
  readonly #target: ByteTarget;
  readonly #options: EncodedWriterOptions;
  readonly #layout: FrameLayout;
  /** Samples that a fresh encoder would need: those whose frames may not be on disk yet, and a few before them. */
  readonly #tail: { readonly buffer: Int16Array; readonly samples: Int16Array }[] = [];
  /** Sample instants before the tail; of all that were written; of those that the encoder has answered. */
  #tailStart = 0;
  #written = 0;
  #encoded = 0;
  /** As of the present turn's beginning, while something is written in it. */
  #writtenBefore = 0;
  #isWriting = false;
  /** Undefined: no encoder any more. */
  #stream: EncoderStream | undefined;
  #spool: ByteTarget | undefined;
  #onError: ((error: TargetError) => void) | undefined;
  #onNotice: ((text: string) => void) | undefined;
  #finishing = false;
  #closed = false;
  /** Settles when the encoder has said its last word. */
  readonly #ended = Promise.withResolvers<void>();
  #caughtUp: PromiseWithResolvers<void> | undefined;

  constructor(target: ByteTarget, options: EncodedWriterOptions) {
    const { format, kbps, sampleRate } = options;
    this.mimeType = MIME_TYPES[format];
    this.extension = format;
    this.#target = target;
    this.#options = options;
    this.#layout = frameLayout(format, options, kbps);
    this.maxFrames = Math.floor(MAX_BYTES / Math.max(1, (kbps * 125) / sampleRate));
  }

  begin(
    onError: (error: TargetError) => void,
    onOpen?: () => void,
    onNotice?: (text: string) => void,
  ): Int16Array {
    let failed = false;
    this.#onError = (error) => {
      // Target and spool may fail both.
      if (!failed) onError(error);
      failed = true;
    };
    this.#onNotice = onNotice;
    this.#target.open(this.#onError, onOpen);
    this.#target.append(this.#layout.head());
    this.#stream = this.#options.encoders.open(this.#encoding, {
      frames: (frames, samples) => this.#framesCame(frames, samples),
      ended: (frames) => {
        this.#framesCame(frames, 0);
        this.#ended.resolve();
      },
      lost: (reason) => this.#fallBack(reason),
    });
    return this.#acquire();
  }

  write(buffer: Int16Array, frames: number): Int16Array {
    this.#take(buffer, frames);
    if (this.#stream !== undefined && this.#behindMs > MAX_BEHIND_MS) {
      this.#fallBack(`the encoder is ${Math.round(this.#behindMs / 1000)} s behind`);
    } else if (this.#spool === undefined && this.#behindMs > UNSAFE_BEHIND_MS && this.#owesEarlier) {
      this.#openSpool();
    }
    return this.#acquire();
  }

  async finish(buffer: Int16Array, frames: number): Promise<number> {
    this.#finishing = true;
    if (frames > 0) this.#take(buffer, frames);
    else sharedBuffers.release(buffer);
    this.#stream?.end();
    if (this.#stream !== undefined) await this.#ended.promise;
    const spool = this.#spool;
    // The encoder may have been lost while it was waited for.
    if (spool !== undefined && this.#stream === undefined) await this.#completeFrom(spool);
    else await writeEnd(this.#layout, this.#written, this.#target);
    this.#closed = true;
    const size = await this.#target.finish();
    // Only now: until then it was all there was.
    await spool?.discard();
    return size;
  }

  async discard(): Promise<void> {
    this.#close();
    await Promise.all([this.#target.discard(), this.#spool?.discard()]);
  }

  async abandon(): Promise<void> {
    this.#close();
    await Promise.all([this.#target.abandon(), this.#spool?.abandon()]);
  }

  get #encoding(): EncodingSpec {
    const { format, sampleRate, channels, kbps } = this.#options;
    return { format, sampleRate, channels, kbps, skipFrames: 0 };
  }

  /** Of what was written before the present turn: a recording that begins late writes much at once. */
  get #owesEarlier(): boolean {
    return this.#writtenBefore > this.#encoded;
  }

  get #behindMs(): number {
    return ((this.#written - this.#encoded) * 1000) / this.#options.sampleRate;
  }

  #acquire(): Int16Array {
    const { sampleRate, channels } = this.#options;
    const { samplesPerFrame } = this.#layout;
    // Whole frames, so that every portion makes as many, and the tables of the file stay short.
    const frames = Math.max(1, Math.round((sampleRate * PORTION_MS) / 1000 / samplesPerFrame));
    return sharedBuffers.acquire(frames * samplesPerFrame * channels);
  }

  #take(buffer: Int16Array, frames: number): void {
    const samples = buffer.subarray(0, frames * this.#options.channels);
    if (!this.#isWriting) {
      this.#isWriting = true;
      this.#writtenBefore = this.#written;
      queueMicrotask(() => {
        this.#isWriting = false;
      });
    }
    this.#written += frames;
    if (this.#stream === undefined) {
      this.#spool?.append(sampleBytes(samples), () => sharedBuffers.release(buffer));
    } else {
      this.#tail.push({ buffer, samples });
      this.#stream.send(samples);
      // A copy: the encoder may be done with the buffer while the disk is not.
      this.#spool?.append(sampleBytes(samples.slice()));
      if (this.#behindMs > HOLD_BEHIND_MS && this.#caughtUp === undefined) {
        this.#caughtUp = Promise.withResolvers();
        void this.#options.clock.holdWhile(this.#caughtUp.promise);
      }
    }
  }

  #framesCame(frames: EncodedFrames, samples: number): void {
    if (this.#closed) return;
    this.#encoded += samples / this.#options.channels;
    if (frames.sizes.length > 0) this.#target.append(this.#layout.add(frames));
    this.#shortenTail();
    if (this.#behindMs <= HOLD_BEHIND_MS) this.#noLongerWaitedFor();
  }

  #shortenTail(): void {
    const { channels, sampleRate } = this.#options;
    const needed =
      (this.#layout.frames - LEAD_FRAMES) * this.#layout.samplesPerFrame -
      (sampleRate * ON_THE_WAY_MS) / 1000;
    for (let first = this.#tail[0]; first !== undefined; first = this.#tail[0]) {
      const end = this.#tailStart + first.samples.length / channels;
      if (end > needed || end > this.#encoded) return;
      this.#tail.shift();
      this.#tailStart = end;
      sharedBuffers.release(first.buffer);
    }
  }

  /** Goes on without an encoder. */
  #fallBack(reason: string): void {
    this.#stream?.drop();
    this.#stream = undefined;
    this.#noLongerWaitedFor();
    if (!this.#closed) {
      this.#onNotice?.(`${reason}: the rest of the recording is encoded at its end`);
      if (this.#spool === undefined) this.#openSpool();
    }
    this.#dropTail();
    this.#ended.resolve();
  }

  /** Begins it with what the encoder owes. */
  #openSpool(): void {
    const onError = this.#onError;
    if (onError === undefined) return;
    this.#spool = this.#options.createSpool();
    this.#spool.open((error) => {
      // At the end, it is needed only if the encoder does not come to its last word; then the end tells what is wrong.
      if (!this.#finishing) onError(error);
    });
    this.#spool.append(spoolHeader({ ...this.#options, from: this.#tailStart }));
    for (const { samples } of this.#tail) this.#spool.append(sampleBytes(samples.slice()));
  }

  /** @throws TargetError */
  async #completeFrom(target: ByteTarget): Promise<void> {
    await target.finish();
    let file: RepairFile | undefined;
    try {
      file = await target.reopen();
      const spool = await PcmSpool.open(file);
      if (spool === undefined) throw new Error('the spool of the recording is gone');
      await completeFromSpool(spool, this.#layout, this.#target, this.#options.encoders, this.#encoding);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new TargetError('ENCODER', `the recording could not be encoded: ${reason}`, { cause });
    } finally {
      await file?.close();
    }
  }

  #noLongerWaitedFor(): void {
    this.#caughtUp?.resolve();
    this.#caughtUp = undefined;
  }

  #close(): void {
    this.#closed = true;
    this.#stream?.drop();
    this.#stream = undefined;
    this.#noLongerWaitedFor();
    this.#ended.resolve();
    this.#dropTail();
  }

  #dropTail(): void {
    for (const { buffer } of this.#tail.splice(0)) sharedBuffers.release(buffer);
  }
}

/** How the frames of a format lie in its file. */
export function frameLayout(format: EncodedFormat, shape: AudioShape, kbps: number): FrameLayout {
  return format === 'mp3' ? new Mp3Layout(shape, kbps) : new Mp4Layout({ ...shape, kbps });
}
