/** An HTTP server that notes the callbacks it gets, in order, and answers as the test wants. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedCallback {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly eventType: string;
  /** `params` of the envelope. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
  /** ms, on the scale of `performance.now()`. */
  readonly receivedAt: number;
}

/** Status to answer with; 200 accepts. */
export type Answer = (callback: ReceivedCallback, count: number) => number;

export class CallbackReceiver {
  readonly received: ReceivedCallback[] = [];
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();
  #answer: Answer = () => 200;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#take(request, response).catch(() => response.destroy());
    });
  }

  static async start(
    options: { readonly port?: number; readonly answer?: Answer } = {},
  ): Promise<CallbackReceiver> {
    const receiver = new CallbackReceiver();
    if (options.answer !== undefined) receiver.#answer = options.answer;
    receiver.#server.listen(options.port ?? 0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  /** URL for a document's `status_url`; `path` tells receivers of one test apart. */
  url(path = '/callback'): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${path}`;
  }

  /**
   * Values of `params.state`, in order of arrival; those of one recording when `recordingId` is given. What comes
   * twice, because our answer took long on a busy machine, counts once, as for any receiver that goes by the key.
   */
  states(eventType = 'calling.call.record', recordingId?: string): readonly unknown[] {
    const keys = new Set<unknown>();
    return this.of(eventType)
      .filter(({ headers }) => {
        const key = headers['idempotency-key'];
        const first = key === undefined || !keys.has(key);
        keys.add(key);
        return first;
      })
      .filter(({ params }) => recordingId === undefined || params['recording_id'] === recordingId)
      .map(({ params }) => params['state']);
  }

  of(eventType: string): readonly ReceivedCallback[] {
    return this.received.filter((callback) => callback.eventType === eventType);
  }

  /**
   * Resolves with the first callback, past or to come, for which `wanted` holds.
   * @throws Error listing what came instead, after `timeoutMs`
   */
  async waitFor(
    wanted: (callback: ReceivedCallback) => boolean,
    timeoutMs = 60_000,
  ): Promise<ReceivedCallback> {
    const giveUp = performance.now() + timeoutMs;
    for (;;) {
      const found = this.received.find(wanted);
      if (found !== undefined) return found;
      const left = giveUp - performance.now();
      if (left <= 0) {
        const came = this.received.map(({ eventType, params }) => `${eventType} ${String(params['state'])}`);
        throw new Error(
          `the callback did not come within ${timeoutMs} ms; came: ${came.join(', ') || 'none'}`,
        );
      }
      await this.#change(left);
    }
  }

  async waitForState(state: string, timeoutMs?: number): Promise<ReceivedCallback> {
    return await this.waitFor(({ params }) => params['state'] === state, timeoutMs);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const piece of request.setEncoding('utf8')) text += piece;
    const body = JSON.parse(text) as Record<string, unknown>;
    const callback: ReceivedCallback = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      eventType: String(body['event_type']),
      params: (body['params'] ?? {}) as Record<string, unknown>,
      body,
      receivedAt: performance.now(),
    };
    const status = this.#answer(callback, this.received.length + 1);
    if (status < 300) this.received.push(callback);
    response.writeHead(status).end();
    for (const wake of this.#waiting) wake();
  }

  async #change(limitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, limitMs);
      this.#waiting.add(wake);
    });
  }
}
