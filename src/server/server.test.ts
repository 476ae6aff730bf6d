import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import os, { availableParallelism } from 'node:os';
import path from 'node:path';
import { json } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { Party, type Witness } from '../../test/sip/party.ts';
import { CallbackReceiver } from '../../test/support/callback-receiver.ts';
import { freePort, freeUdpRange } from '../../test/support/ports.ts';
import { RecordingService } from '../call/recording-service.ts';
import { silentLogger } from '../log/logger.ts';
import { closeAfterTests, serve } from '../net/http-fixtures.ts';
import { ListenError } from '../sip/errors.ts';
import { createOffer } from '../sip/sdp/offer-answer.ts';
import { RealClock } from '../time/real-clock.ts';
import { loadConfig } from './config.ts';
import { DocumentError } from './document-error.ts';
import type { ServerEvent } from './events.ts';
import { createServer, type Server, type ServerAddresses } from './server.ts';
import { until } from '../../test/support/until.ts';

const RECORD = 'sections:\n  main:\n    - record: {initial_timeout: 0, end_silence_timeout: 0}\n';
const WAIT = 'sections:\n  main:\n    - sleep: 60000\n';
/** Nothing listens there: the server's packets go nowhere. */
const OFFER = createOffer(
  { address: '127.0.0.1', rtpPort: 40_998, codecs: ['PCMU'] },
  { sessionId: '1', sessionVersion: '1' },
);

closeAfterTests();
let folder = '';
let phone: Party;
const clock = new RealClock();

before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'openswml-server-test-'));
  phone = new Party('phone', { clock, listeners: [{ protocol: 'udp', host: '127.0.0.1', port: 0 }] });
  await phone.start();
});
after(async () => {
  await phone.endpoint.close();
  rmSync(folder, { recursive: true });
});

let made = 0;
function newServer(document: string, flags: Readonly<Record<string, unknown>> = {}): Server {
  const source = path.join(folder, `${++made}.yaml`);
  writeFileSync(source, document);
  const { config } = loadConfig({
    env: {},
    cwd: folder,
    flags: {
      'document.source': source,
      data_dir: path.join(folder, `data-${made}`),
      'sip.listen': ['udp://127.0.0.1:0'],
      'http.listen': '127.0.0.1:0',
      'rtp.bind': '127.0.0.1',
      'rtp.ports': '45000-45999',
      // One call at a time: a thread for each core would only take longer to start.
      'rtp.threads': 1,
      warm_up: false,
      // However slow the machine is.
      'limits.refuse_when_overloaded': false,
      ...flags,
    },
  });
  return createServer(config, { log: silentLogger });
}

function dial(addresses: ServerAddresses): Witness {
  return phone.dial(`sip:box@127.0.0.1:${addresses.sip[0]!.port}`, { sdp: OFFER });
}

test('shutdown ends running calls with BYE and finishes their recordings before the server is gone', async () => {
  const server = newServer(RECORD);
  const events: ServerEvent[] = [];
  server.onEvent((event) => events.push(event));
  const addresses = await server.start();
  const call = dial(addresses);
  await until(() => events.some(({ text }) => text === 'recording started'), 'the recording has not come');
  await server.stop();
  await until(() => call.end !== undefined, 'the end of the call has not come');
  assert.deepEqual([call.end?.by, call.end?.how], ['remote', 'bye']);
  const ended = events.find(({ text }) => text === 'recording ended');
  assert.equal(ended?.data['ended_by'], 'hangup');
  const left = readdirSync(path.join(folder, `data-${made}`, 'recordings'), {
    recursive: true,
    encoding: 'utf8',
  });
  assert.deepEqual(
    left.filter((name) => name.endsWith('.part')),
    [],
  );
});

