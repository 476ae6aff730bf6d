import type { LegEvent } from '../call/media-leg.ts';
import type { PlayableSound } from '../call/leg.ts';
import type { TraceEvent } from '../engine/trace.ts';
import type { Clock } from '../time/clock.ts';
import { CallTracer } from '../trace/call-tracer.ts';
import type { CallEvent } from '../trace/events.ts';
import type { ReceivedCallback } from './callback-recorder.ts';
import { type SoundHeard, Transcript } from './transcript.ts';
import type { WebExchange } from './web.ts';

/** A step that ran, or runs. */
export interface StepRun {
  readonly method: string;
  readonly section: string;
  /** Of the step in its section, or of the step that holds its list. */
  readonly index: number;
  /** In the document. */
  readonly line: number;
  readonly file: string | undefined;
  /** Sections that waited for this one to return. */
  readonly depth: number;
  /** Since the start of the call, seconds. */
  readonly startedAt: number;
  /** Seconds; undefined while it runs. */
  readonly lasted: number | undefined;
  /** `next`, `goto`, `return` …; `error`; `stopped` when the call ended. Undefined while it runs. */
  readonly outcome: string | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What happened on a call: its timeline, its steps, and what was played to the caller. */
export class CallStory {
  readonly transcript = new Transcript();
  readonly tracer: CallTracer;
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #lengthMs: (sound: PlayableSound) => number | undefined;
  readonly #events: CallEvent[] = [];
  readonly #steps: Mutable<StepRun>[] = [];

  /**
   * @param lengthMs of a sound, if it is known
   * @param onEvent told of each event as it happens
   */
  constructor(
    clock: Clock,
    lengthMs: (sound: PlayableSound) => number | undefined,
    onEvent: (event: CallEvent) => void = () => {},
  ) {
    this.#clock = clock;
    this.tracer = new CallTracer(clock, (event) => {
      this.#events.push(event);
      onEvent(event);
    });
    this.#startMs = clock.monotonic();
    this.#lengthMs = lengthMs;
  }

  get events(): readonly CallEvent[] {
    return this.#events;
  }

  get steps(): readonly StepRun[] {
    return this.#steps;
  }

  get sounds(): readonly SoundHeard[] {
    return this.transcript.sounds(this.#startMs);
  }

  /** Ids of the recordings, each with its place among those that began. */
  recordingOrder(): ReadonlyMap<string, number> {
    const order = new Map<string, number>();
    for (const { kind, data } of this.#events) {
      const { recording_id: id } = data;
      if (kind === 'recording' && typeof id === 'string' && !order.has(id)) order.set(id, order.size);
    }
    return order;
  }

  /** @param over whether the call has ended, so that what is said of broken off sounds does not hold */
  legEvent(event: LegEvent, over: boolean): void {
    const now = this.#clock.monotonic();
    if (event.sound !== undefined) {
      const { play_id: playId, at_ms: atMs } = event.data;
      this.transcript.started(String(playId), event.sound, Number(atMs), now, this.#lengthMs(event.sound));
    } else if (event.kind === 'play') {
      const { play_id: playId, played_ms: playedMs } = event.data;
      this.transcript.ended(String(playId), over ? undefined : Number(playedMs), now);
    }
    this.tracer.leg(event);
  }

  /** A callback arrived. @param tracer of the call that it is about */
  called(
    { method, url, eventType, params, body, attempt }: ReceivedCallback,
    tracer: CallTracer = this.tracer,
  ): void {
    // The trace of a server names an event by GET all the same.
    const query = queryOf(eventType, url);
    const name = eventType === '' ? query?.get('event_type') : eventType;
    tracer.note('callback', name ?? `${method} ${url}`, {
      state: params['state'] ?? query?.get('params.state') ?? undefined,
      ...(attempt > 1 && { attempt }),
      url,
      body,
    });
  }

  /** A request, but no callback, was answered or failed. */
  asked({ request, failure, response }: WebExchange): void {
    const { purpose } = request;
    if (purpose === 'callback') return;
    this.tracer.web(
      { ...request, purpose },
      response === undefined
        ? { failure: failure ?? 'no answer' }
        : {
            ...response,
            body: purpose === 'sound' ? undefined : Buffer.from(response.body).toString('utf8'),
          },
      request.at,
    );
  }

  traced(event: TraceEvent): void {
    if (event.kind === 'step-start') {
      const { method, section, index, position, file, depth } = event;
      const { line } = position;
      this.#steps.push({
        ...{ method, section, index, line, file, depth },
        startedAt: this.tracer.seconds,
        lasted: undefined,
        outcome: undefined,
      });
    } else if (event.kind === 'step-end') {
      const step = this.#steps.findLast(({ outcome }) => outcome === undefined);
      if (step !== undefined) {
        step.lasted = event.durationMs / 1000;
        step.outcome = event.outcome;
      }
    }
    this.tracer.script(event);
  }
}

/** The event of a callback by GET (callbacks/query.ts); undefined for one that has it in its body. */
function queryOf(eventType: string, url: string): URLSearchParams | undefined {
  return eventType === '' ? URL.parse(url)?.searchParams : undefined;
}

/** The call that a callback is about. */
export function callIdOf({ eventType, url, params }: ReceivedCallback): unknown {
  return params['call_id'] ?? queryOf(eventType, url)?.get('params.call_id');
}
