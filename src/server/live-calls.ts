import type { MediaLeg } from '../call/media-leg.ts';
import type { ScriptSession } from '../engine/session.ts';
import type { JsonObject } from '../swml/json.ts';

export interface CallCallback {
  readonly url: string;
  /** Default `POST`. */
  readonly method?: 'POST' | 'GET';
  /** Callbacks of one operation arrive in order. */
  readonly operationId: string;
  readonly eventType: string;
  readonly params: JsonObject;
}

/** A call as those see it who act on it from outside. */
export interface LiveCall {
  readonly leg: MediaLeg;
  /** Unix ms. */
  readonly createdAt: number;
  /** Where its document came from, without a password; undefined when that was no URL. */
  readonly documentUrl: string | undefined;
  /** What runs on it; undefined until its document is there. */
  readonly script: ScriptSession | undefined;
  /** Told when the call has ended, by `calling.call.state`; undefined for nobody. */
  statusUrl: string | undefined;
  /** Sends a callback about the call, beside those of its script. */
  emit(callback: CallCallback): void;
}

/** How commands find calls. */
export type CallDirectory = Pick<LiveCalls, 'get' | 'hasEnded'>;

/** Ended calls that are remembered, so that a late command hears "over" instead of "unknown". */
const MAX_REMEMBERED = 10_000;

/** The calls of the server by id, and the ids of those that are over. */
export class LiveCalls<C extends LiveCall = LiveCall> {
  readonly #calls = new Map<string, C>();
  readonly #ended = new Set<string>();
  /** The same in a ring: V8 finds the first of a set only behind the thousands of gaps of those that are deleted. */
  readonly #ring: string[] = [];
  #next = 0;

  get size(): number {
    return this.#calls.size;
  }

  all(): readonly C[] {
    return [...this.#calls.values()];
  }

  /** By call id, which is also the id of its first segment. */
  get(callId: string): C | undefined {
    return this.#calls.get(callId);
  }

  /** Whether there was such a call, not too long ago. */
  hasEnded(callId: string): boolean {
    return this.#ended.has(callId);
  }

  add(call: C): void {
    this.#calls.set(call.leg.info.call_id, call);
  }

  remove(callId: string): void {
    if (!this.#calls.delete(callId)) return;
    const oldest = this.#ring[this.#next];
    if (oldest !== undefined) this.#ended.delete(oldest);
    this.#ended.add(callId);
    this.#ring[this.#next] = callId;
    this.#next = (this.#next + 1) % MAX_REMEMBERED;
  }
}
