/** Status callbacks (spec/callbacks.md 1): what is sent, and the promise of its delivery. */

/** Body of a callback. `params` always holds `call_id` and `node_id`. */
export interface CallbackEnvelope {
  /** E.g. `calling.call.record`. */
  readonly event_type: string;
  /** `swml:` and the id of the script session. */
  readonly event_channel?: string;
  /** Unix seconds with fraction. */
  readonly timestamp: number;
  readonly project_id: string;
  readonly space_id: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface CallbackRequest {
  /** `http` or `https`, userinfo and `#ot=&rt=&tt=` fragment allowed. */
  readonly url: string;
  readonly method?: 'POST' | 'GET';
  /** Callbacks of one operation (the same url and this id, which no other call has) arrive in order. */
  readonly operationId: string;
  readonly envelope: CallbackEnvelope;
}

/** A delivery that has come to its end. */
export interface CallbackDelivery {
  readonly id: number;
  readonly url: string;
  readonly eventType: string;
  readonly state: 'delivered' | 'dead';
  readonly attempts: number;
  readonly status?: number;
  readonly error?: string;
}

/** The durable queue of callbacks: what was enqueued arrives at least once, also after a restart. */
export interface Outbox {
  /** Durable when this returns. May be called inside a storage transaction, so that it stands or falls with it. */
  enqueue(request: CallbackRequest): void;
  /** Called for every callback that was delivered or given up. */
  onDelivery(listener: (delivery: CallbackDelivery) => void): void;
  /** Delivers in the background until closed. */
  start(): void;
  /** Resolves when nothing is due (tests, shutdown), or after `limitMs`. */
  drain(limitMs: number): Promise<void>;
  close(): Promise<void>;
}
