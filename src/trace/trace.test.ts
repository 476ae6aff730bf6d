import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../log/logger.ts';
import { RealClock } from '../time/real-clock.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { CallTracer } from './call-tracer.ts';
import { type CallEvent, formatTimeline, shortTimeline } from './events.ts';
import { parseTrace, type TraceHeader, TraceError, traceText } from './format.ts';
import { formatLadder } from './ladder.ts';
import { sipText } from './sip-line.ts';
import { TraceFile } from './trace-file.ts';

const HEADER: TraceHeader = {
  openswml_trace: 1,
  call: { call_id: 'c1' },
  started_at: '2026-01-01T00:00:00.000Z',
  virtual: true,
};
const EVENTS: readonly CallEvent[] = [
  { at: 0, kind: 'sip', text: 'INVITE', data: { direction: 'in', message: 'INVITE sip:a@b SIP/2.0\r\n' } },
  {
    at: 0.123,
    kind: 'sip',
    text: '200 OK (INVITE)',
    data: { direction: 'out', message: 'SIP/2.0 200 OK\r\n' },
  },
  { at: 0.2, kind: 'level', text: 'speech', data: { said: -20 } },
  { at: 1, kind: 'step', text: 'set done', data: { set: { name: 'Ann', n: 1 } } },
  { at: 1.5, kind: 'step', text: 'play done', data: {} },
];

function folder(t: TestContext): string {
  const name = mkdtempSync(path.join(tmpdir(), 'openswml-trace-'));
  t.after(() => rmSync(name, { recursive: true }));
  return name;
}

test('a trace is read as it was written', () => {
  assert.deepEqual(parseTrace(traceText({ header: HEADER, events: EVENTS }), 'x'), {
    header: HEADER,
    events: EVENTS,
  });
});

test('a last line that a crash cut off is passed over, and one that is whole is not', () => {
  const text = traceText({ header: HEADER, events: EVENTS });
  assert.equal(parseTrace(text.slice(0, -10), 'x').events.length, EVENTS.length - 1);
  assert.equal(parseTrace(text.slice(0, -1), 'x').events.length, EVENTS.length);
});

test('what is no trace is told with file and line', () => {
  const head = JSON.stringify(HEADER);
  for (const [text, message] of [
    ['', 'x:1: this is no trace of OpenSWML'],
    ['version: 1.0.0\n', 'x:1: this is no trace of OpenSWML'],
    ['{}\n', 'x:1: this is no trace of OpenSWML'],
    ['{"openswml_trace":7}\n', 'x:1: version 7 of traces cannot be read, only 1 and 2'],
    ['{"openswml_trace":2}\n', 'x:1: expected "call", which says what call it was'],
    [`${head}\n{"at":0,"kind":"call","text":"a","data":null}\n`, 'x:2: expected an object as "data"'],
    [`${head}\n[]\n`, 'x:2: expected an object'],
    [`${head}\n{"at":1}\n`, 'x:2: expected an event with "at", "kind" and "text"'],
    [`${head}\n{"at":0,"kind":"call","text":"a"}\nno\n`, 'x:3: this line is no JSON'],
  ] as const) {
    assert.throws(
      () => parseTrace(text, 'x'),
      (error) => error instanceof TraceError && error.message === message,
    );
  }
});

test('a timeline shows what people want to read: no levels, no empty ends, no whole messages', () => {
  assert.deepEqual(formatTimeline(EVENTS).split('\n'), [
    '   0.00 s  sip        INVITE  direction="in"',
    '   0.12 s  sip        200 OK (INVITE)  direction="out"',
    '   1.00 s  step       set done  name="Ann"  n=1',
  ]);
  const hostile = formatTimeline([{ at: 0, kind: 'call', text: 'x\u001b[2Jy', data: {} }]);
  assert.ok(!hostile.includes('\u001b'));
});

test('a very long timeline is told without its middle', () => {
  const events = Array.from(
    { length: 10_000 },
    (_, at): CallEvent => ({ at, kind: 'step', text: `set ${at}`, data: {} }),
  );
  const lines = shortTimeline(events).split('\n');
  assert.equal(lines.length, 201);
  assert.match(lines[59]!, /set 59$/);
  assert.equal(lines[60], '      …    9800 more lines');
  assert.match(lines[200]!, /set 9999$/);
  assert.equal(shortTimeline(events.slice(0, 201)), formatTimeline(events.slice(0, 201)));
});

test('a ladder shows who sent what to whom', () => {
  const [head, one, other] = formatLadder(EVENTS).split('\n');
  assert.match(head!, /^ +caller +openswml$/);
  assert.match(one!, /^ +0\.00 s {4}│ INVITE ─+▶│$/);
  assert.match(other!, /^ +0\.12 s {4}│◀─+ 200 OK \(INVITE\) │$/);
  assert.equal(one!.length, other!.length);
  assert.equal(formatLadder([]), '');
});

