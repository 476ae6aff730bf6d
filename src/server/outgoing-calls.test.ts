import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { openService, RECORD } from '../call/leg.test-helper.ts';
import type { LegEvent } from '../call/media-leg.ts';
import { silentLogger } from '../log/logger.ts';
import { seededRandom } from '../media/test-signals.ts';
import { LocalMediaHost } from '../mediaworker/local-host.ts';
import { FakeLeg } from '../methods/fake-leg.test-helper.ts';
import { createMemoryRtpNetwork } from '../rtp/memory-network.ts';
import type { OutgoingCallOptions, SipCall, SipCallHandlers } from '../sip/api.ts';
import { Variables } from '../swml/scope.ts';
import type { CallTrace } from './call-traces.ts';
import type { CallsOptions } from './calls.ts';
import { loadConfig } from './config.ts';
import type { Refusal } from './load/admission.ts';
import { Metrics } from './metrics.ts';
import { OutgoingCalls } from './outgoing-calls.ts';
import type { ServedCall } from './served-call.ts';

const METRICS = {
  callTaken() {},
  callRefused() {},
  callAnswered() {},
  callEnded() {},
  mediaClosed() {},
  recordingEnded() {},
};

function open(
  t: TestContext,
  options: {
    readonly env?: Record<string, string>;
    readonly hopsLeft?: number;
    readonly refusal?: Refusal;
    /** Of the call that makes others. */
    readonly trace?: CallTrace;
    readonly metrics?: Metrics;
  } = {},
) {
  const { clock, service, dataDir } = openService(t);
  const rtp = createMemoryRtpNetwork(clock);
  const { config } = loadConfig({ env: options.env ?? {}, cwd: dataDir });
  const media = new LocalMediaHost({
    clock,
    log: silentLogger,
    random: seededRandom(1),
    openSocket: (address) => rtp.open(address),
  });
  const parent = new FakeLeg({ call_state: 'answered' });
  const { hopsLeft = 69, trace } = options;
  const served = { leg: { codec: 'PCMA' }, hopsLeft, trace } as unknown as ServedCall;
  const kept: ServedCall[] = [];
  const calls = new OutgoingCalls(
    {
      config,
      identity: { nodeId: 'node', projectId: 'project', spaceId: 'space' },
      media,
      recordings: service,
      sounds: { load: () => ({ kind: 'made', sound: { kind: 'silence', durationMs: 1 } }) },
      clock,
      log: silentLogger,
      metrics: options.metrics ?? METRICS,
    } as unknown as CallsOptions,
    {
      admit: () => options.refusal,
      find: (callId) =>
        callId === parent.info.call_id ? served : kept.find(({ leg }) => leg.info.call_id === callId),
      keep: (call) => kept.push(call),
      emit: () => {},
      noteSipCall: () => {},
      onEvent: () => {},
    },
  );
  const sent: OutgoingCallOptions[] = [];
  const handlers: SipCallHandlers[] = [];
  const endpoint = {
    localAddressFor: () => '10.0.0.1',
    call: (invite: OutgoingCallOptions, owner: SipCallHandlers) => {
      sent.push(invite);
      handlers.push(owner);
      return { sipCallId: 'x', hangup: async () => {} } as unknown as SipCall;
    },
  };
  return { clock, calls, endpoint, parent, sent, handlers, kept, media };
}

test('a call is made with the codec of the caller first, and may be passed on once less than its own', async (t) => {
  const bench = open(t, { hopsLeft: 5 });
  bench.calls.attach(bench.endpoint);
  const made = bench.calls.dial(bench.parent, { to: 'sip:bob@example.com', timeout: 30 });
  await bench.clock.settle();
  const [invite] = bench.sent;
  const { sdp } = invite!;
  assert.ok(typeof sdp === 'function');
  assert.match(sdp('10.0.0.1'), /RTP\/AVP 8 111 9 0 /, 'PCMA, then those of the settings');
  assert.deepEqual(
    [invite!.maxForwards, invite!.timeoutMs, invite!.from],
    [5, 30_000, 'sip:ann@example.com'],
  );
  assert.deepEqual([bench.kept[0]!.leg, bench.kept[0]!.hopsLeft], [made.leg, 4]);
  bench.handlers[0]!.progress?.(180, undefined);
  await made.alerted;
  bench.handlers[0]!.ended({ by: 'remote', how: 'failed', status: 486 });
  assert.equal((await made.leg.ended).reason, 'busy');
  assert.equal(made.failure, undefined);
  await bench.media.close();
});

