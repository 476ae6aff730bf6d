import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { CallInfo } from '../call/leg.ts';
import { CALL } from '../call/leg.test-helper.ts';
import { silentLogger } from '../log/logger.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { CallTracer } from '../trace/call-tracer.ts';
import type { CallEvent } from '../trace/events.ts';
import { parseTrace } from '../trace/format.ts';
import { ArrivingCalls } from './arriving-calls.ts';
import { CallTrace, CallTraces } from './call-traces.ts';

const ID = '00000000-0000-4000-8000-000000000001';
const DAY_MS = 86_400_000;

test('traces are deleted when they are old enough, and nothing else that lies there', async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'openswml-traces-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const clock = new VirtualClock();
  const put = (name: string, ageDays: number): void => {
    const file = path.join(dir, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, '');
    const seconds = (clock.now() - ageDays * DAY_MS) / 1000;
    utimesSync(file, seconds, seconds);
  };
  put(`2025-12-20/${ID}.jsonl`, 12);
  put(`2025-12-20/${ID}.wav`, 12);
  put(`2025-12-21/${ID}.wav.enc`, 11);
  put('2025-12-21/notes.txt', 11);
  put(`2025-12-31/${ID}.jsonl`, 1);
  put('readme.md', 100);
  const traces = new CallTraces({
    ...{ dir, keepDays: 7, audio: 'plain', document: 'x.yaml', version: '1', clock, log: silentLogger },
  });
  traces.start();
  await traces.close();
  assert.deepEqual(readdirSync(dir).sort(), ['2025-12-21', '2025-12-31', 'readme.md']);
  assert.deepEqual(readdirSync(path.join(dir, '2025-12-21')), ['notes.txt']);
  assert.ok(existsSync(path.join(dir, '2025-12-31', `${ID}.jsonl`)));
});

test('folders of days of which all is kept are not gone through', async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'openswml-traces-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const clock = new VirtualClock();
  const ofDay = (daysAgo: number): string =>
    path.join(dir, new Date(clock.now() - daysAgo * DAY_MS).toISOString().slice(0, 10));
  for (const daysAgo of [0, 6, 7, 8]) {
    mkdirSync(ofDay(daysAgo));
    const file = path.join(ofDay(daysAgo), `${ID}.jsonl`);
    writeFileSync(file, '');
    // Older than any could be that lies there: it is deleted wherever anybody asks for its age.
    const seconds = (clock.now() - 100 * DAY_MS) / 1000;
    utimesSync(file, seconds, seconds);
  }
  const traces = new CallTraces({
    ...{ dir, keepDays: 7, audio: 'plain', document: 'x.yaml', version: '1', clock, log: silentLogger },
  });
  traces.start();
  await traces.close();
  const left = [0, 6, 7, 8].filter((daysAgo) => existsSync(path.join(ofDay(daysAgo), `${ID}.jsonl`)));
  assert.deepEqual(left, [0, 6]);
});

test('a file that gets its final name while old traces are looked for ends nothing', async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'openswml-traces-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const clock = new VirtualClock();
  const day = path.join(dir, '2025-12-20');
  mkdirSync(day);
  // Listed, but not to be found any more.
  symlinkSync('renamed', path.join(day, `${ID}.wav.part`));
  const old = path.join(day, `${ID.slice(0, -1)}2.jsonl`);
  writeFileSync(old, '');
  const seconds = (clock.now() - 12 * DAY_MS) / 1000;
  utimesSync(old, seconds, seconds);
  const traces = new CallTraces({
    ...{ dir, keepDays: 7, audio: 'plain', document: 'x.yaml', version: '1', clock },
    log: { ...silentLogger, error: () => assert.fail('an error was logged') },
  });
  traces.start();
  await traces.close();
  assert.deepEqual(readdirSync(day), [`${ID}.wav.part`]);
});

test('a folder that is made for the first call of a day stays, though nothing is in it yet', async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'openswml-traces-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const clock = new VirtualClock();
  const today = new Date(clock.now()).toISOString().slice(0, 10);
  mkdirSync(path.join(dir, today));
  mkdirSync(path.join(dir, '2025-12-20'));
  const traces = new CallTraces({
    ...{ dir, keepDays: 7, audio: 'plain', document: 'x.yaml', version: '1', clock, log: silentLogger },
  });
  traces.start();
  await traces.close();
  assert.deepEqual(readdirSync(dir), [today]);
});

