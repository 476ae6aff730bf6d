import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { wavHeader } from '../media/wav-format.ts';
import { CallError } from './leg.ts';
import { FINISHED, openLeg, RECORD } from './leg.test-helper.ts';

/** What a crashed media side leaves of a recording: `seconds` of sound. */
function leaveSpool(dataDir: string, relative: string, seconds: number): void {
  const header = wavHeader({ sampleRate: 8000, channels: 1 });
  const samples = new Uint8Array(seconds * 16_000).fill(1);
  writeFileSync(path.join(dataDir, `${relative}.part`), Buffer.concat([header, samples]));
}

test('a recording has its row before the media side hears of it, and its defaults in the command', async (t) => {
  const { leg, host, store, dataDir } = openLeg(t);
  await leg.answer();
  const operation = await leg.record({ ...RECORD, terminators: '#a', maxLength: 7200 });
  const row = store.get(operation.recordingId);
  assert.equal(row?.status, 'in-progress');
  const [command] = host.sent('record');
  assert.deepEqual(command!.spec, {
    recordingId: operation.recordingId,
    controlId: 'c1',
    path: path.join(dataDir, row!.path),
    format: 'wav',
    direction: 'speak',
    stereo: false,
    beep: false,
    terminators: '#A',
    inputSensitivity: 44,
    initialTimeoutMs: 4000,
    endSilenceTimeoutMs: 5000,
    // The server's cap.
    maxLengthMs: 3_600_000,
  });
  assert.equal(leg.recording('c1'), operation);
  host.emitClosed('call-1');
  await leg.ended;
});

test('a recording right behind the answer begins with it, however long the thread stands still between them', async (t) => {
  const { leg, host, clock, emit } = openLeg(t);
  const answeredMs = clock.monotonic();
  const answering = leg.answer();
  const record = async (controlId: string, stoodMs: number): Promise<number | undefined> => {
    const standstill = t.mock.method(clock, 'monotonic', () => answeredMs + stoodMs);
    const operation = await leg.record({ ...RECORD, controlId });
    standstill.mock.restore();
    emit({ type: 'recordEnded', recordingId: operation.recordingId, outcome: FINISHED });
    return host.sent('record').at(-1)!.askedMs;
  };
  await answering;
  assert.equal(await record('at once', 120), answeredMs);
  await clock.advance(1);
  assert.equal(await record('later', 120), answeredMs + 120);
  await leg.hangup();
});

test('a control id is free again when its recording has ended, and not before', async (t) => {
  const { leg, emit } = openLeg(t);
  const inUse = (error: unknown) => error instanceof CallError && error.code === 'control_id_in_use';
  await leg.answer();
  const starting = leg.record(RECORD);
  await assert.rejects(leg.record(RECORD), inUse);
  const first = await starting;
  await assert.rejects(leg.record(RECORD), inUse);
  emit({ type: 'recordEnded', recordingId: first.recordingId, outcome: FINISHED });
  const second = await leg.record(RECORD);
  assert.equal(leg.recording('c1'), second);
  assert.deepEqual(await first.done, FINISHED);
  emit({ type: 'recordEnded', recordingId: second.recordingId, outcome: FINISHED });
  await leg.hangup();
});

test('a control id is free again behind a stop, and nothing is told of a pause any more, before the file is closed', async (t) => {
  const { leg, emit, host, outbox } = openLeg(t);
  await leg.answer();
  const first = await leg.record(RECORD);
  emit({ type: 'recordStarted', recordingId: first.recordingId, startTimeMs: 1_000_000 });
  first.stop();
  first.pause('skip');
  first.resume();
  // Whoever wants its file still finds it.
  assert.equal(leg.recording('c1'), first);
  const second = await leg.record(RECORD);
  assert.equal(leg.recording('c1'), second);
  emit({ type: 'recordEnded', recordingId: first.recordingId, outcome: FINISHED });
  assert.deepEqual(await first.done, FINISHED);
  assert.equal(leg.recording('c1'), second);
  assert.deepEqual(host.sent('pauseRecord'), []);
  assert.deepEqual(outbox.states, ['recording', 'finished']);
  emit({ type: 'recordEnded', recordingId: second.recordingId, outcome: FINISHED });
  await leg.hangup();
});

