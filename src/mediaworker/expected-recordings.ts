import { MAX_ORDER_DELAY_MS } from '../recording/types.ts';
import type { ReceiveTimeline } from '../rtp/receive-timeline.ts';
import type { Clock } from '../time/clock.ts';
import type { MediaCommand } from './protocol.ts';
import type { PressedKey } from './recording-tap.ts';

type ExpectRecord = Extract<MediaCommand, { readonly type: 'expectRecord' }>;

export interface Expected {
  readonly controlId: string;
  /** Where it begins, and the monotonic clock's reading there, ms. */
  readonly from: number;
  readonly sinceMs: number;
  /** Nothing had come yet, so the live head had no playout delay. */
  readonly undelayed: boolean;
  readonly masks: boolean;
  /** {@link ReceiveTimeline.missingBehind} there. */
  readonly missingBehind: number;
  /** Pressed since, with their places; the first ones. */
  readonly keys: PressedKey[];
}

const MAX_KEYS = 64;

/**
 * Where on the timeline a recording begins that is asked for at `askedMs`: before the first packet to the sample, up to a
 * tick ahead of the head; else where the head was then, in whole ticks; no earlier than what is kept. Readings of the
 * monotonic clock, ms.
 * @param perMs samples
 */
export function beginningOf(
  timeline: ReceiveTimeline,
  perMs: number,
  askedMs: number,
  nowMs: number,
): Pick<Expected, 'from' | 'sinceMs' | 'undelayed'> {
  const { head, oldest, ticks, delay } = timeline;
  const atMs = Math.min(askedMs, nowMs);
  const undelayed = !delay.isOpenAt(atMs);
  const ticksBehind = Math.max(0, Math.floor(-ticks.since(atMs) / ticks.tickMs));
  const at = undelayed ? timeline.undelayedAt(atMs) : head - ticksBehind * ticks.tickMs * perMs;
  // But for the tick in which the head is.
  const keptMs = nowMs - (head - Math.max(at, oldest)) / perMs - ticks.tickMs;
  return at > oldest
    ? { from: at, sinceMs: atMs, undelayed }
    : { from: oldest, sinceMs: Math.max(atMs, keptMs), undelayed };
}

/**
 * Recordings that were asked for and have not been ordered yet, because their rows are on their way to the disk, which
 * may be slow. The timeline holds what comes meanwhile. From the beginning of a call until it gets a command, which may
 * be such a one, it holds that as well: whoever sends it may stand still.
 */
export class ExpectedRecordings {
  readonly #timeline: ReceiveTimeline;
  readonly #perMs: number;
  /** Replaced, not changed: most sessions have none at most times. */
  #expected: readonly Expected[] = [];
  /** Somebody waits until there is none. */
  #onLast: (() => void) | undefined;

  /** @param perMs samples */
  constructor(timeline: ReceiveTimeline, perMs: number) {
    this.#timeline = timeline;
    this.#perMs = perMs;
    timeline.kept.hold(0, MAX_ORDER_DELAY_MS * perMs);
  }

  get any(): boolean {
    return this.#expected.length > 0;
  }

  has(controlId: string): boolean {
    return this.#expected.some((expected) => expected.controlId === controlId);
  }

  /** One of them shall not hold the keys that sound. */
  get masks(): boolean {
    for (let i = 0; i < this.#expected.length; i++) if (this.#expected[i]!.masks) return true;
    return false;
  }

  /** It begins where it was asked for, one without keys now. @param nowMs the monotonic clock's reading */
  add({ controlId, maskDtmf, askedMs }: ExpectRecord, nowMs: number): void {
    const masks = maskDtmf === true;
    const { missingBehind } = this.#timeline;
    const beginning = beginningOf(this.#timeline, this.#perMs, masks ? nowMs : askedMs, nowMs);
    this.#expected = this.#expected.concat({ ...beginning, controlId, masks, missingBehind, keys: [] });
    this.holdExpected();
  }

  /** It is here, or will not come. Call {@link holdExpected} when it has what was held for it. */
  take(controlId: string): Expected | undefined {
    const taken = this.#expected.find((expected) => expected.controlId === controlId);
    if (taken === undefined) return undefined;
    this.#expected = this.#expected.filter((expected) => expected !== taken);
    if (!this.any) this.#onLast?.();
    return taken;
  }

  /** Resolves when there is none any more, or after as long as is held; then those that are left are given up. */
  async allCame(clock: Clock): Promise<void> {
    if (!this.any) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = clock.after(MAX_ORDER_DELAY_MS, resolve);
    this.#onLast = resolve;
    await promise;
    timer.cancel();
    this.#expected = [];
  }

  /** The timeline holds what is still expected, and nothing else. */
  holdExpected(): void {
    let from = Number.POSITIVE_INFINITY;
    for (const expected of this.#expected) from = Math.min(from, expected.from);
    this.#timeline.kept.hold(from);
  }

  /**
   * A key was pressed at `position` of the timeline.
   * @param endsNot control ids of those that it does not end
   */
  pressed(digit: string, position: number, endsNot: readonly string[]): void {
    for (const { controlId, keys } of this.#expected)
      if (keys.length < MAX_KEYS && !endsNot.includes(controlId)) keys.push({ digit, position });
  }
}
