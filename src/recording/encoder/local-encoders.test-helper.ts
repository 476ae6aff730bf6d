import type { EncoderListener, Encoders, EncoderStream } from './encoder-thread.ts';
import { type EncodingSpec, type FrameEncoder, openFrameEncoder } from './frame-encoder.ts';

interface Work {
  readonly samples: Int16Array | undefined;
}

interface Stream {
  readonly spec: EncodingSpec;
  readonly listener: EncoderListener;
  readonly work: Work[];
  opening: Promise<FrameEncoder> | undefined;
  encoder: FrameEncoder | undefined;
}

/**
 * The real encoders on the test's own thread, which work when the test lets them, and die when it wants: what may
 * become of an encoder thread, without its being a matter of luck.
 */
export class LocalEncoders implements Encoders {
  readonly streams: Stream[] = [];
  /** Says what every stream asked for was. */
  readonly opened: EncodingSpec[] = [];
  /** New streams are lost at once, with this reason. */
  broken: string | undefined;
  /** Works by itself, as a thread does, in the turn after it was asked. */
  working = false;

  open(spec: EncodingSpec, listener: EncoderListener): EncoderStream {
    const stream: Stream = { spec, listener, work: [], opening: undefined, encoder: undefined };
    this.opened.push(spec);
    this.streams.push(stream);
    const reason = this.broken;
    if (reason !== undefined) queueMicrotask(() => this.kill(reason));
    const ask = (samples: Int16Array | undefined): void => {
      stream.work.push({ samples });
      if (this.working) void this.work();
    };
    return {
      send: ask,
      end: () => ask(undefined),
      drop: () => this.#forget(stream),
    };
  }

  /** Does everything it was asked for. */
  async work(): Promise<void> {
    for (const stream of [...this.streams]) {
      stream.opening ??= openFrameEncoder(stream.spec);
      stream.encoder = await stream.opening;
      for (let next = stream.work.shift(); next !== undefined; next = stream.work.shift()) {
        if (next.samples !== undefined) {
          stream.listener.frames(stream.encoder.encode(next.samples), next.samples.length);
          continue;
        }
        const last = stream.encoder.finish();
        this.#forget(stream);
        stream.listener.ended(last);
      }
    }
  }

  /** Loses all streams. */
  kill(reason = 'it was killed'): void {
    for (const stream of this.streams.splice(0)) {
      stream.encoder?.close();
      stream.listener.lost(reason);
    }
  }

  #forget(stream: Stream): void {
    const at = this.streams.indexOf(stream);
    if (at < 0) return;
    this.streams.splice(at, 1);
    stream.encoder?.close();
  }
}