test('a recording whose file is still being made counts once, and its control id is free again behind a stop', async (t) => {
  const { leg, emit, host, clock } = openLeg(t);
  await leg.answer();
  host.opensFiles = false;
  const settled: unknown[] = [];
  const record = async (controlId: string): Promise<void> => {
    void leg.record({ ...RECORD, controlId }).then(
      () => settled.push(controlId),
      (error: unknown) => settled.push(error instanceof CallError ? error.code : error),
    );
    await clock.settle();
  };
  for (let n = 0; n < 16; n++) await record(`c${n}`);
  assert.deepEqual(settled, []);
  const ids = host.sent('record').map(({ spec }) => spec.recordingId);
  assert.equal(ids.length, 16);
  await record('one more');
  emit({ type: 'recordEnded', recordingId: ids[0]!, outcome: FINISHED });
  await clock.settle();
  leg.recording('c3')?.stop();
  await record('c3');
  assert.equal(host.sent('record').length, 17);
  // The failure of the first says nothing about the second.
  const outcome = { ...FINISHED, state: 'error', endedBy: 'error', byteSize: 0, error: 'disk full' } as const;
  emit({ type: 'recordEnded', recordingId: ids[3]!, outcome });
  await clock.settle();
  assert.deepEqual(settled, ['too_many_recordings', 'c0', 'record_failed']);
  assert.deepEqual(host.sent('unexpectRecord'), []);
});

test('a control id may be used again behind the key that ends its recording, though that end is told a little later', async (t) => {
  const { leg, emit, host, clock } = openLeg(t);
  const inUse = (error: unknown) => error instanceof CallError && error.code === 'control_id_in_use';
  const press = (digit: string) => emit({ type: 'digit', digit, durationMs: 100, via: 'rfc4733' });
  await leg.answer();
  const first = await leg.record(RECORD);
  press('1');
  await assert.rejects(leg.record(RECORD), inUse);
  press('#');
  const askedMs = clock.monotonic();
  const starting = leg.record(RECORD);
  await clock.advance(60);
  emit({ type: 'recordEnded', recordingId: first.recordingId, outcome: FINISHED });
  const second = await starting;
  assert.equal(leg.recording('c1'), second);
  assert.equal(host.sent('record').at(-1)!.askedMs, askedMs);
  // One that the key does not end keeps it.
  press('#');
  const refused = assert.rejects(leg.record(RECORD), inUse);
  await clock.advance(2100);
  await refused;
  await assert.rejects(leg.record(RECORD), inUse);
  // The call ends meanwhile.
  press('#');
  const late = assert.rejects(leg.record(RECORD), (error) => {
    return error instanceof CallError && error.code === 'call_over';
  });
  const ending = leg.hangup();
  emit({ type: 'recordEnded', recordingId: second.recordingId, outcome: FINISHED });
  await late;
  await ending;
});

test('the row and the callbacks follow the recording through pause and resume to its end', async (t) => {
  const { leg, emit, host, outbox, store, clock } = openLeg(t);
  await leg.answer();
  const operation = await leg.record(RECORD);
  const { recordingId } = operation;
  emit({ type: 'recordStarted', recordingId, startTimeMs: 1_000_000 });
  operation.pause('silence');
  operation.pause('skip');
  assert.equal(store.get(recordingId)?.status, 'paused');
  operation.resume();
  operation.resume();
  assert.equal(store.get(recordingId)?.status, 'in-progress');
  operation.stop();
  emit({ type: 'recordEnded', recordingId, outcome: FINISHED });
  await operation.done;
  operation.pause('skip');
  assert.deepEqual(
    host.commands.slice(1).map(({ type }) => type),
    ['expectRecord', 'record', 'pauseRecord', 'resumeRecord', 'stopRecord'],
  );
  assert.deepEqual(outbox.states, ['recording', 'paused', 'recording', 'finished']);
  const row = store.get(recordingId)!;
  assert.deepEqual(
    [row.status, row.endedBy, row.terminator, row.durationMs, row.byteSize, row.startTime, row.endTime],
    ['completed', 'terminator', '#', 2000, 32_044, 1_000_000, 1_002_000],
  );
  const { params } = outbox.requests.at(-1)!.envelope;
  assert.equal(params['url'], operation.url);
  await leg.hangup();
  await clock.settle();
});

