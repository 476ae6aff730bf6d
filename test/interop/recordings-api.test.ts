/** Recordings by HTTP and from the command line, as docs/recordings.md tells it: its commands are run here. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';

import { parseWav } from '../support/audio-files.ts';
import { placeCall, startSite, UNTIL_ENDED } from '../support/interop.ts';
import { skipWithout } from '../support/programs.ts';
import { CREDENTIALS } from '../support/server-process.ts';
import { answered, awaitBye, invite } from '../support/sipp-scenario.ts';
import { near } from '../support/tone-assertions.ts';
import { findTones } from '../support/tone-finder.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const DOCS = readFileSync(path.join(ROOT, 'docs/recordings.md'), 'utf8');
const FREQUENCY = 625;
const TONE_MS = 1000;

/** The shell commands of the page that hold `part`. */
function commands(part: string): string {
  const block = [...DOCS.matchAll(/```sh\n(.*?)```/gs)]
    .map(([, text]) => text!)
    .find((text) => text.includes(part));
  assert.ok(block !== undefined, `docs/recordings.md has no commands with ${part}`);
  return block;
}

interface Peaks {
  readonly sample_rate: number;
  readonly samples_per_pixel: number;
  readonly length: number;
  readonly data: readonly number[];
}

/** Where the peaks are loud, ms, as stretches. */
function loudStretches({
  data,
  sample_rate,
  samples_per_pixel,
}: Peaks): readonly (readonly [number, number])[] {
  const stretchMs = (samples_per_pixel * 1000) / sample_rate;
  const found: [number, number][] = [];
  for (let point = 0; point * 2 < data.length; point++) {
    if (data[point * 2 + 1]! < 2000) continue;
    const last = found.at(-1);
    if (last !== undefined && last[1] === point * stretchMs) last[1] += stretchMs;
    else found.push([point * stretchMs, (point + 1) * stretchMs]);
  }
  return found;
}

test('a recording is listed, downloaded, drawn, linked, checked and deleted as documented', {
  skip: skipWithout('sipp', 'curl'),
}, async (context) => {
  const site = await startSite(
    context,
    (statusUrl) => [{ record: { ...UNTIL_ENDED, terminators: '#', status_url: statusUrl } }],
    { args: ['--protect-recordings', 'true'] },
  );
  const { server } = site;
  const silence = { kind: 'tone', frequencyHz: 0, durationMs: TONE_MS } as const;
  const tone = { kind: 'tone', frequencyHz: FREQUENCY, durationMs: TONE_MS } as const;
  await placeCall(context, server, [invite(), answered(), awaitBye()], {
    say: [silence, tone, silence, tone, silence, { kind: 'digit', digit: '#' }],
  });
  const { params } = await site.callbacks.waitForState('finished');
  const [id, url] = [String(params['recording_id']), String(params['url'])];

  const sh = async (part: string, change: (text: string) => string = (text) => text) => {
    const auth = `${CREDENTIALS.project}:${CREDENTIALS.token}`;
    const env = { ...process.env, auth, api: `${server.httpUrl}/api/relay/rest/recordings`, id, url };
    const run = promisify(execFile)('bash', ['-ec', change(commands(part))], { cwd: server.folder, env });
    return (await run).stdout;
  };
  const cli = async (...args: string[]) => {
    const all = ['recordings', ...args, '--data', server.dataFolder];
    return (await promisify(execFile)(path.join(ROOT, 'bin/openswml'), all)).stdout;
  };

  await context.test('the resource', async () => {
    const listed = await sh('page_size=20', (text) => text.replace('2026-01-31', '2020-01-31'));
    const [page, one] = listed.split(/(?<=\})(?=\{"id")/);
    const [recording, ...others] = (JSON.parse(page!) as { data: Record<string, unknown>[] }).data;
    assert.deepEqual(others, []);
    assert.deepEqual(recording, JSON.parse(one!));
    assert.deepEqual([recording!['id'], recording!['url'], recording!['ended_by']], [id, url, 'terminator']);
  });

  await context.test('the file, which is protected, by an expiring link', async () => {
    await assert.rejects(sh('-o header'), /401/);
    const link = JSON.parse(await sh('expires_in')) as { url: string; expires_in: number };
    assert.equal(link.expires_in, 600);
    const file = path.join(server.folder, 'message.wav');
    const withLink = (text: string) => text.replaceAll('$url', link.url);
    const head = await sh('-o header', withLink);
    assert.match(head, /content-type: audio\/wav\r\n/i);
    assert.equal(statSync(path.join(server.folder, 'header')).size, 44);
    const content = readFileSync(file);
    assert.equal(content.length, params['size']);
    writeFileSync(file, content.subarray(0, 10_000));
    await sh('-C -', withLink);
    assert.deepEqual(readFileSync(file), content);
    const byCli = (await cli('link', id, '--expires-in', '1m')).trim();
    assert.deepEqual(Buffer.from(await (await fetch(byCli)).arrayBuffer()), content);
    assert.equal((await fetch(byCli.replace(/expires=1/, 'expires=2'))).status, 403);
  });

  await context.test('the peaks are loud where the file is', async () => {
    const peaks = JSON.parse(await sh('samples=800')) as Peaks;
    assert.ok(peaks.length <= 800 && peaks.length > 200, String(peaks.length));
    const loud = loudStretches(peaks);
    const wav = parseWav(readFileSync(path.join(server.folder, 'message.wav')));
    const tones = findTones(wav, { frequencies: [FREQUENCY] });
    assert.equal(tones.length, 2);
    assert.equal(loud.length, 2);
    for (const [index, { startMs, endMs }] of tones.entries()) {
      near(loud[index]![0], startMs, 25, 'begin of a tone');
      near(loud[index]![1], endMs, 25, 'end of a tone');
    }
  });

  await context.test('the command line, beside the server', async () => {
    assert.equal(await cli('verify'), 'every recording is as it should be\n');
    assert.match(await cli('list'), new RegExp(`^${id} .*completed .*terminator #`, 'm'));
    assert.equal((JSON.parse(await cli('show', id, '--json')) as Record<string, unknown>)['url'], url);
    const file = path.join(
      server.dataFolder,
      (JSON.parse(await cli('show', id, '--json')) as { path: string }).path,
    );
    const content = readFileSync(file);
    writeFileSync(file, content.subarray(0, 1000));
    await assert.rejects(cli('verify'), { code: 1, stdout: /size_differs: the file has 1000 bytes/ });
    writeFileSync(file, content);
  });

  await context.test('the deletion', async () => {
    assert.equal(await sh('-X DELETE'), '');
    await assert.rejects(sh('-X DELETE'), /404/);
    assert.deepEqual(await server.recordings(), []);
    assert.equal(await cli('verify'), 'every recording is as it should be\n');
  });
});
