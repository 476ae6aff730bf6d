import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { wavHeader } from '../media/wav-format.ts';
import { decrypt, encryptOnDisk, KEYS } from '../recording/encryption/encryption.test-helper.ts';
import { Database } from '../storage/database.ts';
import { SqliteRecordings } from '../storage/sqlite-recordings.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { CALL, FINISHED, openService, RECORD } from './leg.test-helper.ts';

const INFO = { ...CALL, call_state: 'answered' } as const;
const HEADER = wavHeader({ sampleRate: 8000, channels: 1 });

function wavOf(dataBytes: number): Buffer {
  return Buffer.concat([
    wavHeader({ sampleRate: 8000, channels: 1 }, dataBytes),
    new Uint8Array(dataBytes).fill(3),
  ]);
}

test('the row of a new recording names its call, its channel and a path of its day', async (t) => {
  const { service, store, clock } = openService(t);
  const { recordingId } = await service.create(INFO, 'swml:script-1', RECORD);
  const row = store.get(recordingId)!;
  assert.deepEqual(
    [row.callId, row.nodeId, row.projectId, row.spaceId, row.eventChannel, row.legType, row.status],
    ['call-1', 'node-1', 'project-1', 'space-1', 'swml:script-1', 'sip', 'in-progress'],
  );
  assert.equal(row.path, path.join('recordings', '2026-01-01', `${recordingId}.wav`));
  assert.equal(row.createdAt, clock.now());
});

test('no input and an error reach row and callback as what they are', async (t) => {
  const { service, store, outbox } = openService(t);
  const silent = await service.create(INFO, undefined, RECORD);
  await service.ended(silent.recordingId, { ...FINISHED, state: 'no_input', endedBy: 'no_speech' });
  const broken = await service.create(INFO, undefined, RECORD);
  await service.ended(broken.recordingId, {
    ...FINISHED,
    state: 'error',
    endedBy: 'error',
    byteSize: 0,
    error: 'the disk is full',
  });
  assert.equal(store.get(silent.recordingId)?.status, 'completed');
  assert.equal(store.get(broken.recordingId)?.status, 'failed');
  assert.equal(store.get(broken.recordingId)?.error, 'the disk is full');
  assert.deepEqual(outbox.states, ['no_input', 'error']);
});

test('a recording whose beginning and end are written anew, behind a commit that failed, is over all the same', async (t) => {
  const clock = new VirtualClock();
  const written = Database.inMemory(clock);
  const again: (() => void)[] = [];
  const gather = async <T>(work: () => T): Promise<T> => {
    again.push(() => written.transaction(work));
    return written.transaction(work);
  };
  const database = {
    gather,
    gatherOne: gather,
    transaction: <T>(work: () => T) => written.transaction(work),
  };
  const store = new SqliteRecordings(written, clock);
  const { service } = openService(t, { clock, database, store, newId: () => 'one' });
  await service.create(INFO, undefined, RECORD);
  again.length = 0;
  await Promise.all([service.started('one', 1_000_000), service.ended('one', FINISHED)]);
  for (const work of again) work();
  assert.equal(store.get('one')?.status, 'completed');
  store.delete('one');
  await assert.rejects(service.paused('one', 'skip'), { code: 'not_found' });
  assert.equal(again.length, 2, 'nothing is known of it any more');
});

test('without a status URL there are no callbacks', async (t) => {
  const { service, outbox } = openService(t);
  const { recordingId } = await service.create(INFO, undefined, { ...RECORD, statusUrl: undefined });
  await service.started(recordingId, 1_000_000);
  await service.ended(recordingId, FINISHED);
  assert.deepEqual(outbox.requests, []);
});

test('what a crash left is repaired, registered and reported, each as it was found', async (t) => {
  const { service, store, outbox, dataDir } = openService(t);
  const make = async () => {
    const { recordingId, path: file } = await service.create(INFO, 'swml:script-1', RECORD);
    return { recordingId, file };
  };
  const growing = await make();
  await service.started(growing.recordingId, 5_000_000);
  writeFileSync(`${growing.file}.part`, Buffer.concat([HEADER, new Uint8Array(16_001).fill(3)]));
  const renamed = await make();
  writeFileSync(
    renamed.file,
    Buffer.concat([wavHeader({ sampleRate: 8000, channels: 1 }, 8000), new Uint8Array(8000)]),
  );
  const empty = await make();
  const done = await make();
  await service.ended(done.recordingId, FINISHED);
  outbox.requests.length = 0;

  const recovered = await service.recover();
  assert.deepEqual(
    new Map(recovered.map(({ id, status, durationMs }) => [id, [status, durationMs]])),
    new Map<string, unknown>([
      [growing.recordingId, ['completed', 1000]],
      [renamed.recordingId, ['completed', 500]],
      [empty.recordingId, ['absent', 0]],
    ]),
  );
  const row = store.get(growing.recordingId)!;
  assert.deepEqual([row.endedBy, row.startTime, row.endTime], ['crash', 5_000_000, 5_001_000]);
  assert.equal(existsSync(`${growing.file}.part`), false);
  assert.equal(readFileSync(growing.file).length, 44 + 16_000);
  assert.deepEqual(outbox.states.toSorted(), ['error', 'finished', 'finished']);
  assert.ok(outbox.requests.every(({ envelope }) => envelope.params['ended_by'] === 'crash'));
  assert.deepEqual(await service.recover(), []);
  assert.equal(path.relative(dataDir, growing.file), row.path);
});