test('recordings of a media side that died are repaired before the call has ended', async (t) => {
  const { leg, emit, host, store, outbox, dataDir, timeline } = openLeg(t);
  await leg.answer();
  const kept = await leg.record(RECORD);
  const empty = await leg.record({ ...RECORD, controlId: 'c2' });
  emit({ type: 'recordStarted', recordingId: kept.recordingId, startTimeMs: 1_000_000 });
  leaveSpool(dataDir, store.get(kept.recordingId)!.path, 3);
  host.emitClosed('call-1');
  await leg.ended;
  const outcome = await kept.done;
  assert.deepEqual(
    [outcome.state, outcome.endedBy, outcome.durationMs, outcome.byteSize],
    ['finished', 'crash', 3000, 48_044],
  );
  assert.equal(store.get(kept.recordingId)?.status, 'completed');
  const nothing = await empty.done;
  assert.deepEqual([nothing.state, nothing.endedBy, nothing.byteSize], ['error', 'crash', 0]);
  assert.equal(nothing.error, 'the thread of its audio stopped before anything was recorded');
  assert.equal(store.get(empty.recordingId)?.status, 'absent');
  assert.deepEqual(outbox.states.toSorted(), ['error', 'finished', 'recording']);
  // The metrics, and whoever watches the call, learn of both ends.
  assert.equal(timeline.filter((text) => text === 'recording ended').length, 2);
});

test('a recording whose thread hangs until its caller has given up is repaired, not told as empty', async (t) => {
  const { leg, host, store, outbox, dataDir } = openLeg(t);
  host.closes = false;
  await leg.answer();
  const operation = await leg.record(RECORD);
  leaveSpool(dataDir, store.get(operation.recordingId)!.path, 3);
  const ending = leg.hangup();
  host.emitClosed('call-1', true);
  await ending;
  const outcome = await operation.done;
  assert.deepEqual([outcome.state, outcome.endedBy, outcome.durationMs], ['finished', 'crash', 3000]);
  assert.equal(store.get(operation.recordingId)?.status, 'completed');
  assert.deepEqual(outbox.states, ['finished']);
});

test('a call that ends while a recording begins still has that recording end, at the right time', async (t) => {
  const { leg, host, store, outbox, clock } = openLeg(t);
  await leg.answer();
  const starting = leg.record(RECORD);
  await leg.hangup();
  const operation = await starting;
  const outcome = await operation.done;
  assert.deepEqual([outcome.endedBy, outcome.durationMs], ['hangup', 0]);
  assert.equal(host.sent('record').length, 0);
  const row = store.get(operation.recordingId)!;
  assert.equal(row.status, 'absent');
  assert.equal(row.endTime, clock.now());
  assert.deepEqual(outbox.states, ['finished']);
});

test('the media side keeps what is said while the row of a recording is on its way to a slow disk', async (t) => {
  const { leg, host, clock, database } = openLeg(t);
  const disk = Promise.withResolvers<void>();
  const gather = database.gatherOne.bind(database);
  t.mock.method(database, 'gatherOne', async (work: () => unknown) => {
    await disk.promise;
    return await gather(work);
  });
  await leg.answer();
  await clock.advance(100);
  const askedMs = clock.monotonic();
  const starting = leg.record({ ...RECORD, direction: 'both' });
  const address = { sessionId: 'call-1', controlId: 'c1' };
  assert.deepEqual(host.sent('expectRecord'), [
    { type: 'expectRecord', ...address, direction: 'both', maskDtmf: false, askedMs },
  ]);
  // Not behind the write that it is about, in which the thread may stand still.
  assert.deepEqual(host.urgent, host.sent('expectRecord'));
  await clock.advance(900);
  assert.equal(host.sent('record').length, 0);
  disk.resolve();
  await starting;
  assert.equal(host.sent('record')[0]!.askedMs, askedMs);
  assert.equal(host.sent('unexpectRecord').length, 0);
  // Behind a beep, nothing that was said before it is recorded.
  await leg.record({ ...RECORD, controlId: 'beep', beep: true });
  assert.equal(host.sent('expectRecord').length, 1);
  host.emitClosed('call-1');
  await leg.ended;
});

