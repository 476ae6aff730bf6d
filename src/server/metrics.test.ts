import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { VirtualClock } from '../time/virtual-clock.ts';
import { CallFigures } from './call-figures.ts';
import { Metrics, type MetricsProbe } from './metrics.ts';

const PROBE: MetricsProbe = {
  calls: () => 3,
  callsWaiting: () => 2,
  recordings: () => 2,
  callbacksOpen: () => 5,
  uploadsWaiting: () => 6,
  freeDiskBytes: () => undefined,
  overloaded: () => false,
  threads: () => [
    { utilization: 0.25, late: 0 },
    { utilization: 0.5, late: 0.1 },
  ],
  sipRefused: () => 8,
  mediaMemory: async () => [{ heap: 5_000_000, external: 7_000_000 }],
  frames: () => 1_000,
  lateFrames: () => 4,
};

/** Value of the one line that begins so. */
async function value(metrics: Metrics, line: string): Promise<number> {
  const text = await metrics.registry.metrics();
  const found = text.split('\n').filter((candidate) => candidate.startsWith(`${line} `));
  assert.equal(found.length, 1, `${line} in\n${text}`);
  return Number(found[0]!.slice(line.length + 1));
}

const DOCS = path.resolve(import.meta.dirname, '../../docs');
const read = (name: string): string => readFileSync(path.join(DOCS, name), 'utf8');

test('the page on operations names every metric of ours, and the dashboard asks for none that is not there', async () => {
  const names = (await new Metrics(PROBE, '1.2.3').registry.getMetricsAsJSON())
    .map(({ name }) => name)
    .filter((name) => name.startsWith('openswml_'));
  assert.ok(names.length >= 18, names.join(' '));
  const page = read('operations.md');
  for (const name of names) assert.ok(page.includes(`\`${name}`), `${name} is not in docs/operations.md`);
  const asked = new Set(read('grafana-dashboard.json').match(/openswml_\w+/g));
  assert.ok(asked.size >= 15, [...asked].join(' '));
  for (const name of asked) assert.ok(names.includes(name.replace(/_bucket$/, '')), `${name} is no metric`);
});

test('the dashboard asks for figures that every program has of our servers alone', () => {
  const queries = [...read('grafana-dashboard.json').matchAll(/"expr": "(.*)"/g)].map(([, query]) => query!);
  const shared = queries.filter((query) => /\b(?:process|nodejs)_/.test(query));
  assert.ok(shared.length > 0);
  for (const query of shared) assert.match(query, / and on \(job, instance\) openswml_info$/);
});