test('figures can be asked for while what a crash left is still being repaired', async (t) => {
  const port = await freePort();
  const server = newServer(WAIT, { 'http.listen': `127.0.0.1:${port}`, 'metrics.open': true });
  t.after(() => server.stop());
  let figures: Response | undefined;
  t.mock.method(RecordingService.prototype, 'recover', async () => {
    figures = await fetch(`http://127.0.0.1:${port}/metrics`);
    return [];
  });
  await server.start();
  assert.equal(figures?.status, 200);
  assert.match(await figures.text(), /^openswml_calls_waiting 0$/m);
});

test('beyond the limit of calls a caller gets 503 with Retry-After, and room again later', async () => {
  const server = newServer(WAIT, { 'limits.max_calls': 1 });
  const addresses = await server.start();
  const first = dial(addresses);
  await until(() => first.events.includes('progress 180'), 'ringing has not come');
  const second = dial(addresses);
  await until(() => second.end !== undefined, 'the refusal has not come');
  assert.equal(second.end?.status, 503);
  await first.call.hangup();
  const third = dial(addresses);
  await until(() => third.events.includes('progress 180'), 'ringing again has not come');
  await third.call.hangup();
  await server.stop();
});

test('a call that is recorded may call others, though no further recording has room', async (t) => {
  const desk = new Party('desk', { clock, listeners: [{ protocol: 'udp', host: '127.0.0.1', port: 0 }] });
  desk.onCall = (incoming) => incoming.ring();
  await desk.start();
  const steps = `[{record_call: {}}, {sleep: 200}, {connect: {to: "${desk.uri()}"}}]`;
  const server = newServer(`sections: {main: ${steps}}`, {
    'limits.max_recordings': 1,
    'network.allow': ['127.0.0.1'],
  });
  t.after(async () => {
    await server.stop();
    await desk.endpoint.close();
  });
  const call = dial(await server.start());
  await until(() => desk.calls.length === 1, 'nobody was called');
  await call.call.hangup();
});

test('when the RTP ports run out, a caller gets 503 before anything is done for it, and room again later', async (t) => {
  const port = await freeUdpRange(4);
  const ports = `${port}-${port + 3}`;
  const server = newServer(RECORD, { 'rtp.ports': ports, 'rtp.threads': 2, 'metrics.open': true });
  t.after(() => server.stop());
  const events: ServerEvent[] = [];
  server.onEvent((event) => events.push(event));
  const addresses = await server.start();
  const up = [dial(addresses), dial(addresses)];
  await until(() => up.every((call) => call.events.includes('confirmed')), 'the answers has not come');
  const invites = (): number => events.filter(({ text }) => text === '← INVITE').length;
  assert.equal(invites(), 2);
  const third = dial(addresses);
  await until(() => third.end !== undefined, 'the refusal has not come');
  assert.equal(third.end?.status, 503);
  assert.equal(invites(), 2);
  const ready = await fetch(`${addresses.http.url}/readyz`);
  assert.match(await ready.text(), /new calls are refused: rtp_ports/);
  const metrics = await (await fetch(`${addresses.http.url}/metrics`)).text();
  assert.match(metrics, /^openswml_calls_refused_total\{reason="rtp_ports"\} 1$/m);
  await up[0]!.call.hangup();
  await until(
    () => events.some(({ text }) => text === 'media closed'),
    'the end of the recording has not come',
  );
  let next = dial(addresses);
  await until(() => {
    // The thread that closed the ports frees them a moment later.
    if (next.end !== undefined) next = dial(addresses);
    return next.events.includes('confirmed');
  }, 'an answer has not come');
});

