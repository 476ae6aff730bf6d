/** Makes calls in memory, for tests of methods: each is answered or ended when the test says so. */
import type { DialledCall, Dialler, DialRequest } from '../call/dialler.ts';
import type { Bridge, CallLeg, EndReason } from '../call/leg.ts';
import { FakeLeg } from './fake-leg.test-helper.ts';

export class FakeCall implements DialledCall {
  readonly leg: FakeLeg;
  readonly request: DialRequest;
  readonly sessionId: string;
  failure: string | undefined;
  readonly #alerted = Promise.withResolvers<void>();
  readonly #soundListeners: ((sounds: boolean) => void)[] = [];
  readonly #answered = Promise.withResolvers<void>();

  constructor(id: string, parent: CallLeg, request: DialRequest) {
    const { call_id, node_id, type } = parent.info;
    this.request = request;
    this.sessionId = `session of ${id}`;
    this.leg = new FakeLeg({
      call_id: id,
      segment_id: id,
      node_id,
      direction: 'outbound',
      from: request.from ?? parent.info.from,
      to: request.to,
      parent: { device_type: type, call_id, node_id },
    });
  }

  get alerted(): Promise<void> {
    return this.#alerted.promise;
  }

  onEarlySound(listener: (sounds: boolean) => void): void {
    this.#soundListeners.push(listener);
  }

  get answered(): Promise<void> {
    return this.#answered.promise;
  }

  ring(): void {
    this.leg.info = { ...this.leg.info, call_state: 'ringing' };
    this.#alerted.resolve();
  }

  sound(): void {
    this.ring();
    for (const listener of this.#soundListeners) listener(true);
  }

  /** It was sent on to another place: what sounded is over, and with it the bridge that passes it on. */
  redirect(bridge?: Bridge): void {
    bridge?.end();
    for (const listener of this.#soundListeners) listener(false);
  }

  answer(): void {
    this.leg.info = { ...this.leg.info, call_state: 'answered' };
    this.#answered.resolve();
  }

  end(reason: EndReason = 'hangup', failure?: string): void {
    this.failure = failure;
    this.leg.end({ by: 'remote', reason });
  }
}

export class FakeDialler implements Dialler {
  readonly calls: FakeCall[] = [];
  /** What becomes of each call at once; by default the test says it. */
  onCall: (call: FakeCall) => void = () => {};

  dial(parent: CallLeg, request: DialRequest): FakeCall {
    const call = new FakeCall(`b${this.calls.length + 1}`, parent, request);
    this.calls.push(call);
    queueMicrotask(() => this.onCall(call));
    return call;
  }

  /** Destinations that were called, in order. */
  get called(): string[] {
    return this.calls.map(({ request }) => request.to);
  }
}
