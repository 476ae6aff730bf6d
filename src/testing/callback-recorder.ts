import type { JsonObject, JsonValue } from '../swml/json.ts';
import { isObject } from '../swml/json.ts';
import { matches } from './partial.ts';
import type { WebExchange } from './web.ts';

/** A callback as its receiver got it. */
export interface ReceivedCallback {
  readonly url: string;
  readonly method: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** E.g. `calling.call.record`; empty when the body is no envelope. */
  readonly eventType: string;
  /** `params` of the envelope. */
  readonly params: JsonObject;
  /** The whole envelope; undefined when the callback has no JSON body (GET). */
  readonly body: JsonValue | undefined;
  /** 1 for the first attempt to deliver it. */
  readonly attempt: number;
  /** Since the start of the call, seconds. */
  readonly at: number;
}

/** What a callback must hold at least, to any depth: members of the envelope, `url`, `method`, `headers`, `attempt`. */
export type CallbackPattern = Readonly<Record<string, unknown>>;

interface Waiter {
  readonly pattern: CallbackPattern;
  readonly resolve: (callback: ReceivedCallback) => void;
}

/** All callbacks of a call, in the order in which they arrived. */
export class CallbackRecorder {
  readonly #received: ReceivedCallback[] = [];
  readonly #taken = new Set<ReceivedCallback>();
  readonly #waiters = new Set<Waiter>();
  readonly #wait: (
    what: string,
    within: number,
    work: Promise<ReceivedCallback>,
  ) => Promise<ReceivedCallback>;

  /** @param wait lets time pass until the work is done, at most for so many seconds */
  constructor(
    wait: (what: string, within: number, work: Promise<ReceivedCallback>) => Promise<ReceivedCallback>,
  ) {
    this.#wait = wait;
  }

  get all(): readonly ReceivedCallback[] {
    return this.#received;
  }

  /** Those of one event, e.g. `calling.call.record`. */
  of(eventType: string): readonly ReceivedCallback[] {
    return this.#received.filter((callback) => callback.eventType === eventType);
  }

  /** Values of `params.state` (or `call_state`, `connect_state`) of one event, in order. */
  states(eventType: string): readonly JsonValue[] {
    return this.of(eventType).map(
      ({ params }) => params['state'] ?? params['call_state'] ?? params['connect_state'] ?? null,
    );
  }

  /**
   * Waits for a callback that holds what the pattern says; each is given out once.
   * @param options `within`: seconds of the call, default 60
   * @throws VirtualCallError
   */
  async receives(
    pattern: CallbackPattern,
    options: { readonly within?: number | undefined } = {},
  ): Promise<ReceivedCallback> {
    const there = this.#received.find(
      (callback) => !this.#taken.has(callback) && matches(membersOf(callback), pattern),
    );
    if (there !== undefined) {
      this.#taken.add(there);
      return there;
    }
    const { promise, resolve } = Promise.withResolvers<ReceivedCallback>();
    const waiter: Waiter = { pattern, resolve };
    this.#waiters.add(waiter);
    try {
      return await this.#wait(`callback ${JSON.stringify(pattern)}`, options.within ?? 60, promise);
    } finally {
      this.#waiters.delete(waiter);
    }
  }

  /** Notes a callback that has arrived. */
  note({ request }: WebExchange): ReceivedCallback {
    const { url, method, headers, json, at } = request;
    const envelope = isObject(json) ? json : {};
    const { event_type: eventType, params } = envelope;
    const callback: ReceivedCallback = {
      url,
      method,
      headers,
      eventType: typeof eventType === 'string' ? eventType : '',
      params: isObject(params) ? params : {},
      body: json,
      attempt: Number(headers['x-openswml-attempt'] ?? 1),
      at,
    };
    this.#received.push(callback);
    for (const waiter of this.#waiters) {
      if (!matches(membersOf(callback), waiter.pattern)) continue;
      this.#waiters.delete(waiter);
      this.#taken.add(callback);
      waiter.resolve(callback);
      break;
    }
    return callback;
  }
}

/** What patterns are held against: the envelope, if it came in a body, and how it came. */
export function membersOf(callback: ReceivedCallback): Readonly<Record<string, unknown>> {
  const { url, method, headers, attempt, body } = callback;
  return { ...(isObject(body) ? body : {}), url, method, headers, attempt };
}
