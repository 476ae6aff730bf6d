import type { Logger } from '../log/logger.ts';
import { redactUrl } from '../log/redact.ts';
import type { Sound } from '../mediaworker/protocol.ts';
import type { LoadedSound } from './sounds/loader.ts';
import type { PlayableSound, PlayOperation, PlayResult } from './leg.ts';
import type { MediaClient } from './media-client.ts';

/** Turns playable sounds into audio at `sampleRate` Hz. Errors of `chunks` come from their iteration. */
export interface SoundSource {
  load(sound: PlayableSound, sampleRate: number, signal: AbortSignal): LoadedSound;
}

/** Seconds of audio that may lie in the media side unplayed; more is not read from the source. */
const AHEAD_SECONDS = 5;

/** On a call that is over. */
const OVER: PlayOperation = {
  done: Promise.resolve({ state: 'stopped', playedMs: 0 }),
  stop: () => {},
  pause: () => {},
  resume: () => {},
  setVolume: () => {},
};

/** What sounds, and when it is over. */
export type SoundingEvent =
  /** `atMs`: how much of its playlist was sent before it. */
  | {
      readonly type: 'started';
      readonly playId: string;
      readonly sound: PlayableSound;
      readonly atMs: number;
    }
  | ({ readonly type: 'ended'; readonly playId: string } & PlayResult);

interface Feeding {
  consumed: number;
  wake: (() => void) | undefined;
}

/** A sound that is to be fed. */
interface Stream {
  readonly id: number;
  readonly chunks: AsyncIterable<Int16Array>;
  /** It is made at full speed, however slowly it is heard. */
  readonly isSpeech: boolean;
}

/** The playlists of one leg: loads sounds, feeds them to the media session in time, reports their end. */
export class Playback {
  readonly #media: MediaClient;
  readonly #source: SoundSource;
  readonly #log: Logger;
  readonly #onSound: (event: SoundingEvent) => void;
  readonly #feeding = new Map<number, Feeding>();
  readonly #pending = new Map<
    string,
    { readonly sounds: readonly PlayableSound[]; readonly resolve: (result: PlayResult) => void }
  >();
  #nextId = 1;
  #over = false;
  /** Of all lists so far, what sounds is at the media side, or they are over. */
  #fed: Promise<void> = Promise.resolve();

  constructor(
    media: MediaClient,
    source: SoundSource,
    log: Logger,
    onSound: (event: SoundingEvent) => void = () => {},
  ) {
    this.#media = media;
    this.#source = source;
    this.#log = log;
    this.#onSound = onSound;
    media.listen((event) => {
      if (event.type === 'streamProgress') this.#progress(event.streamId, event.consumedSamples);
      else if (event.type === 'soundStarted') this.#started(event.playId, event.index, event.atMs);
      else if (event.type === 'playEnded') {
        this.#finish(event.playId, {
          state: event.state,
          playedMs: event.playedMs,
          ...(event.error !== undefined && { error: event.error }),
        });
      }
    });
  }

  play(sounds: readonly PlayableSound[], volumeDb: number): PlayOperation {
    const playId = `play-${this.#nextId++}`;
    const abort = new AbortController();
    if (this.#over) return OVER;

    const streams: Stream[] = [];
    const described = sounds.map((sound): Sound => {
      const loaded = this.#source.load(sound, this.#media.sampleRate, abort.signal);
      if (loaded.kind === 'made') return loaded.sound;
      const id = this.#nextId++;
      streams.push({ id, chunks: loaded.chunks, isSpeech: sound.kind === 'say' });
      return { kind: 'stream', streamId: id };
    });
    const done = new Promise<PlayResult>((resolve) => this.#pending.set(playId, { sounds, resolve })).finally(
      () => abort.abort(),
    );
    this.#media.send({ type: 'play', playId, sounds: described, gainDb: volumeDb });
    const before = this.#fed;
    const ended = Promise.all([before, done]).then(() => {});
    this.#fed = Promise.race([this.#feedAll(streams, before, abort.signal), ended]);
    return {
      done,
      stop: () => this.#media.send({ type: 'stopPlay', playId }),
      pause: () => this.#media.send({ type: 'pausePlay', playId }),
      resume: () => this.#media.send({ type: 'resumePlay', playId }),
      setVolume: (gainDb) => this.#media.send({ type: 'playVolume', playId, gainDb }),
    };
  }

  /** The call is over: whatever still plays ends as stopped. */
  close(): void {
    this.#over = true;
    for (const playId of [...this.#pending.keys()]) this.#finish(playId, { state: 'stopped', playedMs: 0 });
  }

  /**
   * Speech is asked for at once, a file when all before it is at the media side, some seconds ahead of its time.
   * Else those who serve the later files would be left half read for minutes, and give up, or be too many at once.
   */
  async #feedAll(streams: readonly Stream[], before: Promise<void>, signal: AbortSignal): Promise<void> {
    let fed: Promise<boolean> = before.then(() => true);
    for (const { id, chunks, isSpeech } of streams) {
      const previous = fed;
      const speech = isSpeech ? this.#feed(id, chunks, signal) : undefined;
      fed = previous.then(async (goesOn) => {
        if (!goesOn || signal.aborted) return false;
        return await (speech ?? this.#feed(id, chunks, signal));
      });
    }
    await fed;
  }

  /** @returns whether all of it was sent; never rejects */
  async #feed(streamId: number, chunks: AsyncIterable<Int16Array>, signal: AbortSignal): Promise<boolean> {
    const feeding: Feeding = { consumed: 0, wake: undefined };
    this.#feeding.set(streamId, feeding);
    let fed = 0;
    try {
      for await (const samples of chunks) {
        if (signal.aborted) return false;
        fed += samples.length;
        this.#media.send({ type: 'feed', streamId, samples });
        while (fed - feeding.consumed > AHEAD_SECONDS * this.#media.sampleRate && !signal.aborted) {
          await this.#progressed(feeding, signal);
        }
      }
      this.#media.send({ type: 'feed', streamId, end: true });
      return true;
    } catch (cause) {
      if (signal.aborted) return false;
      const error = cause instanceof Error ? cause.message : String(cause);
      this.#log.warn({ err: cause }, `sound failed: ${error}`);
      this.#media.send({ type: 'feed', streamId, error });
      return false;
    } finally {
      this.#feeding.delete(streamId);
    }
  }

  #progressed(feeding: Feeding, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        feeding.wake = undefined;
        signal.removeEventListener('abort', wake);
        resolve();
      };
      feeding.wake = wake;
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  #progress(streamId: number, consumed: number): void {
    const feeding = this.#feeding.get(streamId);
    if (feeding === undefined) return;
    feeding.consumed = consumed;
    feeding.wake?.();
  }

  #finish(playId: string, result: PlayResult): void {
    const pending = this.#pending.get(playId);
    if (pending === undefined) return;
    this.#pending.delete(playId);
    this.#onSound({ type: 'ended', playId, ...result });
    pending.resolve(result);
  }

  #started(playId: string, index: number, atMs: number): void {
    const sound = this.#pending.get(playId)?.sounds[index];
    if (sound !== undefined) this.#onSound({ type: 'started', playId, sound, atMs });
  }
}

/** Under the name of its kind, what it says: `say`, `url`, `silence` or `ring`. */
export function describeSound(sound: PlayableSound): Readonly<Record<string, unknown>> {
  switch (sound.kind) {
    case 'say':
      return { say: sound.text };
    case 'url':
      return { url: redactUrl(sound.url) };
    case 'silence':
      return { silence: sound.seconds };
    case 'ring':
      return { ring: sound.country };
  }
}
