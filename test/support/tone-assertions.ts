/** What the interop tests claim of a recording whose speaker said tones, one frequency after the other. */
import assert from 'node:assert/strict';

import type { Wav } from './audio-files.ts';
import { describeTones, type FoundTone, findDisturbances, findTones } from './tone-finder.ts';

export interface SpokenTones {
  /** Frequencies in the order in which they were said, none twice. */
  readonly frequencies: readonly number[];
  /** Length of each, ms. */
  readonly toneMs: number;
  /** Silence behind each, ms. Default 0. */
  readonly pauseMs?: number;
}

/** How far an edge may be from its place, ms: one packet. */
const EDGE_MS = 20;
/**
 * A tone cut to less than this may be found on one side of a comparison and not on the other, ms: the finder takes what
 * is shorter than 40 ms for none, and an encoder blurs edges.
 */
const PIECE_MS = 80;
/** How much longer than what was lost a gap may look, ms: the finder's own blur. */
const BLUR_MS = 12;

/**
 * The tones of `channel` are a run of those that were said: none missing in between, in order, each of its
 * length and at its distance to 20 ms (the first and last may be cut).
 * @returns the tones found
 */
export function assertRunOfTones(wav: Wav, said: SpokenTones, channel = 0): readonly FoundTone[] {
  const found = findTones(wav, { frequencies: said.frequencies, channel });
  const text = `found in ${wav.durationMs} ms:\n${describeTones(found)}`;
  assert.ok(found.length > 0, `no tone ${text}`);
  const first = said.frequencies.indexOf(found[0]!.frequencyHz);
  assert.deepEqual(
    found.map((tone) => tone.frequencyHz),
    said.frequencies.slice(first, first + found.length),
    `not a run of what was said; ${text}`,
  );
  for (const [index, tone] of found.entries()) {
    const next = found[index + 1];
    if (next === undefined) break;
    const gap = next.startMs - tone.endMs;
    near(gap, said.pauseMs ?? 0, EDGE_MS, `between ${tone.frequencyHz} and ${next.frequencyHz} Hz; ${text}`);
    if (index > 0) near(tone.endMs - tone.startMs, said.toneMs, EDGE_MS, `${tone.frequencyHz} Hz; ${text}`);
  }
  return found;
}

/**
 * What is heard ends with the tones of a message, one for one; of its first, the piece that is left may be too short to
 * be found again.
 * @returns those tones as heard, and what is heard before them, without such a piece
 */
export function assertHeardAgain(
  heard: readonly FoundTone[],
  message: readonly FoundTone[],
): { readonly again: readonly FoundTone[]; readonly before: readonly FoundTone[] } {
  const [first, ...rest] = message;
  assert.ok(first !== undefined, 'a message without a tone');
  const expected = isPiece(first) && !endsWith(heard, message) ? rest : message;
  const text = `heard:\n${describeTones(heard)}\nof the message:\n${describeTones(message)}`;
  const again = heard.slice(-expected.length);
  assert.deepEqual(frequenciesOf(again), frequenciesOf(expected), text);
  const before = heard.slice(0, -again.length);
  const piece = before.at(-1);
  return { again, before: piece !== undefined && isPiece(piece) ? before.slice(0, -1) : before };
}

/** No tone is interrupted or clicks. */
export function assertUndisturbed(wav: Wav, tones: readonly FoundTone[], channel = 0): void {
  const disturbances = findDisturbances(wav, tones, channel);
  assert.deepEqual(disturbances, [], `disturbed; tones:\n${describeTones(tones)}`);
}

/**
 * Tones are interrupted only where packets were lost, and no longer than those were.
 * @param lostMs places of the lost packets of 20 ms on the speaker's timeline, ms
 * @param offsetMs place of the recording's begin on that timeline, ms
 */
export function assertGapsAreLosses(
  wav: Wav,
  tones: readonly FoundTone[],
  lostMs: readonly number[],
  offsetMs: number,
): void {
  const losses = joinLosses(lostMs).map(({ start, end }) => ({
    start: start - offsetMs,
    end: end - offsetMs,
  }));
  for (const gap of findDisturbances(wav, tones)) {
    const loss = losses.find(({ start, end }) => gap.startMs < end + EDGE_MS && gap.endMs > start - EDGE_MS);
    const place = `a gap at ${gap.startMs}–${gap.endMs} ms`;
    assert.ok(loss !== undefined, `${place}, where nothing was lost: ${JSON.stringify(losses)}`);
    const longest = loss.end - loss.start + 2 * BLUR_MS;
    assert.ok(gap.endMs - gap.startMs <= longest, `${place} for a loss of ${loss.end - loss.start} ms`);
  }
}

/** `actual` is `expected` give or take `tolerance`. */
export function near(actual: number, expected: number, tolerance: number, what: string): void {
  assert.ok(
    Math.abs(actual - expected) <= tolerance,
    `${what}: ${actual}, expected ${expected} ± ${tolerance}`,
  );
}

function isPiece({ startMs, endMs }: FoundTone): boolean {
  return endMs - startMs < PIECE_MS;
}

function endsWith(heard: readonly FoundTone[], message: readonly FoundTone[]): boolean {
  const end = frequenciesOf(heard.slice(-message.length));
  return end.join() === frequenciesOf(message).join();
}

function frequenciesOf(tones: readonly FoundTone[]): number[] {
  return tones.map(({ frequencyHz }) => frequencyHz);
}

/** Packets lost in a row, or with one good packet between them, look like one gap. */
function joinLosses(lostMs: readonly number[]): { start: number; end: number }[] {
  const joined: { start: number; end: number }[] = [];
  for (const at of lostMs) {
    const last = joined.at(-1);
    if (last !== undefined && at - last.end <= 20) last.end = at + 20;
    else joined.push({ start: at, end: at + 20 });
  }
  return joined;
}