test('what was said before a hang-up is recorded, also where the row is durable only behind it', async (t) => {
  const { leg, host, emit, store, outbox } = openLeg(t);
  host.closes = false;
  await leg.answer();
  const starting = leg.record(RECORD);
  const ending = leg.hangup();
  const operation = await starting;
  assert.deepEqual(
    host.commands.slice(1).map(({ type }) => type),
    ['expectRecord', 'close', 'record'],
  );
  emit({
    type: 'recordEnded',
    recordingId: operation.recordingId,
    outcome: { ...FINISHED, endedBy: 'hangup' },
  });
  host.emitClosed('call-1');
  await ending;
  assert.equal((await operation.done).durationMs, 2000);
  assert.equal(store.get(operation.recordingId)?.status, 'completed');
  assert.deepEqual(outbox.states, ['finished']);
});

for (const reason of ['hangup', 'error'] as const) {
  test(`an order that a closed media side had given up is no crash, but a call that was over before (${reason})`, async (t) => {
    const { leg, host, store, outbox } = openLeg(t);
    host.closes = false;
    await leg.answer();
    host.opensFiles = false;
    const starting = leg.record(RECORD);
    const ending = leg.hangup(reason);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(host.sent('record').length, 1);
    host.emitClosed('call-1');
    await ending;
    const operation = await starting;
    assert.deepEqual((await operation.done).endedBy, 'hangup');
    assert.equal(store.get(operation.recordingId)?.status, 'absent');
    assert.deepEqual(outbox.states, ['finished']);
  });
}

test('of a media side that dies before a recording has a file, what is left is repaired, too', async (t) => {
  const { leg, host, store, outbox, dataDir } = openLeg(t);
  await leg.answer();
  host.opensFiles = false;
  const starting = leg.record(RECORD);
  await new Promise((resolve) => setImmediate(resolve));
  const [command] = host.sent('record');
  const { recordingId } = command!.spec;
  leaveSpool(dataDir, store.get(recordingId)!.path, 1);
  host.emitClosed('call-1');
  const operation = await starting;
  assert.deepEqual([(await operation.done).endedBy, (await operation.done).durationMs], ['crash', 1000]);
  assert.equal((await leg.ended).reason, 'error');
  assert.equal(store.get(recordingId)?.status, 'completed');
  assert.deepEqual(outbox.states, ['finished']);
});

test('a recording that cannot begin is an error of the call, and leaves its control id free', async (t) => {
  const { leg, database, emit, host } = openLeg(t);
  await leg.answer();
  database.close();
  const failed = (error: unknown) => error instanceof CallError && error.code === 'record_failed';
  await assert.rejects(leg.record(RECORD), failed);
  await assert.rejects(leg.record(RECORD), failed);
  assert.equal(host.sent('unexpectRecord').length, 2);
  emit({ type: 'recordStarted', recordingId: 'unknown', startTimeMs: 0 });
  await leg.hangup();
});

test('a state that cannot be stored does not harm the call; its end says so, and the file stays', async (t) => {
  const { leg, emit, outbox, store } = openLeg(t);
  await leg.answer();
  const operation = await leg.record(RECORD);
  outbox.broken = true;
  emit({ type: 'recordStarted', recordingId: operation.recordingId, startTimeMs: 1_000_000 });
  emit({ type: 'recordEnded', recordingId: operation.recordingId, outcome: FINISHED });
  const outcome = await operation.done;
  assert.deepEqual([outcome.state, outcome.endedBy], ['error', 'error']);
  // Row and callback stand or fall together: start-up will find the row and report it.
  const row = store.get(operation.recordingId)!;
  assert.deepEqual([row.status, row.startTime, row.byteSize], ['in-progress', undefined, 0]);
  await leg.hangup();
});

test('a pause under the beep is told behind the beginning, and a resumption under it is not told', async (t) => {
  const { leg, emit, outbox, store } = openLeg(t);
  await leg.answer();
  const paused = await leg.record({ ...RECORD, beep: true });
  const resumed = await leg.record({ ...RECORD, controlId: 'c2', beep: true });
  paused.pause('silence');
  resumed.pause('skip');
  resumed.resume();
  assert.deepEqual(outbox.states, []);
  for (const { recordingId } of [paused, resumed]) {
    emit({ type: 'recordStarted', recordingId, startTimeMs: 1_000_000 });
  }
  assert.deepEqual(
    outbox.requests.map(({ envelope: { params } }) => `${params['control_id']} ${params['state']}`),
    ['c1 recording', 'c1 paused', 'c2 recording'],
  );
  assert.equal(store.get(paused.recordingId)?.status, 'paused');
  assert.equal(store.get(resumed.recordingId)?.status, 'in-progress');
});