test('what cannot be deleted is told of once, and keeps no other old trace', async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'openswml-traces-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const clock = new VirtualClock();
  const seconds = (clock.now() - 12 * DAY_MS) / 1000;
  const days = Array.from({ length: 12 }, (_, day) => path.join(dir, `2025-12-${10 + day}`));
  for (const day of days) {
    mkdirSync(day);
    const file = path.join(day, `${ID}.jsonl`);
    // Of the name of a trace, but a folder: that cannot be removed as a file, by nobody.
    if (day === days[0]) mkdirSync(file);
    else writeFileSync(file, '');
    utimesSync(file, seconds, seconds);
  }
  const told: unknown[] = [];
  const traces = new CallTraces({
    ...{ dir, keepDays: 7, audio: 'plain', document: 'x.yaml', version: '1', clock },
    log: { ...silentLogger, error: ({ place, places }, text) => told.push([text, place, places]) },
  });
  traces.start();
  await traces.close();
  assert.deepEqual(readdirSync(dir), ['2025-12-10']);
  assert.deepEqual(told, [['old traces cannot be deleted', path.join(days[0]!, `${ID}.jsonl`), 1]]);
});

test('a folder that is not there yet is none to sweep', async () => {
  const traces = new CallTraces({
    ...{ dir: '/nowhere/at/all', keepDays: 7, audio: 'none', document: '', version: '1' },
    clock: new VirtualClock(),
    log: { ...silentLogger, error: () => assert.fail('an error was logged') },
  });
  traces.start();
  await traces.close();
});

test('a trace has how servers were asked for the document of a call, and what came of it', () => {
  const events: CallEvent[] = [];
  const trace = new CallTrace({
    tracer: new CallTracer(new VirtualClock(), (event) => events.push(event)),
    callId: ID,
    audio: () => undefined,
    close: async () => {},
  });
  trace.document({ url: 'https://a.example/', method: 'GET' }, { failure: 'no answer' });
  trace.document({ url: 'https://b.example/', method: 'POST' }, { text: 'sections: {}' });
  const request = { headers: {}, body: '' };
  assert.deepEqual(
    events.map(({ text, data }) => [text, data]),
    [
      ['GET https://a.example/', { for: 'document', failure: 'no answer', request }],
      [
        'POST https://b.example/',
        { for: 'document', status: 200, request, answer: { headers: {}, body: 'sections: {}' } },
      ],
    ],
  );
});

test('a trace begins with the call, but without the tokens in its headers', async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'openswml-traces-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const clock = new VirtualClock();
  const traces = new CallTraces({
    ...{ dir, keepDays: 7, audio: 'none', document: 'x.yaml', version: '1', clock, log: silentLogger },
  });
  const headers = (value: string) => [
    { name: 'X-Auth-Token', value },
    { name: 'X-Campaign', value: 'spring' },
  ];
  const call: CallInfo = { ...CALL, call_id: ID, call_state: 'created', headers: headers('t') };
  await traces.open(call, silentLogger).close();
  const file = path.join(dir, new Date(clock.now()).toISOString().slice(0, 10), `${ID}.jsonl`);
  const { header } = parseTrace(readFileSync(file, 'utf8'), file);
  assert.deepEqual(header.call, { ...call, headers: headers('(left out)') });
});

test('the first messages of a call wait until it is taken, those of others are forgotten in time', () => {
  const arriving = new ArrivingCalls();
  const note = (id: string, text: string): void =>
    arriving.note('in', { sipCallId: id, text }, Buffer.from(text));
  note('a', 'INVITE');
  note('a', '100 Trying (INVITE)');
  assert.deepEqual(
    arriving.take('a').map(({ line }) => line.text),
    ['INVITE', '100 Trying (INVITE)'],
  );
  assert.deepEqual(arriving.take('a'), []);
  note('b', 'INVITE');
  arriving.forget('b');
  note('b', '503 Service Unavailable (INVITE)');
  note('b', 'ACK');
  assert.deepEqual(arriving.take('b'), []);
  for (let i = 0; i <= 10_000; i++) note(`call-${i}`, 'INVITE');
  for (let i = 0; i < 100; i++) note('call-10000', 'INVITE');
  assert.equal(arriving.take('call-0').length, 0);
  assert.equal(arriving.take('call-1').length, 1);
  assert.equal(arriving.take('call-10000').length, 8);
});

test('the first messages of calls that nobody takes have no more room than 64 MiB, however long they are', () => {
  const arriving = new ArrivingCalls();
  const long = Buffer.alloc(1024 * 1024);
  const note = (id: string): void => arriving.note('in', { sipCallId: id, text: 'INVITE' }, long);
  for (let i = 0; i < 40; i++) for (const _message of [1, 2]) note(`call-${i}`);
  assert.deepEqual(
    ['call-7', 'call-8', 'call-39'].map((id) => arriving.take(id).length),
    [0, 2, 2],
  );
  // What was taken has left its room to others.
  for (let i = 40; i < 44; i++) note(`call-${i}`);
  assert.equal(arriving.take('call-9').length, 2);
});