test('what a full disk left is made into a file, once, without a second word to the status URL', async (t) => {
  const { service, store, outbox } = openService(t);
  const fail = async (part: Uint8Array | undefined) => {
    const { recordingId, path: file } = await service.create(INFO, undefined, RECORD);
    await service.started(recordingId, 5_000_000);
    const error = 'the disk is full';
    await service.ended(recordingId, { ...FINISHED, state: 'error', endedBy: 'error', byteSize: 0, error });
    if (part !== undefined) writeFileSync(`${file}.part`, part);
    return { recordingId, file };
  };
  const kept = await fail(Buffer.concat([HEADER, new Uint8Array(8001).fill(3)]));
  const nothing = await fail(undefined);
  const header = await fail(HEADER);
  outbox.requests.length = 0;

  assert.deepEqual(await service.repairFailed(), [
    { id: kept.recordingId, status: 'completed', durationMs: 500 },
  ]);
  const row = store.get(kept.recordingId)!;
  assert.deepEqual(
    [row.status, row.endedBy, row.error, row.startTime, row.endTime, row.byteSize],
    ['completed', 'error', 'the disk is full', 1_000_000, 1_000_500, 44 + 8000],
  );
  assert.equal(readFileSync(kept.file).length, 44 + 8000);
  for (const { recordingId } of [nothing, header]) assert.equal(store.get(recordingId)?.status, 'failed');
  assert.deepEqual(outbox.requests, []);
  assert.deepEqual(await service.repairFailed(), []);
});

test('what cannot be repaired is told and left as it is', async (t) => {
  const { service, store } = openService(t);
  const { recordingId, path: file } = await service.create(INFO, undefined, RECORD);
  await service.ended(recordingId, {
    ...FINISHED,
    state: 'error',
    endedBy: 'error',
    byteSize: 0,
    error: 'full',
  });
  writeFileSync(file, 'This is not a recording at all, but somebody else put it here.');
  const [result, ...others] = await service.repairFailed();
  assert.deepEqual(others, []);
  assert.deepEqual([result?.id, result?.status], [recordingId, 'failed']);
  assert.ok(result?.error?.startsWith(file), result?.error);
  assert.equal(store.get(recordingId)?.error, 'full');
});

test('peaks are kept with the recording, but not with one that is encrypted', async (t) => {
  const peaks = { sampleRate: 8000, channels: 1, framesPerPoint: 160, data: Int16Array.of(-3, 3) };
  for (const keys of [undefined, KEYS]) {
    const { service, store } = openService(t, keys === undefined ? {} : { keys });
    const { recordingId } = await service.create(INFO, undefined, RECORD);
    await service.ended(recordingId, { ...FINISHED, peaks });
    assert.deepEqual(store.peaks(recordingId), keys === undefined ? peaks : undefined);
  }
});

test('with a key, a recording is encrypted; one that a crash broke off is repaired with it', async (t) => {
  const { service, store, outbox, dataDir } = openService(t, { keys: KEYS });
  const { recordingId, path: file } = await service.create(INFO, undefined, RECORD);
  assert.equal(file, path.join(dataDir, 'recordings', '2026-01-01', `${recordingId}.wav.enc`));
  await encryptOnDisk(file, recordingId, Buffer.concat([HEADER, new Uint8Array(40_000).fill(3)]), 'crash');
  await service.recover();
  const { status, durationMs, byteSize } = store.get(recordingId)!;
  assert.deepEqual([status, durationMs, byteSize], ['completed', 2500, 40_044]);
  assert.deepEqual(await decrypt(readFileSync(file), KEYS, recordingId), wavOf(40_000));
  assert.deepEqual(outbox.states, ['finished']);
});

test('without the right key an encrypted recording fails with the reason, and is repaired once it is there', async (t) => {
  const { service, store, database, dataDir, clock, outbox } = openService(t, { keys: KEYS });
  const { recordingId, path: file } = await service.create(INFO, undefined, RECORD);
  await encryptOnDisk(file, recordingId, Buffer.concat([HEADER, new Uint8Array(40_000).fill(3)]), 'crash');
  const keyless = openService(t, {
    store,
    outbox,
    dataDir,
    database,
    clock,
  });
  const [lost] = await keyless.service.recover();
  assert.equal(lost?.status, 'failed');
  assert.match(
    store.get(recordingId)?.error ?? '',
    new RegExp(`${KEYS.current!.id}.*recording.encryption.key_file`),
  );
  const [repaired] = await service.repairFailed();
  assert.equal(repaired?.status, 'completed');
  assert.deepEqual(await decrypt(readFileSync(file), KEYS, recordingId), wavOf(40_000));
});

test('only a finished recording of ours is a local file', async (t) => {
  const { service, dataDir } = openService(t);
  const { recordingId } = await service.create(INFO, undefined, RECORD);
  const url = service.urlOf(recordingId);
  assert.equal(service.localFile(url), undefined);
  await service.ended(recordingId, FINISHED);
  assert.equal(service.localFile(url)?.path.startsWith(dataDir), true);
  assert.equal(service.localFile('https://elsewhere.example/a.wav'), undefined);
  assert.equal(service.localFile(service.urlOf('no-such-id')), undefined);
});