test('a recording begins when its file is there; one whose file cannot be made is an error of the call', async (t) => {
  const { leg, emit, host, clock, outbox, store } = openLeg(t);
  await leg.answer();
  host.opensFiles = false;
  const settled: unknown[] = [];
  const starting = leg.record(RECORD).catch((error: unknown) => settled.push(error));
  await clock.settle();
  assert.equal(settled.length, 0);
  const { recordingId } = host.sent('record')[0]!.spec;
  const outcome = { ...FINISHED, state: 'error', endedBy: 'error', byteSize: 0, error: 'disk full' } as const;
  emit({ type: 'recordEnded', recordingId, outcome });
  await starting;
  const [error] = settled;
  assert.ok(error instanceof CallError && error.code === 'record_failed');
  assert.match(error.message, /disk full/);
  assert.deepEqual(outbox.states, ['error']);
  assert.equal(store.get(recordingId)?.status, 'failed');
  host.opensFiles = true;
  await leg.record(RECORD);
});

type Leg = ReturnType<typeof openLeg>['leg'];
const ENDS: readonly (readonly [string, (leg: Leg) => unknown, readonly [string, string]])[] = [
  ['the party hangs up', (leg) => leg.endedRemotely('hangup'), ['remote', 'hangup']],
  ['the script hangs up', (leg) => leg.hangup(), ['local', 'hangup']],
  ['an error ends the call', (leg) => leg.hangup('error'), ['local', 'error']],
  ['the call is too long', (leg) => leg.limitDuration(1), ['local', 'max_duration']],
];
for (const [title, end, expected] of ENDS) {
  test(`when ${title}, its recordings tell so beside ended_by: hangup`, async (t) => {
    const { leg, emit, host, outbox, store, clock } = openLeg(t);
    await leg.answer();
    const { recordingId } = await leg.record(RECORD);
    host.closes = false;
    void end(leg);
    await clock.advance(1_001);
    assert.equal(host.sent('close')[0]?.cause, 'hangup');
    emit({ type: 'recordEnded', recordingId, outcome: { ...FINISHED, endedBy: 'hangup' } });
    host.emitClosed('call-1');
    await leg.ended;
    const row = store.get(recordingId)!;
    assert.deepEqual([row.endedBy, row.hangupBy, row.hangupReason], ['hangup', ...expected]);
    const { params } = outbox.requests.at(-1)!.envelope;
    assert.deepEqual([params['hangup_by'], params['hangup_reason']], expected);
  });
}

test('a media session that fails ends the call, and with it the recording, which is no failure of that', async (t) => {
  const { leg, emit, host, outbox, store } = openLeg(t);
  await leg.answer();
  const operation = await leg.record(RECORD);
  const { recordingId } = operation;
  const { terminator: _none, ...kept } = FINISHED;
  emit({ type: 'recordEnded', recordingId, outcome: { ...kept, endedBy: 'error' } });
  host.emitClosed('call-1');
  const { by, reason } = await leg.ended;
  assert.deepEqual([by, reason], ['local', 'error']);
  const row = store.get(recordingId)!;
  assert.deepEqual(
    [row.status, row.endedBy, row.hangupBy, row.hangupReason],
    ['completed', 'hangup', 'local', 'error'],
  );
  const { params } = outbox.requests.at(-1)!.envelope;
  assert.deepEqual([params['state'], params['ended_by']], ['finished', 'hangup']);
  assert.equal((await operation.done).endedBy, 'hangup');
});

test('sixteen recordings run at once on a call, and no more', async (t) => {
  const { leg, emit } = openLeg(t);
  await leg.answer();
  const running = await Promise.all(
    Array.from({ length: 16 }, (_, n) => leg.record({ ...RECORD, controlId: `c${n}` })),
  );
  const tooMany = (error: unknown) => error instanceof CallError && error.code === 'too_many_recordings';
  await assert.rejects(leg.record({ ...RECORD, controlId: 'one more' }), tooMany);
  emit({ type: 'recordEnded', recordingId: running[3]!.recordingId, outcome: FINISHED });
  await leg.record({ ...RECORD, controlId: 'one more' });
});