test('a reason phrase cannot steer the terminal that shows the ladder', () => {
  const text = '486 \u001b[2J\u009b1mBusy (INVITE)';
  const ladder = formatLadder([{ at: 0, kind: 'sip', text, data: { direction: 'in' } }]);
  assert.match(ladder, / 486 {2}\[2J 1mBusy \(INVITE\) /);
});

test('credentials do not come into a trace', () => {
  const message =
    'REGISTER sip:a SIP/2.0\r\nAuthorization: Digest username="a",\r\n response="b"\r\nTo: <sip:a>\r\n\r\n';
  assert.equal(
    sipText(Buffer.from(message)),
    'REGISTER sip:a SIP/2.0\r\nAuthorization: (left out)\r\nTo: <sip:a>\r\n\r\n',
  );
  const events: CallEvent[] = [];
  const tracer = new CallTracer(new VirtualClock(), (event) => events.push(event));
  tracer.web(
    {
      purpose: 'request',
      method: 'GET',
      url: 'https://a/',
      headers: { Authorization: 'Basic x', Accept: 'y', 'X-Auth-Token': 'z', 'api-key': 'k' },
      body: '',
    },
    {
      status: 200,
      headers: { 'Set-Cookie': 'session=1', 'X-Subject-Token': 't', Age: '1' },
      body: 'z'.repeat(100_000),
    },
  );
  const { request, answer } = events[0]!.data as {
    request: { headers: object };
    answer: { headers: object; body: string };
  };
  assert.deepEqual(request.headers, {
    Authorization: '(left out)',
    Accept: 'y',
    'X-Auth-Token': '(left out)',
    'api-key': '(left out)',
  });
  assert.deepEqual(answer.headers, {
    'Set-Cookie': '(left out)',
    'X-Subject-Token': '(left out)',
    Age: '1',
  });
  assert.equal(answer.body.length, 65_536);
  tracer.script({
    kind: 'step-end',
    atMs: 0,
    durationMs: 0,
    set: {
      request_response_headers: { 'set-cookie': 'session=1', 'x-subject-token': 't', age: '1' },
      a: 1,
    },
    unset: [],
    outcome: 'next',
    ...{ file: undefined, section: 'main', index: 0, method: 'request', depth: 0 },
    ...{ path: 'sections.main[0].request', position: { line: 3, column: 7 } },
  });
  assert.deepEqual(events[1]!.data['set'], {
    request_response_headers: {
      'set-cookie': '(left out)',
      'x-subject-token': '(left out)',
      age: '1',
    },
    a: 1,
  });
});

test('a trace has no tokens of the headers of a call: not in what a document is asked with, nor in callbacks', () => {
  const events: CallEvent[] = [];
  const tracer = new CallTracer(new VirtualClock(), (event) => events.push(event));
  const headers = (value: string) => [
    { name: 'X-Auth-Token', value },
    { name: 'X-Campaign', value: 'spring' },
  ];
  const call = { from: 'a', headers: headers('t') };
  const expected = { from: 'a', headers: headers('(left out)') };
  const others = { vars: { a: 1 }, envs: {}, params: {} };
  const body = JSON.stringify({ call, ...others });
  tracer.web(
    { purpose: 'document', method: 'POST', url: 'https://a/', headers: {}, body },
    { failure: 'no answer' },
  );
  const { request } = events.at(-1)!.data as { request: { body: string } };
  assert.deepEqual(JSON.parse(request.body), { call: expected, ...others });
  const envelope = {
    ...{ event_type: 'calling.call.state', timestamp: 1, project_id: 'p', space_id: 's' },
    params: { call_id: 'c1', device: { type: 'sip', params: call } },
  };
  tracer.callback({ url: 'https://a/', envelope });
  assert.deepEqual(events.at(-1)!.data['body'], {
    ...envelope,
    params: { call_id: 'c1', device: { type: 'sip', params: expected } },
  });
  assert.deepEqual(call.headers, headers('t'));
});

test('a trace has no cookies of answers in what the next document is asked with', () => {
  const events: CallEvent[] = [];
  const tracer = new CallTracer(new VirtualClock(), (event) => events.push(event));
  const ask = (vars: object): unknown => {
    const body = JSON.stringify({ call: { from: 'a' }, vars, envs: {}, params: {} });
    tracer.web(
      { purpose: 'document', method: 'POST', url: 'https://a/', headers: {}, body },
      { failure: 'no answer' },
    );
    return JSON.parse((events.at(-1)!.data as { request: { body: string } }).request.body);
  };
  const answer = { 'set-cookie': 'session=1', age: '1' };
  assert.deepEqual(ask({ request_response_headers: answer, x: 'y' }), {
    call: { from: 'a' },
    vars: { request_response_headers: { 'set-cookie': '(left out)', age: '1' }, x: 'y' },
    envs: {},
    params: {},
  });
});

test('a trace file grows line by line, is for its owner alone, and is whole at its end', async (t) => {
  const file = path.join(folder(t), 'day', 'c1.jsonl');
  const trace = new TraceFile(file, HEADER, { clock: new RealClock(), log: silentLogger });
  for (const event of EVENTS) trace.write(event);
  await trace.close();
  assert.deepEqual(parseTrace(readFileSync(file, 'utf8'), file).events, EVENTS);
  assert.equal(statSync(file).mode & 0o077, 0);
});

test('a trace that cannot be written is logged once, and harms nobody', async (t) => {
  const file = path.join(folder(t), 'c1.jsonl');
  mkdirSync(file);
  const errors: string[] = [];
  const log = { ...silentLogger, error: (_: unknown, message: string) => errors.push(message) };
  const trace = new TraceFile(file, HEADER, { clock: new RealClock(), log });
  for (const event of EVENTS) trace.write(event);
  await trace.close();
  trace.write(EVENTS[0]!);
  assert.deepEqual(errors, ['the trace of the call cannot be written']);
});

const CALLED_EVENTS: readonly CallEvent[] = [
  { at: 0.1, kind: 'sip', text: 'INVITE', data: { direction: 'in' } },
  { at: 0.2, kind: 'sip', leg: 1, text: 'INVITE', data: { direction: 'out' } },
  { at: 0.3, kind: 'sip', leg: 1, text: '486 Busy Here (INVITE)', data: { direction: 'in' } },
  { at: 0.4, kind: 'call', leg: 2, text: 'answered', data: {} },
];

test('calls that the call has made stand beside it: in the ladder on the right, in the timeline by their number', () => {
  assert.equal(
    formatLadder(CALLED_EVENTS),
    [
      `           caller${' '.repeat(26)}openswml${' '.repeat(28)}called`,
      `   0.10 s    │ INVITE ${'─'.repeat(24)}▶│${' '.repeat(34)}│`,
      `   0.20 s    │${' '.repeat(34)}│ INVITE [1] ${'─'.repeat(20)}▶│`,
      `   0.30 s    │${' '.repeat(34)}│◀${'─'.repeat(4)} 486 Busy Here (INVITE) [1] │`,
    ].join('\n'),
  );
  assert.equal(formatTimeline(CALLED_EVENTS.slice(3)), '   0.40 s  call       [2] answered');
  const trace = { header: { ...HEADER, openswml_trace: 2 as const }, events: CALLED_EVENTS };
  assert.deepEqual(parseTrace(traceText(trace), 'x'), trace);
  assert.throws(
    () => parseTrace(`${JSON.stringify(HEADER)}\n{"at":0,"kind":"call","leg":0,"text":"a"}\n`, 'x'),
    /x:2: expected an event/,
  );
});

test('no event keeps the password of an address, wherever it stands', () => {
  const events: CallEvent[] = [];
  const tracer = new CallTracer(new VirtualClock(), (event) => events.push(event));
  tracer
    .called({ to: 'sip:ann:s3cret@pbx.test', call_id: 'c2' })
    .note('web', 'GET https://u:s3cret@a.test/', {
      body: { url: ['stream:wss://u:s3cret@a.test/x'] },
    });
  tracer.sip(
    'out',
    { sipCallId: 'x', text: 'INVITE' },
    Buffer.from('INVITE sip:ann:s3cret@pbx.test SIP/2.0\r\nTo: <sip:ann:s3cret@pbx.test>\r\n\r\n'),
  );
  assert.doesNotMatch(JSON.stringify(events), /s3cret/);
  assert.deepEqual(events[0], {
    at: 0,
    kind: 'call',
    leg: 1,
    text: 'called',
    data: { to: 'sip:ann@pbx.test', call_id: 'c2' },
  });
});

test('what the parties of at most 16 calls say is kept, and of others that it is not', () => {
  const events: CallEvent[] = [];
  const tracer = new CallTracer(new VirtualClock(), (event) => events.push(event));
  const commands: string[] = [];
  const media = { listen: () => () => {}, send: ({ type }: { type: string }) => commands.push(type) };
  for (let n = 1; n <= 17; n++) {
    tracer
      .called({ to: `sip:${n}@a.test`, call_id: `c${n}` })
      .media(media as never, { path: `/${n}.wav`, name: `${n}.wav` });
  }
  assert.equal(commands.filter((type) => type === 'record').length, 16);
  const kept = events.filter(({ text }) => text === 'received audio is not kept');
  assert.deepEqual(
    kept.map(({ leg }) => leg),
    [17],
  );
});
