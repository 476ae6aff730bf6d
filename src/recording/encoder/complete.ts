import type { EncodedFrames, FrameLayout } from '../frame-layout.ts';
import type { PcmSpool } from '../pcm-spool.ts';
import type { Encoders } from './encoder-thread.ts';
import type { EncodingSpec } from './frame-encoder.ts';

/** Where the bytes of a file go: a target or a file under repair. */
export interface ByteSink {
  append(bytes: Uint8Array): void | Promise<void>;
  patch(position: number, bytes: Uint8Array): void | Promise<void>;
  /** Of a target, which takes bytes without waiting. */
  drained?(): Promise<void>;
}

/**
 * Frames before the first new one that a fresh encoder must have seen for the new ones to follow the old without a
 * seam: blocks overlap by half, filters reach further, and what the encoder expects of the ear settles.
 */
export const LEAD_FRAMES = 3;

/** By what encoders fill up the end, at most: LAME a frame and what its decoders are late by, AAC a frame. */
const MOST_PADDING_FRAMES = 1.25;
/** Sample instants that are encoded at a time, ms. */
const PORTION_MS = 1000;
/** The end of a long file is larger than what may wait in a target: it goes in slices. */
const SLICE_BYTES = 64 * 1024;

/**
 * Encodes what a spool holds behind the frames that `layout` has, and writes the end of the file.
 * @param spec `skipFrames` does not count
 * @returns sample instants of the whole recording
 * @throws Error when the encoder is lost
 * @throws what reading and writing throw
 */
export async function completeFromSpool(
  spool: PcmSpool,
  layout: FrameLayout,
  sink: ByteSink,
  encoders: Encoders,
  spec: EncodingSpec,
): Promise<number> {
  const { samplesPerFrame, decodableSamples } = layout;
  const ahead = decodableSamples - spool.until;
  if (ahead >= 0) {
    // The last frames of an encoder are filled up. More than that, and a killed process has brought frames to the
    // disk, and not yet the samples that they were made of.
    const samples = ahead > MOST_PADDING_FRAMES * samplesPerFrame ? decodableSamples : spool.until;
    await writeEnd(layout, samples, sink);
    return samples;
  }
  // Frames of the fresh encoder shall fall on those of the lost one.
  const firstWhole = Math.ceil(spool.head.from / samplesPerFrame);
  const firstFrame = Math.max(firstWhole, layout.frames - LEAD_FRAMES);
  // Frames that never came to the disk, when the process was killed: the file goes on without them.
  const lostFrames = Math.max(0, firstFrame - layout.frames);
  const skipFrames = Math.max(0, layout.frames - firstFrame);
  const stream = new AwaitedStream(encoders, { ...spec, skipFrames });
  const add = async (frames: EncodedFrames): Promise<void> => {
    if (frames.sizes.length > 0) await sink.append(layout.add(frames));
  };
  try {
    const portion = (spool.head.sampleRate * PORTION_MS) / 1000;
    for (let at = firstFrame * samplesPerFrame; at < spool.until; at += portion) {
      await add(await stream.encode(await spool.read(at, portion)));
    }
    await add(await stream.finish());
  } finally {
    stream.drop();
  }
  const samples = Math.min(layout.decodableSamples, spool.until - lostFrames * samplesPerFrame);
  await writeEnd(layout, samples, sink);
  return samples;
}

/**
 * Writes what ends a file.
 * @param samples sample instants of the recording; what the frames do not hold does not count
 */
export async function writeEnd(layout: FrameLayout, samples: number, sink: ByteSink): Promise<void> {
  const { tail, patch } = layout.finish(Math.min(samples, layout.decodableSamples));
  for (let at = 0; at < tail.length; at += SLICE_BYTES) {
    await sink.append(tail.subarray(at, at + SLICE_BYTES));
    await sink.drained?.();
  }
  await sink.patch(patch.position, patch.bytes);
}

/** An encoder's stream as one question after the other. */
class AwaitedStream {
  readonly #stream;
  #answer = Promise.withResolvers<EncodedFrames>();
  #lost: Error | undefined;

  constructor(encoders: Encoders, spec: EncodingSpec) {
    const answer = (frames: EncodedFrames): void => this.#answer.resolve(frames);
    this.#stream = encoders.open(spec, {
      frames: answer,
      ended: answer,
      lost: (reason) => {
        this.#lost = new Error(reason);
        this.#answer.reject(this.#lost);
      },
    });
    // Nobody may be waiting when the encoder is lost.
    this.#answer.promise.catch(() => {});
  }

  encode(samples: Int16Array): Promise<EncodedFrames> {
    return this.#ask(() => this.#stream.send(samples));
  }

  finish(): Promise<EncodedFrames> {
    return this.#ask(() => this.#stream.end());
  }

  drop(): void {
    this.#stream.drop();
  }

  #ask(question: () => void): Promise<EncodedFrames> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    this.#answer = Promise.withResolvers();
    question();
    return this.#answer.promise;
  }
}
