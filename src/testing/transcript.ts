import type { PlayableSound } from '../call/leg.ts';
import { plainText } from '../speech/segments.ts';

/** One sound that was played to the caller. */
export interface SoundHeard {
  readonly kind: PlayableSound['kind'];
  /** What was said, without markup; empty for other sounds. */
  readonly text: string;
  /** Of a file; empty for other sounds. */
  readonly url: string;
  /** Since the start of the call, seconds. */
  readonly startedAt: number;
  /** Seconds; undefined while it sounds. */
  readonly lasted: number | undefined;
  /** Whether it was broken off. */
  readonly cut: boolean;
}

interface Entry {
  readonly kind: PlayableSound['kind'];
  readonly text: string;
  readonly url: string;
  readonly playId: string;
  /** Into its playlist, ms. */
  readonly atMs: number;
  readonly startMs: number;
  /** Of the whole, ms; undefined when it is not known. */
  readonly lengthMs: number | undefined;
  endMs: number | undefined;
  /** How much of it sounded, ms; known at its end. */
  playedMs: number | undefined;
}

/** Speaking rate that is assumed where the length of an utterance is not known, characters per ms. */
const CHARACTERS_PER_MS = 0.015;
/** Of an utterance that has sounded but for this much, everything has been heard, ms. */
const TAIL_MS = 20;

/**
 * What the caller has heard, in words: an utterance becomes text in the measure in which it sounds, word by
 * word, and no further than it got.
 */
export class Transcript {
  readonly #entries: Entry[] = [];

  /** A sound begins, `atMs` into its playlist. */
  started(
    playId: string,
    sound: PlayableSound,
    atMs: number,
    nowMs: number,
    lengthMs: number | undefined,
  ): void {
    const running = this.#entries.findLast((entry) => entry.endMs === undefined);
    if (running?.playId === playId) this.#end(running, nowMs, atMs - running.atMs);
    this.#entries.push({
      kind: sound.kind,
      text: sound.kind === 'say' ? plainText(sound.text) : '',
      url: sound.kind === 'url' ? sound.url : '',
      playId,
      atMs,
      startMs: nowMs,
      lengthMs,
      endMs: undefined,
      playedMs: undefined,
    });
  }

  /** A playlist ended, `playedMs` into it; undefined: with the call. */
  ended(playId: string, playedMs: number | undefined, nowMs: number): void {
    const running = this.#entries.findLast((entry) => entry.endMs === undefined && entry.playId === playId);
    if (running === undefined) return;
    const played = playedMs === undefined ? nowMs - running.startMs : playedMs - running.atMs;
    this.#end(running, nowMs, Math.max(0, played));
  }

  /** All that was said so far, utterances parted by a blank. */
  text(nowMs: number): string {
    const texts: string[] = [];
    for (const entry of this.#entries) if (entry.text !== '') texts.push(heard(entry, nowMs));
    return texts.join(' ').trimEnd();
  }

  /** Everything that sounded, in order. @param originMs start of the call */
  sounds(originMs: number): readonly SoundHeard[] {
    return this.#entries.map((entry) => ({
      kind: entry.kind,
      text: entry.text,
      url: entry.url,
      startedAt: (entry.startMs - originMs) / 1000,
      lasted: entry.playedMs === undefined ? undefined : entry.playedMs / 1000,
      cut: entry.playedMs !== undefined && entry.playedMs < (entry.lengthMs ?? 0) - TAIL_MS,
    }));
  }

  #end(entry: Entry, nowMs: number, playedMs: number): void {
    entry.endMs = nowMs;
    entry.playedMs = playedMs;
  }
}

function heard({ text, startMs, lengthMs, endMs, playedMs }: Entry, nowMs: number): string {
  const ms = endMs === undefined ? nowMs - startMs : (playedMs ?? 0);
  const whole = lengthMs ?? (endMs === undefined ? text.length / CHARACTERS_PER_MS : ms);
  if (ms >= whole - TAIL_MS) return text;
  const end = text.lastIndexOf(' ', Math.floor((text.length * ms) / whole));
  return end < 0 ? '' : text.slice(0, end);
}
