import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { CallEnd } from '../call/leg.ts';
import type { CallbackDelivery } from '../callbacks/events.ts';
import type { MediaStatistics } from '../mediaworker/protocol.ts';
import type { UploadOutcome } from '../storage/uploader.ts';
import type { ThreadMemory } from '../mediaworker/worker-host.ts';
import type { RefusalReason } from './load/admission.ts';
import type { LoadSample } from './load/overload.ts';
import { UNUSED_PRECISION_MS, watchEventLoop } from './event-loop-lag.ts';
import { Distribution, Tally } from './tallies.ts';

/** What is read when somebody asks. */
export interface MetricsProbe {
  readonly calls: () => number;
  /** New ones for which there has been no time yet. */
  readonly callsWaiting: () => number;
  /** Requests that SIP itself answered with 503, before anybody was asked. */
  readonly sipRefused: () => number;
  readonly recordings: () => number;
  /** Callbacks that are not delivered yet. */
  readonly callbacksOpen: () => number;
  /** Recordings that are not in the object store yet; undefined without one. */
  readonly uploadsWaiting: () => number | undefined;
  readonly freeDiskBytes: () => number | undefined;
  readonly overloaded: () => boolean;
  /** Main thread first, then the media threads. */
  readonly threads: () => readonly LoadSample[];
  /** Of the media threads. */
  readonly mediaMemory: () => Promise<readonly ThreadMemory[]>;
  readonly frames: () => number;
  readonly lateFrames: () => number;
}

/** Bounds of the histogram of set-up times, s: fine around the goal of a few milliseconds. */
const SETUP_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const CALL_BUCKETS = [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 14_400];
const JITTER_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2];
const RECORDING_BUCKETS = [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 14_400];