test('the timeline of a call tells SIP messages, steps and states in order', async () => {
  const server = newServer('sections:\n  main:\n    - answer: {}\n    - set: {a: 1}\n    - hangup: {}\n');
  const events: ServerEvent[] = [];
  server.onEvent((event) => events.push(event));
  const call = dial(await server.start());
  await until(() => call.end !== undefined, 'the end of the call has not come');
  await server.stop();
  const sent = new Set<string>();
  assert.deepEqual(
    events
      // A slow machine repeats SIP messages (RFC 3261 17); each counts once.
      .filter(({ kind, text }) => kind === 'step' || (kind === 'sip' && !sent.has(text) && sent.add(text)))
      .map(({ text }) => text)
      // The ACK may come at any time behind the 200; a slow machine sends 100 and 180 first.
      .filter((text) => text !== '← ACK' && !text.startsWith('→ 1')),
    [
      '← INVITE',
      'answer',
      '→ 200 OK (INVITE)',
      'answer done',
      'set',
      'set done',
      'hangup',
      '→ BYE',
      '← 200 OK (BYE)',
    ],
  );
  assert.equal(new Set(events.filter(({ kind }) => kind !== 'callback').map(({ callId }) => callId)).size, 1);
});

test('a document with a mistake keeps the server from starting, and leaves nothing open', async () => {
  const server = newServer('sections:\n  main:\n    - recrd: {}\n');
  await assert.rejects(
    server.start(),
    (error) => error instanceof DocumentError && /yaml:3:/.test(error.message),
  );
  const dataDir = path.join(folder, `data-${made}`);
  const again = newServer(WAIT, { data_dir: dataDir });
  await again.start();
  await again.stop();
});

test('a SIP port in use is named, and nothing stays open', async () => {
  const running = newServer(WAIT);
  const { sip } = await running.start();
  const port = sip[0]!.port;
  const late = newServer(WAIT, { 'sip.listen': [`udp://127.0.0.1:${port}`] });
  await assert.rejects(
    late.start(),
    (error) => error instanceof ListenError && error.message.includes(String(port)),
  );
  await running.stop();
});

test('a data folder that another server uses is refused', async () => {
  const running = newServer(WAIT);
  await running.start();
  const dataDir = path.join(folder, `data-${made}`);
  await assert.rejects(newServer(WAIT, { data_dir: dataDir }).start(), /data-\d+/);
  await running.stop();
});

test('a call whose document cannot be had is refused with 503', async () => {
  const server = newServer(WAIT, {
    'document.source': 'http://127.0.0.1:9/none',
    'network.allow': ['127.0.0.1'],
  });
  const call = dial(await server.start());
  await until(() => call.end !== undefined, 'the refusal has not come');
  assert.equal(call.end?.status, 503);
  await server.stop();
});

test('while it drains, running calls go on, new ones get 503, and readiness says why', async () => {
  const server = newServer('sections:\n  main:\n    - answer: {}\n    - sleep: 60000\n', {
    'metrics.open': true,
    'rtp.threads': 0,
  });
  const addresses = await server.start();
  const call = dial(addresses);
  await until(() => call.events.includes('confirmed'), 'the answer has not come');
  assert.equal((await fetch(`${addresses.http.url}/readyz`)).status, 200);
  const impatient = new AbortController();
  let drained = false;
  const draining = server.drain(600_000, impatient.signal).then(() => {
    drained = true;
  });
  const late = dial(addresses);
  await until(() => late.end !== undefined, 'the refusal has not come');
  assert.equal(late.end?.status, 503);
  const ready = await fetch(`${addresses.http.url}/readyz`);
  assert.equal(ready.status, 503);
  assert.match(await ready.text(), /new calls are refused: shutting_down/);
  const metrics = await (await fetch(`${addresses.http.url}/metrics`)).text();
  assert.match(metrics, /^openswml_calls_refused_total\{reason="shutting_down"\} 1$/m);
  assert.match(metrics, /^openswml_calls 1$/m);
  const threads = [...metrics.matchAll(/^openswml_thread_memory_bytes\{thread="(\S+)",kind="heap"\}/gm)];
  assert.deepEqual(
    threads.map(([, name]) => name),
    ['main', ...Array.from({ length: availableParallelism() }, (_, index) => `media-${index}`)],
    'one media thread for each core',
  );
  assert.match(metrics, /^openswml_call_setup_seconds_count 1$/m);
  assert.equal(call.end, undefined, 'the running call goes on');
  assert.equal(drained, false);
  await call.call.hangup();
  await draining;
  await server.stop();
});