describe('metrics', () => {
  test('what there is at the moment is asked for at each request; what is not known is left out', async () => {
    let calls = 3;
    const metrics = new Metrics({ ...PROBE, calls: () => calls }, '1.2.3');
    assert.equal(await value(metrics, 'openswml_calls'), 3);
    calls = 4;
    assert.equal(await value(metrics, 'openswml_calls'), 4);
    assert.equal(await value(metrics, 'openswml_info{version="1.2.3"}'), 1);
    assert.equal(await value(metrics, 'openswml_recordings'), 2);
    assert.equal(await value(metrics, 'openswml_callbacks_open'), 5);
    assert.equal(await value(metrics, 'openswml_uploads_waiting'), 6);
    assert.equal(await value(metrics, 'openswml_overloaded'), 0);
    assert.equal(await value(metrics, 'openswml_thread_utilization_ratio{thread="main"}'), 0.25);
    assert.equal(await value(metrics, 'openswml_thread_utilization_ratio{thread="media-0"}'), 0.5);
    const memory = (thread: string, kind: string) =>
      value(metrics, `openswml_thread_memory_bytes{thread="${thread}",kind="${kind}"}`);
    assert.equal(await memory('media-0', 'heap'), 5_000_000);
    assert.equal(await memory('media-0', 'external'), 7_000_000);
    assert.ok((await memory('main', 'heap')) > 1_000_000);
    assert.equal(await value(metrics, 'openswml_media_frames_late_total'), 4);
    assert.equal(await value(metrics, 'openswml_sip_refused_total'), 8);
    assert.equal(await value(metrics, 'openswml_media_frames_total'), 1_000);
    assert.doesNotMatch(await metrics.registry.metrics(), /^openswml_disk_free_bytes /m);
  });

  test('a call is counted from its arrival to its end, with its set-up, its media and its recordings', async () => {
    const clock = new VirtualClock();
    const metrics = new Metrics(PROBE, '1.2.3');
    const figures = new CallFigures(metrics, clock, 'inbound');
    await clock.advance(20);
    figures.take({ kind: 'call', text: 'answered', data: {} });
    figures.take({ kind: 'recording', text: 'recording started', data: { recording_id: 'r' } });
    assert.equal(figures.recordings, 1);
    await clock.advance(8_000);
    figures.take({
      kind: 'recording',
      text: 'recording ended',
      data: {
        recording_id: 'r',
        state: 'finished',
        ended_by: 'silence',
        byte_size: 128_044,
        duration_ms: 8_000,
      },
    });
    assert.equal(figures.recordings, 0);
    const statistics = {
      codec: 'PCMU',
      packetsReceived: 400,
      packetsLost: 3,
      packetsLate: 1,
      packetsDuplicated: 0,
      packetsSent: 398,
      jitterMs: 4,
    } as const;
    figures.take({ kind: 'media', text: 'media closed', data: {}, statistics });
    figures.ended({ by: 'remote', reason: 'hangup' });
    assert.equal(await value(metrics, 'openswml_calls_total{direction="inbound"}'), 1);
    assert.equal(await value(metrics, 'openswml_calls_ended_total{by="remote",reason="hangup"}'), 1);
    assert.equal(await value(metrics, 'openswml_call_setup_seconds_bucket{le="0.01"}'), 0);
    assert.equal(await value(metrics, 'openswml_call_setup_seconds_bucket{le="0.025"}'), 1);
    assert.equal(await value(metrics, 'openswml_call_duration_seconds_sum'), 8.02);
    assert.equal(await value(metrics, 'openswml_rtp_packets_total{codec="PCMU",kind="received"}'), 400);
    assert.equal(await value(metrics, 'openswml_rtp_packets_total{codec="PCMU",kind="lost"}'), 3);
    assert.equal(await value(metrics, 'openswml_rtp_jitter_seconds_bucket{le="0.005",codec="PCMU"}'), 1);
    assert.equal(
      await value(metrics, 'openswml_recordings_ended_total{state="finished",ended_by="silence"}'),
      1,
    );
    assert.equal(await value(metrics, 'openswml_recording_bytes_total'), 128_044);
  });

  test('who is refused and which callbacks were given up is told by reason', async () => {
    const metrics = new Metrics(PROBE, '1.2.3');
    metrics.callRefused('max_calls');
    metrics.callRefused('max_calls');
    metrics.callbackEnded({
      id: 1,
      url: 'https://example.com',
      eventType: 'calling.call.record',
      state: 'dead',
      attempts: 9,
    });
    assert.equal(await value(metrics, 'openswml_calls_refused_total{reason="max_calls"}'), 2);
    assert.equal(
      await value(metrics, 'openswml_callbacks_total{event_type="calling.call.record",state="dead"}'),
      1,
    );
  });

  test('attempts to bring recordings to the object store are told by outcome; without one, there is no backlog', async () => {
    const metrics = new Metrics({ ...PROBE, uploadsWaiting: () => undefined }, '1.2.3');
    for (const outcome of ['failed', 'failed', 'stored'] as const) metrics.uploadEnded(outcome);
    assert.equal(await value(metrics, 'openswml_uploads_total{outcome="failed"}'), 2);
    assert.equal(await value(metrics, 'openswml_uploads_total{outcome="stored"}'), 1);
    assert.doesNotMatch(await metrics.registry.metrics(), /^openswml_uploads_waiting /m);
  });
});

test('a main thread that stands still shows in its lag, once', async () => {
  const metrics = new Metrics(PROBE, '1.2.3');
  const longest = (): Promise<number> => value(metrics, 'openswml_event_loop_lag_seconds{quantile="1"}');
  await longest();
  // The first look, from which the next is late.
  await new Promise((resolve) => setTimeout(resolve, 120));
  const until = performance.now() + 300;
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok((await longest()) >= 0.2);
  const page = await metrics.registry.metrics();
  assert.doesNotMatch(page, /nodejs_eventloop_lag_p99/);
});