/** The figures of the server in the form that Prometheus reads (`GET /metrics`, docs/operations.md). */
export class Metrics {
  readonly registry = new Registry();
  readonly #callsTaken = this.#tally('openswml_calls_total', 'Calls that were let in.', ['direction']);
  readonly #callsRefused = this.#tally(
    'openswml_calls_refused_total',
    'Calls answered with 503, and those of documents that were not made for the same reason.',
    ['reason'],
  );
  readonly #callsEnded = this.#tally('openswml_calls_ended_total', 'Calls that are over.', ['by', 'reason']);
  readonly #setup = this.#distribution(
    'openswml_call_setup_seconds',
    'From INVITE to 200, of answered calls.',
    SETUP_BUCKETS,
  );
  readonly #duration = this.#distribution(
    'openswml_call_duration_seconds',
    'From INVITE to the end, of all calls that were let in.',
    CALL_BUCKETS,
  );
  readonly #packets = this.#tally(
    'openswml_rtp_packets_total',
    'RTP packets of calls that are over: received, lost, late (too late to be recorded), duplicated, sent.',
    ['codec', 'kind'],
  );
  readonly #jitter = new Histogram({
    name: 'openswml_rtp_jitter_seconds',
    help: 'Interarrival jitter (RFC 3550 6.4.1) at the end of each call.',
    labelNames: ['codec'],
    buckets: JITTER_BUCKETS,
    registers: [this.registry],
  });
  readonly #recordingsEnded = this.#tally('openswml_recordings_ended_total', 'Recordings that are over.', [
    'state',
    'ended_by',
  ]);
  #recordingBytes = 0;
  readonly #recordingSeconds = this.#distribution(
    'openswml_recording_duration_seconds',
    'Length of recordings that are over.',
    RECORDING_BUCKETS,
  );
  readonly #callbacks = this.#tally('openswml_callbacks_total', 'Callbacks that came to their end.', [
    'event_type',
    'state',
  ]);

  readonly #uploads = this.#tally(
    'openswml_uploads_total',
    'Attempts to bring a recording to the object store.',
    ['outcome'],
  );

  /** @param probe undefined: only what it is told is counted */
  constructor(probe: MetricsProbe | undefined, version: string) {
    this.#total('openswml_recording_bytes_total', 'Size of finished recordings.', () => this.#recordingBytes);
    if (probe !== undefined) this.#watch(probe, version);
  }

  #watch(probe: MetricsProbe, version: string): void {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: UNUSED_PRECISION_MS });
    watchEventLoop(this.registry);
    this.#gauge('openswml_info', '1, with the version as a label.', () => 1, { version });
    this.#gauge('openswml_calls', 'Calls that are up or being set up.', probe.calls);
    this.#gauge('openswml_calls_waiting', 'New calls for which there is no time yet.', probe.callsWaiting);
    this.#gauge('openswml_recordings', 'Recordings under way.', probe.recordings);
    this.#gauge('openswml_callbacks_open', 'Callbacks not delivered yet.', probe.callbacksOpen);
    this.#gauge(
      'openswml_uploads_waiting',
      'Recordings that are not in the object store yet.',
      probe.uploadsWaiting,
    );
    this.#gauge('openswml_disk_free_bytes', 'Free space where recordings grow.', () => probe.freeDiskBytes());
    this.#gauge(
      'openswml_overloaded',
      '1 while calls may be refused because the machine cannot keep pace.',
      () => (probe.overloaded() ? 1 : 0),
    );
    new Gauge({
      name: 'openswml_thread_utilization_ratio',
      help: 'Share of the last second in which a thread was at work: main, media-0, media-1 …',
      labelNames: ['thread'],
      registers,
      collect() {
        for (const [index, { utilization }] of probe.threads().entries()) {
          this.set({ thread: nameOfThread(index) }, utilization);
        }
      },
    });
    new Gauge({
      name: 'openswml_thread_memory_bytes',
      help: 'Memory that a thread has in use: its heap, and buffers outside of it.',
      labelNames: ['thread', 'kind'],
      registers,
      async collect() {
        const { heapUsed, external } = process.memoryUsage();
        const all: readonly ThreadMemory[] = [{ heap: heapUsed, external }, ...(await probe.mediaMemory())];
        for (const [index, memory] of all.entries()) {
          const thread = nameOfThread(index);
          this.set({ thread, kind: 'heap' }, memory.heap);
          this.set({ thread, kind: 'external' }, memory.external);
        }
      },
    });
    this.#total(
      'openswml_sip_refused_total',
      'Requests that SIP itself answered with 503, for want of time or by limits of its own.',
      probe.sipRefused,
    );
    this.#total('openswml_media_frames_total', 'Frames of 20 ms that were due.', probe.frames);
    this.#total(
      'openswml_media_frames_late_total',
      'Frames that left more than 20 ms late.',
      probe.lateFrames,
    );
  }

  callTaken(direction: 'inbound' | 'outbound'): void {
    this.#callsTaken.add(direction);
  }

  callRefused(reason: RefusalReason): void {
    this.#callsRefused.add(reason);
  }

  /** @param ms from INVITE to 200 */
  callAnswered(ms: number): void {
    this.#setup.observe(ms / 1000);
  }

  /** @param ms from INVITE to the end */
  callEnded({ by, reason }: CallEnd, ms: number): void {
    this.#callsEnded.add(by, reason);
    this.#duration.observe(ms / 1000);
  }

  mediaClosed(statistics: MediaStatistics): void {
    const codec = statistics.codec ?? 'none';
    this.#packets.add(codec, 'received', statistics.packetsReceived);
    this.#packets.add(codec, 'lost', Math.max(0, statistics.packetsLost));
    this.#packets.add(codec, 'late', statistics.packetsLate);
    this.#packets.add(codec, 'duplicated', statistics.packetsDuplicated);
    this.#packets.add(codec, 'sent', statistics.packetsSent);
    if (statistics.packetsReceived > 0) this.#jitter.observe({ codec }, statistics.jitterMs / 1000);
  }

  recordingEnded(ended: {
    readonly state: string;
    readonly endedBy: string;
    readonly byteSize: number;
    readonly durationMs: number;
  }): void {
    this.#recordingsEnded.add(ended.state, ended.endedBy);
    this.#recordingBytes += ended.byteSize;
    this.#recordingSeconds.observe(ended.durationMs / 1000);
  }

  callbackEnded({ eventType, state }: CallbackDelivery): void {
    this.#callbacks.add(eventType, state);
  }

  uploadEnded(outcome: UploadOutcome): void {
    this.#uploads.add(outcome);
  }

  #tally<L extends string>(name: string, help: string, labelNames: readonly [L] | readonly [L, L]): Tally<L> {
    return new Tally(this.registry, { name, help }, labelNames);
  }

  #distribution(name: string, help: string, buckets: readonly number[]): Distribution {
    return new Distribution(this.registry, { name, help }, buckets);
  }

  /** A figure that is asked for at each request; one that is not known is left out. */
  #gauge(
    name: string,
    help: string,
    read: () => number | undefined,
    labels: Readonly<Record<string, string>> = {},
  ): void {
    new Gauge({
      name,
      help,
      labelNames: Object.keys(labels),
      registers: [this.registry],
      collect() {
        const value = read();
        if (value === undefined) this.remove();
        else this.set(labels, value);
      },
    });
  }

  /** A figure that only rises and is counted elsewhere. */
  #total(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }
}

function nameOfThread(index: number): string {
  return index === 0 ? 'main' : `media-${index - 1}`;
}