test('a drain ends at its limit, or when somebody has no patience, with calls still up', async () => {
  const server = newServer('sections:\n  main:\n    - answer: {}\n    - sleep: 60000\n');
  const call = dial(await server.start());
  await until(() => call.events.includes('confirmed'), 'the answer has not come');
  await server.drain(50, new AbortController().signal);
  assert.equal(call.end, undefined);
  const impatient = new AbortController();
  const draining = server.drain(600_000, impatient.signal);
  impatient.abort();
  await draining;
  assert.equal(call.end, undefined);
  await server.stop();
  await until(() => call.end !== undefined, 'the end of the call has not come');
});

test('document.md 5.1, calling.script.warning: goes to the URL of the operator, in the usual envelope, in order', async () => {
  const receiver = await CallbackReceiver.start();
  const server = newServer(
    'sections:\n  main:\n    - switch: {variable: call.type, case: {}}\n    - sleep: "${0 - 5}"\n',
    { 'callbacks.script_warning_url': receiver.url(), 'network.allow': ['127.0.0.1'] },
  );
  const call = dial(await server.start());
  await until(() => call.end !== undefined, 'the end of the call has not come');
  await until(() => receiver.received.length === 2, 'two warnings have not come');
  await server.stop();
  await receiver.close();
  const [first, second] = receiver.received;
  assert.equal(first?.eventType, 'calling.script.warning');
  assert.deepEqual(Object.keys(first!.body), [
    ...['event_type', 'event_channel', 'timestamp', 'project_id', 'space_id', 'params'],
  ]);
  const { call_id, node_id, segment_id, message, ...rest } = first!.params;
  assert.deepEqual(rest, {
    ...{ code: 'relay_script_method_no_matching_condition', section: 'main', index: 0, method: 'switch' },
  });
  for (const text of [call_id, node_id, segment_id, message]) assert.equal(typeof text, 'string');
  assert.equal(second?.params['code'], 'relay_script_method_parameter_invalid_value');
  assert.equal(second?.params['call_id'], call_id);
});

test('a warning of `confirm` is one of the called side, and of the session there', async (t) => {
  const receiver = await CallbackReceiver.start();
  const server = newServer(
    `sections:
  main:
    - connect:
        to: "${phone.uri()}"
        call_state_url: "${receiver.url('/state')}"
        call_state_events: [answered]
        confirm: [{send_sms: {to_number: "+15550100", from_number: "+15550101", body: Hello}}]
`,
    { 'callbacks.script_warning_url': receiver.url('/warning'), 'network.allow': ['127.0.0.1'] },
  );
  const warned: ServerEvent[] = [];
  server.onEvent((event) => {
    if (event.kind === 'warning') warned.push(event);
  });
  const { onCall } = phone;
  t.after(() => {
    phone.onCall = onCall;
  });
  phone.onCall = (call) => call.accept(OFFER);
  const call = dial(await server.start());
  const at = (path: string) => receiver.received.find((callback) => callback.path === path);
  await until(() => at('/state') !== undefined && at('/warning') !== undefined, 'not both have come');
  await server.stop();
  await until(() => call.end !== undefined, 'the end of the call has not come');
  await receiver.close();
  const called = at('/state')?.params['call_id'];
  assert.equal(at('/warning')?.params['call_id'], called);
  assert.deepEqual(
    warned.map(({ callId }) => callId),
    [called],
  );
  // Callbacks of `connect` are of the session that has it.
  assert.notEqual(at('/warning')?.body['event_channel'], at('/state')?.body['event_channel']);
});

