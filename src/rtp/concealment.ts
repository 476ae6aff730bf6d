import { ComfortNoise } from '../media/comfort-noise.ts';
import { FADE_MS, JOIN_MS, PitchConcealer } from '../media/pitch-concealment.ts';
import { Pauses } from './pauses.ts';
import type { SampleRing } from './sample-ring.ts';

/** Longest stretch that is made up at a time, ms. */
const PIECE_MS = 20;

/** By sample rate: they keep nothing of a stream, so all streams of a thread share them. */
const concealers = new Map<number, Scratch>();

interface Scratch {
  readonly concealer: PitchConcealer;
  readonly past: Int16Array;
  readonly future: Int16Array;
  readonly made: Int16Array;
}

/**
 * Fills the holes of a ring of received samples, twice: as the live head passes them, when it is often not
 * known yet what comes behind a hole, nor whether it was lost or is late; and again when recorders are about to
 * read it, when it is. Then what was lost is closed from both sides, and a pause of the sender is silence.
 * Samples that came are never changed; one that comes after all takes its place.
 */
export class Concealment {
  readonly #ring: SampleRing;
  readonly #rate: number;
  readonly #piece: number;
  readonly #fade: number;
  readonly #join: number;
  readonly #pauses = new Pauses();
  #noise: ComfortNoise | undefined;
  /** The live pass has closed a gap up to here, which may be ahead of the head. */
  #closedUntil = 0;
  /** Where a gap begins that nothing has come to since, and the pitch period before it, samples; −1: none is known. */
  #gap = -1;
  #period = 0;
  /** The last pass of all has come to here. */
  #settledUntil = 0;

  /** @param sampleRate Hz, a multiple of 8000 */
  constructor(ring: SampleRing, sampleRate: number) {
    this.#ring = ring;
    this.#rate = sampleRate;
    this.#piece = (PIECE_MS * sampleRate) / 1000;
    this.#fade = (FADE_MS * sampleRate) / 1000;
    this.#join = (JOIN_MS * sampleRate) / 1000;
  }

  /** The sender has something else than audio from `position` on; `octets`: comfort noise (RFC 3389). */
  paused(position: number, octets?: Uint8Array, from = 0): void {
    if (octets !== undefined) {
      this.#noise ??= new ComfortNoise();
      this.#noise.set(octets, from, octets.length, this.#rate === 8000);
    }
    this.#pauses.begin(position, octets !== undefined);
  }

  /** Audio was placed from `position` on. */
  placed(position: number): void {
    this.#gap = -1;
    if (this.#pauses.any) this.#pauses.end(position);
  }

  /** Fills what is to be heard now. */
  live(from: number, until: number): void {
    const ring = this.#ring;
    let at = Math.max(from, this.#closedUntil, ring.oldest);
    while (at < until) {
      at = ring.nextOpen(at, until);
      if (at >= until) break;
      at = this.#livePiece(at, Math.min(until, at + this.#piece));
    }
    if (at > this.#closedUntil) this.#closedUntil = at;
    if (this.#pauses.any) this.#pauses.forgetBefore(until);
  }

  /** Decides on what lies before `until`, for good. */
  settle(until: number): void {
    const ring = this.#ring;
    let at = Math.max(this.#settledUntil, ring.oldest);
    while (at < until) {
      at = ring.nextOpen(at, until);
      if (at >= until) break;
      at = this.#settlePiece(at, Math.min(until, at + this.#piece));
    }
    if (at > this.#settledUntil) this.#settledUntil = at;
  }

  #livePiece(open: number, limit: number): number {
    const pause = this.#pauses.any ? this.#pauses.at(open) : undefined;
    if (pause !== undefined && pause.from <= open) {
      const end = Math.min(this.#ring.nextHeld(open, limit), pause.until);
      if (pause.noisy) this.#fillWithNoise(open, end);
      return end;
    }
    const stop = pause === undefined ? limit : Math.min(limit, pause.from);
    const end = this.#ring.nextHeld(open, stop + this.#join);
    const closed = end < stop + this.#join;
    this.#makeUp(open, closed ? end : stop, closed ? end : undefined);
    return closed ? end : stop;
  }

  #settlePiece(open: number, limit: number): number {
    const ring = this.#ring;
    const next = ring.nextHeld(open, limit + this.#join);
    const closed = next < limit + this.#join;
    const end = closed ? next : limit;
    const lostUntil = ring.lostUntil(open, end);
    if (lostUntil > open) {
      // What was lost before a pause fades into it.
      this.#makeUp(open, lostUntil, closed || lostUntil < end ? lostUntil : undefined);
      return lostUntil;
    }
    const silentUntil = ring.nextLost(open, end);
    ring.fill(open, silentUntil - open, 0);
    return silentUntil;
  }

  /** Makes up the positions from `open` to `end` of the gap that they lie in; `future`: what follows is known. */
  #makeUp(open: number, end: number, future: number | undefined): void {
    const ring = this.#ring;
    const earliest = Math.max(ring.oldest, open - this.#fade);
    const begin = ring.lastHeld(open, earliest) + 1;
    const known = begin > earliest;
    if (!known && future === undefined) {
      ring.fill(open, end - open, 0);
      return;
    }
    const { concealer, past, future: coming, made } = scratchOf(this.#rate);
    const { context } = concealer;
    const from = known ? begin : open;
    if (known) ring.copyTo(past, 0, from - context, context);
    if (known && begin !== this.#gap) {
      this.#gap = begin;
      this.#period = concealer.periodOf(past, context);
    }
    const period = known ? this.#period : 0;
    if (future !== undefined) ring.copyTo(coming, 0, future, context);
    const comingLength = future === undefined ? 0 : ring.nextOpen(future, future + context) - future;
    // Behind a gap that ends in a pause there is silence, as long as may be.
    const length = future !== undefined && comingLength === 0 ? context : comingLength;
    if (length > comingLength) coming.fill(0);
    concealer.conceal(past, known ? context : 0, end - from, coming, length, open - from, made, period);
    ring.put(open, made, open - from, end - open);
  }

  #fillWithNoise(from: number, end: number): void {
    const { made } = scratchOf(this.#rate);
    this.#noise?.generate(made, 0, end - from);
    this.#ring.restore(from, made, 0, end - from);
  }
}

function scratchOf(sampleRate: number): Scratch {
  let scratch = concealers.get(sampleRate);
  if (scratch === undefined) {
    const concealer = new PitchConcealer(sampleRate);
    scratch = {
      concealer,
      past: new Int16Array(concealer.context),
      future: new Int16Array(concealer.context),
      made: new Int16Array(((FADE_MS + PIECE_MS + JOIN_MS) * sampleRate) / 1000),
    };
    concealers.set(sampleRate, scratch);
  }
  return scratch;
}