test('a codec that a document names twice is offered once, in its first place', async (t) => {
  const bench = open(t);
  bench.calls.attach(bench.endpoint);
  const codecs = ['PCMA', 'G722', 'PCMA'];
  const { leg } = bench.calls.dial(bench.parent, { to: 'sip:bob@example.com', timeout: 30, codecs });
  await bench.clock.settle();
  const { sdp } = bench.sent[0]!;
  assert.ok(typeof sdp === 'function');
  assert.match(sdp('10.0.0.1'), /RTP\/AVP 8 9 101\r\n/);
  bench.handlers[0]!.ended({ by: 'remote', how: 'failed', status: 486 });
  await leg.ended;
  await bench.media.close();
});

for (const [title, options, to, why] of [
  ['that goes in a circle', { hopsLeft: 0 }, 'sip:bob@example.com', /in a circle/],
  ['to a number without a gateway', {}, '+15550100', /set dial\.gateway/],
  [
    'while the server is full',
    { refusal: { reason: 'max_calls', retryAfterSeconds: 5 } },
    'sip:bob@example.com',
    /no more calls.*max_calls/,
  ],
] as const) {
  test(`a call ${title} ends with error, and says why`, async (t) => {
    const bench = open(t, options);
    bench.calls.attach(bench.endpoint);
    const made = bench.calls.dial(bench.parent, { to, timeout: 30 });
    assert.equal((await made.leg.ended).reason, 'error');
    assert.match(made.failure ?? '', why);
    assert.equal(bench.sent.length, 0);
    assert.equal(bench.kept.length, 1, 'it is listed and told like any other');
  });
}

test('a call for which there is no room counts as refused, not as one that was let in and is over', async (t) => {
  const metrics = new Metrics(undefined, '1.2.3');
  const bench = open(t, { metrics, refusal: { reason: 'max_calls', retryAfterSeconds: 5 } });
  bench.calls.attach(bench.endpoint);
  const { leg } = bench.calls.dial(bench.parent, { to: 'sip:bob@example.com', timeout: 30 });
  bench.kept[0]!.figures.ended(await leg.ended);
  const page = await metrics.registry.metrics();
  assert.match(page, /^openswml_calls_refused_total\{reason="max_calls"\} 1$/m);
  assert.match(page, /^openswml_call_duration_seconds_count 0$/m);
  assert.doesNotMatch(page, /^openswml_calls(?:_ended)?_total\{/m);
});

test('the end of a call that cannot be made is in the trace', async (t) => {
  const told: string[] = [];
  const tracer = { leg: ({ text }: LegEvent) => told.push(text) };
  const bench = open(t, { hopsLeft: 0, trace: { called: () => ({ tracer }) } as unknown as CallTrace });
  bench.calls.attach(bench.endpoint);
  const { leg } = bench.calls.dial(bench.parent, { to: 'sip:bob@example.com', timeout: 30 });
  await leg.ended;
  assert.equal(told[0], 'hanging up');
});

test('before the server is up, nobody is called', async (t) => {
  const bench = open(t);
  const made = bench.calls.dial(bench.parent, { to: 'sip:bob@example.com', timeout: 30 });
  await bench.clock.settle();
  assert.equal((await made.leg.ended).reason, 'error');
  assert.match(made.failure ?? '', /not up yet/);
  await bench.media.close();
});

test('a called side that has agreed in its script may be recorded when that is over', async (t) => {
  const bench = open(t, { env: { OPENSWML_RECORDING_CONSENT_VARIABLE: 'consent' } });
  const { clock, calls, endpoint, parent, handlers, kept } = bench;
  calls.attach(endpoint);
  const { leg } = calls.dial(parent, { to: 'sip:bob@example.com', timeout: 30 });
  await clock.settle();
  const lines = ['v=0', 'o=- 1 1 IN IP4 10.0.0.9', 's=-', 'c=IN IP4 10.0.0.9', 't=0 0'];
  handlers[0]!.confirmed?.([...lines, 'm=audio 4000 RTP/AVP 8', ''].join('\r\n'));
  assert.equal(leg.info.call_state, 'answered');
  const refused = assert.rejects(leg.record(RECORD), { code: 'no_consent' });
  await clock.advance(100);
  await refused;
  kept[0]!.variables = new Variables({ consent: true });
  assert.equal(kept[0]!.script, undefined);
  const recorded = leg.record(RECORD);
  await clock.advance(100);
  assert.equal((await recorded).controlId, RECORD.controlId);
  const over = leg.hangup();
  await clock.advance(1000);
  await over;
  await bench.media.close();
});