test('document.md 5.1, first document: one that has a mistake, without a fallback, ends the call and warns', async () => {
  const receiver = await CallbackReceiver.start();
  const site = createHttpServer((_request, response) => response.end('sections: {main: [{plya: x}]}'));
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const server = newServer(WAIT, {
    'document.source': `http://127.0.0.1:${(site.address() as AddressInfo).port}/`,
    'callbacks.script_warning_url': receiver.url(),
    'network.allow': ['127.0.0.1'],
  });
  const call = dial(await server.start());
  await until(() => call.end !== undefined, 'the end of the call has not come');
  await until(() => receiver.received.length === 1, 'a warning has not come');
  await server.stop();
  await receiver.close();
  site.close();
  assert.equal(call.end?.status, 503);
  const { code, section, index, method, message } = receiver.received[0]!.params;
  assert.deepEqual([code, section, index, method], ['relay_script_method_undefined', 'main', 0, '']);
  assert.match(String(message), /did you mean "play"/);
});

test('the document of a call is asked for with all that spec/document.md 2.3 has, and with nothing else', async () => {
  const asked: { readonly headers: IncomingHttpHeaders; readonly body: Payload }[] = [];
  const port = await serve(async (request, response) => {
    asked.push({ headers: request.headers, body: (await json(request)) as Payload });
    response.end(
      asked.length === 1 ? FETCHING.replace('NEXT', `http://${request.headers.host}/second`) : WAIT,
    );
  });
  const source = `http://127.0.0.1:${port}/first`;
  const server = newServer('', { 'document.source': source, 'network.allow': ['127.0.0.1'] });
  const addresses = await server.start();
  const call = dial(addresses);
  await until(() => asked.length === 2, 'the second question has not come');
  await server.stop();
  await until(() => call.end !== undefined, 'the end of the call has not come');

  const [first, second] = asked;
  const { call: described, ...rest } = first!.body;
  assert.deepEqual(rest, { vars: {}, envs: {}, params: {} });
  assert.deepEqual(
    Object.keys(described).toSorted(),
    [
      'call_id',
      'call_state',
      'direction',
      'from',
      'headers',
      'node_id',
      'project_id',
      'segment_id',
      'sip_data',
    ]
      .concat(['space_id', 'to', 'type'])
      .toSorted(),
  );
  const { sip_data: sip, ...plain } = described;
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
  for (const name of ['call_id', 'node_id', 'segment_id', 'project_id', 'space_id'] as const) {
    assert.match(String(plain[name]), uuid, name);
  }
  const sipPort = addresses.sip[0]!.port;
  assert.deepEqual(
    [plain['call_state'], plain['direction'], plain['type'], plain['headers'], plain['to']],
    ['created', 'inbound', 'sip', [], `sip:box@127.0.0.1:${sipPort}`],
  );
  assert.match(String(plain['from']), /^sip:/, 'the URI of a party has its scheme');
  const { sip_contact_params, ...texts } = sip as Record<string, unknown>;
  assert.deepEqual(
    Object.keys(texts).toSorted(),
    ['req', 'from', 'to', 'contact']
      .flatMap((part) => ['user', 'host', 'uri'].map((what) => `sip_${part}_${what}`))
      .concat('sip_contact_port')
      .toSorted(),
  );
  assert.equal(typeof sip_contact_params, 'object');
  assert.equal(texts['sip_req_uri'], `box@127.0.0.1:${sipPort}`, 'these have none');

  assert.equal(second?.body.call['call_id'], plain['call_id']);
  assert.deepEqual([second?.body.vars, second?.body.params], [{ tries: 1 }, { a: [true] }]);
  assert.equal(second?.headers['content-type'], 'application/json');
});

const FETCHING = `sections:
  main:
    - set: {tries: 1}
    - transfer: {dest: second, params: {}}
  second:
    - execute: {dest: "NEXT", params: {a: [true]}}
`;

interface Payload {
  readonly call: Readonly<Record<string, unknown>>;
  readonly vars: unknown;
  readonly envs: unknown;
  readonly params: unknown;
}
