import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { CallbackTable } from '../../callbacks/callback-table.ts';
import { wavHeader } from '../../media/wav-format.ts';
import { IDENTITY_FILE } from '../../server/identity.ts';
import { Database } from '../../storage/database.ts';
import { recordingRow } from '../../storage/recordings.test-helper.ts';
import type { RecordingRow } from '../../storage/recordings.ts';
import { ServerState } from '../../storage/server-state.ts';
import { SqliteRecordings } from '../../storage/sqlite-recordings.ts';
import { Uploads } from '../../storage/uploads.ts';
import { VirtualClock } from '../../time/virtual-clock.ts';
import { cli } from '../terminal.test-helper.ts';

const MONO = { sampleRate: 8000, channels: 1 } as const;
const idOf = (n: number): string => `c0ff0000-0000-4000-8000-${String(n).padStart(12, '0')}`;

let directory: string;
/** The folder as a running server holds it. */
let server: Database;
let recordings: SqliteRecordings;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'openswml-recordings-'));
  mkdirSync(path.join(directory, 'recordings'));
  server = Database.open(directory, { clock: new VirtualClock() });
  recordings = new SqliteRecordings(server, new VirtualClock());
});

afterEach(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

const run = (...args: readonly string[]) => cli('recordings', ...args, '--data', directory);
const fileOf = (row: RecordingRow): string => path.join(directory, row.path);

/** Half a second of sound. */
function wav(dataBytes = 8000): Buffer {
  return Buffer.concat([wavHeader(MONO, dataBytes), Buffer.alloc(dataBytes, 3)]);
}

/** A finished recording of half a second, created in minute `n`, and its file. */
function add(n: number, change: Partial<RecordingRow> = {}): RecordingRow {
  const row = recordingRow({
    id: idOf(n),
    path: `recordings/${idOf(n)}.wav`,
    status: 'completed',
    endedBy: 'terminator',
    terminator: '#',
    createdAt: Date.UTC(2026, 0, 2, 0, n),
    durationMs: 500,
    byteSize: 8044,
    ...change,
  });
  recordings.insert(row);
  if (row.status === 'completed') writeFileSync(fileOf(row), wav());
  return row;
}

describe('openswml recordings list', () => {
  test('shows the recordings of a running server, newest first, filtered', async () => {
    add(1);
    add(2, { callId: 'call-2', durationMs: 3_723_400, byteSize: 59_574_444, stereo: true });
    add(3, { status: 'in-progress', endedBy: undefined, terminator: undefined, durationMs: 0, byteSize: 0 });
    const { status, out, err } = await run('list');
    assert.deepEqual([status, err], [0, '']);
    const [head, ...lines] = out.trimEnd().split('\n');
    assert.match(head!, /^id +created \(UTC\) +status +length +size +format +ended by +call$/);
    assert.equal(lines.length, 3);
    assert.match(lines[0]!, new RegExp(`^${idOf(3)} +2026-01-02 00:03:00 +in-progress +wav +call-1$`));
    assert.match(lines[1]!, /completed +1:02:03\.4 +59\.6 MB +wav stereo +terminator # +call-2$/);
    assert.match(lines[2]!, /0:00\.5 +8\.0 kB +wav +terminator #/);
    for (const [args, ids] of [
      [['--call', 'call-2'], [2]],
      [['--status', 'in-progress'], [3]],
      [['--after', '2026-01-02T00:01', '--before', '2026-01-02T00:03Z'], [2]],
      [['--limit', '1'], [3]],
      [['--call', 'nobody'], []],
    ] as const) {
      const shown = JSON.parse((await run('list', '--json', ...args)).out) as { id: string }[];
      assert.deepEqual(
        shown.map(({ id }) => id),
        ids.map(idOf),
        args.join(' '),
      );
    }
    assert.match((await run('list', '--limit', '1')).out, /\(the first 1; --limit shows more\)\n$/);
    assert.equal((await run('list', '--call', 'nobody')).out, 'no recordings\n');
  });

  test('goes through more recordings than one page of the database', async () => {
    server.transaction(() => {
      for (let n = 0; n < 2_100; n++) recordings.insert(recordingRow({ id: idOf(n), createdAt: n }));
    });
    const count = async (limit: string) =>
      (JSON.parse((await run('list', '--json', '--limit', limit)).out) as unknown[]).length;
    assert.deepEqual([await count('1000'), await count('1001'), await count('9999')], [1000, 1001, 2100]);
  });
});

describe('openswml recordings show', () => {
  test('tells what the REST API shows, with the URL of the server that ran last, and the path', async () => {
    const row = add(1);
    new ServerState(server).set('public_url', 'https://pbx.example.com');
    const shown = JSON.parse((await run('show', row.id, '--json')).out) as Record<string, unknown>;
    const { id, url, path: file, duration_ms, status } = shown;
    assert.deepEqual(
      { id, url, file, duration_ms, status },
      {
        id: row.id,
        url: `https://pbx.example.com/api/v1/recordings/${row.id}/download`,
        file: row.path,
        duration_ms: 500,
        status: 'completed',
      },
    );
    const text = (await run('show', row.id.toUpperCase())).out;
    assert.match(text, /^terminator +#$/m);
    assert.doesNotMatch(text, /null/);
  });

  test('prints nothing that steers the terminal', async () => {
    const { id } = add(1, { controlId: 'x\u001b[2J\nstatus  failed' });
    const { out } = await run('show', id);
    assert.match(out, /^control_id +x \[2J status {2}failed$/m);
  });
});

describe('openswml recordings link', () => {
  test('prints a link of the life that was asked for, made with the key of the folder', async () => {
    const row = add(1);
    new ServerState(server).set('public_url', 'https://pbx.example.com');
    const early = await run('link', row.id);
    assert.equal(early.status, 2);
    assert.match(early.err, /identity\.json: .*start the server/);
    const ids = { project_id: idOf(1), space_id: idOf(1), node_id: idOf(1) };
    writeFileSync(
      path.join(directory, IDENTITY_FILE),
      JSON.stringify({ ...ids, api_token: 'PT012345', link_key: 'LK012345' }),
    );
    const { status, out } = await run('link', row.id, '--expires-in', '2h', '--json');
    assert.equal(status, 0);
    const { url, expires_in } = JSON.parse(out) as { url: string; expires_in: number };
    assert.equal(expires_in, 7200);
    assert.match(
      url,
      new RegExp(`^https://pbx\\.example\\.com/api/v1/recordings/${row.id}/download\\?expires=`),
    );
    assert.match((await run('link', row.id)).out, /^https:\/\/\S+&signature=[\w-]{43}\n$/);
    const failed = add(2, { status: 'failed' });
    const refused = await run('link', failed.id);
    assert.equal(refused.status, 1);
    assert.match(refused.err, /is failed; there is no file/);
  });
});

describe('openswml recordings delete', () => {
  test('deletes beside a running server, leaves alone what runs, and names what is not there', async () => {
    const first = add(1);
    const second = add(2);
    const running = add(3, { status: 'paused' });
    const { status, out, err } = await run('delete', first.id, running.id, idOf(9), second.id, first.id);
    assert.equal(status, 1);
    assert.equal(out, `deleted ${first.id}\ndeleted ${second.id}\n`);
    assert.deepEqual(err.trimEnd().split('\n'), [
      `openswml: recording ${running.id} is not finished; stop it, then delete it`,
      `openswml: there is no recording ${idOf(9)}; see openswml recordings list`,
    ]);
    assert.deepEqual([existsSync(fileOf(first)), existsSync(fileOf(second))], [false, false]);
    assert.deepEqual(
      recordings.list({}).map(({ id }) => id),
      [running.id],
    );
  });
});

const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

describe('openswml recordings verify', () => {
  test('finds nothing where all is well, also with recordings that run', async () => {
    add(1);
    add(2, { status: 'in-progress' });
    add(3, { status: 'absent', byteSize: 0, durationMs: 0 });
    add(4, { status: 'failed', byteSize: 0 });
    const { status, out } = await run('verify');
    assert.deepEqual([status, out], [0, 'every recording is as it should be\n']);
    assert.deepEqual(JSON.parse((await run('verify', '--json')).out), []);
  });

  test('says of those that were named alone that they are well, and nothing of one that is not there', async () => {
    add(1);
    rmSync(fileOf(add(2)));
    add(3);
    assert.equal((await run('verify', idOf(1))).out, 'it is as it should be\n');
    assert.equal((await run('verify', idOf(1), idOf(3))).out, 'these 2 are as they should be\n');
    const { status, out, err } = await run('verify', idOf(9));
    assert.deepEqual([status, out], [1, '']);
    assert.match(err, /there is no recording/);
  });

  test('tells every recording that is not as its file, and every file of no recording', async () => {
    rmSync(fileOf(add(1)));
    writeFileSync(fileOf(add(2)), wav(9000));
    const wrongHeader = wav();
    wrongHeader.writeUInt32LE(4000, 40);
    writeFileSync(fileOf(add(3)), wrongHeader);
    add(4, { stereo: true });
    writeFileSync(fileOf(add(5)), Buffer.alloc(8044, 'x'));
    writeFileSync(`${fileOf(add(6))}.part`, 'x');
    writeFileSync(fileOf(add(7, { status: 'absent', byteSize: 0, durationMs: 0 })), 'x');
    writeFileSync(`${fileOf(add(8, { status: 'failed', byteSize: 0, error: 'disk full' }))}.part`, wav());
    add(9, { status: 'in-progress' });
    const unencoded = add(10, {
      format: 'mp3',
      path: `recordings/${idOf(10)}.mp3`,
      status: 'failed',
      byteSize: 0,
    });
    writeFileSync(`${fileOf(unencoded)}.pcm`, wav());
    mkdirSync(path.join(directory, 'recordings', '2026-01-01'));
    writeFileSync(path.join(directory, 'recordings', '2026-01-01', `${idOf(99)}.wav.part`), 'x');
    writeFileSync(path.join(directory, 'recordings', 'notes.txt'), 'x');
    // The copy lies elsewhere than its row says.
    writeFileSync(path.join(directory, 'recordings', '2026-01-01', `${idOf(3)}.wav`), wav());
    server.close();
    const { status, out } = await run('verify', '--json');
    assert.equal(status, 1);
    const findings = JSON.parse(out) as {
      kind: string;
      recording_id?: string;
      path: string;
      message: string;
    }[];
    const told = findings.map(
      ({ kind, recording_id, path: file }) => `${Number(recording_id?.slice(-12)) || file} ${kind}`,
    );
    assert.deepEqual(told.toSorted(byNumber), [
      '1 file_missing',
      '2 duration_differs',
      '2 size_differs',
      '3 header_differs',
      '4 channels_differ',
      '5 unreadable',
      '6 spool_left',
      '7 unexpected_file',
      '8 repairable',
      '9 unfinished',
      '10 repairable',
      `recordings/2026-01-01/${idOf(3)}.wav orphan`,
      `recordings/2026-01-01/${idOf(99)}.wav.part orphan`,
      'recordings/notes.txt orphan',
    ]);
    const text = await run('verify');
    assert.equal(text.status, 1);
    assert.match(
      text.out,
      /size_differs: the file has 9044 bytes, not 8044\n {4}recording c0ff.*\n {4}cure: /,
    );
    assert.match(text.out, /14 findings\n$/);
    const one = await run('verify', idOf(2), '--json');
    assert.deepEqual([one.status, (JSON.parse(one.out) as unknown[]).length], [1, 2]);
  });
});

describe('openswml recordings repair', () => {
  const left = (n: number, change: Partial<RecordingRow>): RecordingRow => {
    const row = add(n, { durationMs: 0, byteSize: 0, statusUrl: 'https://example.com/s', ...change });
    writeFileSync(`${fileOf(row)}.part`, Buffer.concat([wavHeader(MONO), Buffer.alloc(8000, 3)]));
    return row;
  };

  test('beside a server repairs what failed and leaves the rest to the server', async () => {
    const failed = left(1, { status: 'failed', error: 'disk full' });
    const running = left(2, { status: 'in-progress' });
    const { status, out } = await run('repair');
    assert.equal(status, 0);
    assert.equal(
      out,
      `${failed.id}: repaired, 0:00.5\n${running.id}: left to the server that runs on this folder\n`,
    );
    assert.deepEqual(readFileSync(fileOf(failed)), wav());
    assert.equal(recordings.get(failed.id)?.status, 'completed');
    assert.equal(existsSync(`${fileOf(running)}.part`), true);
    assert.deepEqual(new CallbackTable(server).list('pending', 10), []);
  });

  test('without a server finishes what a crash left, and leaves the callback for the next one', async () => {
    const crashed = left(1, { status: 'in-progress' });
    const other = left(2, { status: 'paused' });
    const deleted = add(3);
    recordings.beginDelete(deleted.id, { by: 'rest' });
    server.close();
    const one = await run('repair', crashed.id, '--json');
    assert.equal(one.status, 0);
    assert.deepEqual(JSON.parse(one.out), {
      recordings: [{ recording_id: crashed.id, status: 'completed', duration_ms: 500 }],
      left_to_server: [],
      deletions_finished: 0,
      deletions_failed: [],
    });
    const rest = await run('repair');
    assert.equal(rest.out, `${other.id}: repaired, 0:00.5\n1 deletion finished\n`);
    assert.equal(existsSync(fileOf(deleted)), false);
    assert.equal((await run('repair')).out, 'nothing to repair\n');
    assert.equal((await run('verify')).status, 0);
    server = Database.open(directory, { clock: new VirtualClock() });
    const waiting = new CallbackTable(server).list('pending', 10);
    assert.deepEqual(waiting.map(({ operationId }) => operationId).toSorted(), [crashed.id, other.id]);
    assert.equal((JSON.parse(waiting[0]!.body) as { params: { ended_by: string } }).params.ended_by, 'crash');
  });

  test('tells what was repaired, and finishes other deletions, where one cannot be finished', async () => {
    const crashed = left(1, { status: 'in-progress' });
    const [stuck, other] = [add(2), add(3)];
    for (const { id } of [stuck, other]) recordings.beginDelete(id, { by: 'rest' });
    rmSync(fileOf(stuck));
    mkdirSync(fileOf(stuck));
    server.close();
    const { status, out, err } = await run('repair');
    assert.deepEqual([status, err], [1, '']);
    const [first, second, third, ...rest] = out.trimEnd().split('\n');
    assert.deepEqual([first, second, rest], [`${crashed.id}: repaired, 0:00.5`, '1 deletion finished', []]);
    assert.ok(third?.startsWith(`${stuck.id}: its deletion cannot be finished: ${fileOf(stuck)}: `), third);
    assert.equal(existsSync(fileOf(other)), false);
  });

  test('says what cannot be repaired, and what is not there', async () => {
    const broken = add(1, { status: 'failed', byteSize: 0, error: 'disk full' });
    writeFileSync(fileOf(broken), 'This is not a recording at all, but somebody else put it here.');
    const { status, out, err } = await run('repair', broken.id, idOf(9));
    assert.equal(status, 1);
    assert.match(out, new RegExp(`^${broken.id}: cannot be repaired: `));
    assert.match(err, /there is no recording/);
  });
});

describe('a recording that is in an object store, where the settings of the command name none', () => {
  /** As the server has left it: nothing of it lies here any more. */
  const moved = (n: number): RecordingRow => {
    const row = add(n);
    const uploads = new Uploads(server);
    uploads.add(row.id, row.path, 0);
    uploads.save(uploads.get(row.id)!, { state: 'stored' }, 0);
    rmSync(fileOf(row));
    return row;
  };

  test('is not taken for lost', async () => {
    const row = moved(1);
    const { status, out } = await run('verify', '--json');
    assert.equal(status, 1);
    const [finding, ...others] = JSON.parse(out) as { kind: string; recording_id: string; cure: string }[];
    assert.deepEqual([finding?.kind, finding?.recording_id, others], ['unreadable', row.id, []]);
    assert.match(finding!.cure, /storage\.s3/);
  });

  test('is hidden by its deletion, and its object is not forgotten: a server that knows the store removes it', async () => {
    const row = moved(1);
    const { status, out } = await run('delete', row.id);
    assert.deepEqual(
      [status, out],
      [0, `deleted ${row.id}; its object goes when the object store answers, by the server\n`],
    );
    server.close();
    assert.equal((await run('repair')).out, 'nothing to repair\n');
    server = Database.open(directory, { clock: new VirtualClock() });
    recordings = new SqliteRecordings(server, new VirtualClock());
    assert.equal(recordings.get(row.id), undefined);
    assert.deepEqual(
      recordings.inDeletion().map(({ id }) => id),
      [row.id],
    );
    assert.equal(new Uploads(server).get(row.id)?.state, 'stored');
  });
});

test('a command line that cannot be meant is refused with the reason, and changes nothing', async () => {
  const row = add(1);
  for (const [args, message] of [
    [['show', '17'], /must be the id of a recording/],
    [['show'], /missing required argument 'id'/],
    [['delete'], /missing required argument 'id'/],
    [['delete', row.id, 'x'], /must be the id of a recording/],
    [['list', '--after', 'yesterday'], /must be a time such as/],
    [['list', '--status', 'lost'], /Allowed choices are in-progress/],
    [['list', '--limit', '0'], /1 to 1000000/],
    [['list', '--limit', '1.5'], /a whole number of recordings/],
    [['link', row.id, '--expires-in', '31d'], /1 second to 30 days/],
    [['link', row.id, '--expires-in', 'soon'], /1 second to 30 days/],
    [['lisst'], /did you mean list\?/],
  ] as const) {
    const { status, out, err } = await run(...args);
    assert.deepEqual([status, out], [2, ''], args.join(' '));
    assert.match(err, message);
  }
  assert.equal((await run('show', idOf(9))).status, 1);
  assert.equal(recordings.get(row.id)?.id, row.id);
  assert.equal((await cli('recordings', 'verify', '--data', '/nonexistent')).status, 2);
});

describe('openswml recordings audit', () => {
  test('shows who deleted what, as a table and as JSON lines', async () => {
    assert.equal((await run('audit')).out, 'nothing was deleted\n');
    add(1);
    add(2, { callId: 'call-2' });
    await run('delete', idOf(1));
    recordings.beginDelete(idOf(2), { by: 'retention', details: { reason: 'max_age_days: 30' } });
    recordings.delete(idOf(2));
    const table = await run('audit');
    const [head, ...lines] = table.out.trimEnd().split('\n');
    assert.match(head!, /^deleted \(UTC\) +recording +call +by +why$/);
    assert.match(lines[0]!, new RegExp(`${idOf(1)} +call-1 +command +${userInfo().username}$`));
    assert.match(lines[1]!, new RegExp(`${idOf(2)} +call-2 +retention +max_age_days: 30$`));
    const json = await run('audit', '--json', '--recording', idOf(2));
    const { at, ...entry } = JSON.parse(json.out) as Record<string, unknown>;
    assert.match(String(at), /^20\d\d-/);
    assert.deepEqual(entry, {
      event: 'recording_deleted',
      by: 'retention',
      recording_id: idOf(2),
      call_id: 'call-2',
      created_at: '2026-01-02T00:02:00.000Z',
      reason: 'max_age_days: 30',
      status: 'completed',
      format: 'wav',
      duration_ms: 500,
      byte_size: 8044,
    });
    assert.equal((await run('audit', '--json', '--before', '2020-01-01')).out, '');
  });

  test('says where it leaves out older lines', async () => {
    add(1);
    add(2);
    await run('delete', idOf(1), idOf(2));
    const cut = await run('audit', '--json', '--limit', '1');
    assert.equal((JSON.parse(cut.out) as Record<string, unknown>)['recording_id'], idOf(2));
    assert.equal(cut.err, 'openswml: these are the newest 1; there may be more (--limit)\n');
    assert.equal(cut.status, 0);
    const all = await run('audit', '--json');
    assert.deepEqual([all.out.trimEnd().split('\n').length, all.err], [2, '']);
  });
});
