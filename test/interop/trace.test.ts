/** A real SIP call is traced by the server, read back, and replayed in virtual time. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { cli } from '../../src/cli/terminal.test-helper.ts';
import type { CallEvent } from '../../src/trace/events.ts';
import { parseTrace } from '../../src/trace/format.ts';
import { readWav, testFrequencies, writeToneWav } from '../support/audio-files.ts';
import { ServerProcess } from '../support/server-process.ts';
import { findTones } from '../support/tone-finder.ts';

const BIN = path.resolve(import.meta.dirname, '../../bin/openswml');
const FREQUENCIES = testFrequencies(3, 525);
const DOCUMENT = `
sections:
  main:
    - play: "silence:1"
    - record: { beep: true, end_silence_timeout: 0, initial_timeout: 0, terminators: "#" }
    - set: { done: true }
`;

async function tracedCall(
  context: TestContext,
  args: readonly string[] = [],
): Promise<{ server: ServerProcess; traces: string }> {
  const traces = mkdtempSync(path.join(tmpdir(), 'openswml-traces-'));
  context.after(() => rmSync(traces, { recursive: true }));
  const server = await ServerProcess.start({ document: DOCUMENT, args: ['--trace', traces, ...args] });
  context.after(() => server.dispose());
  const speech = path.join(server.folder, 'speech.wav');
  writeToneWav(
    speech,
    FREQUENCIES.map((frequencyHz) => ({ frequencyHz, durationMs: 700 })),
  );
  const phone = spawn(
    BIN,
    ['phone', `sip:box@127.0.0.1:${server.sipPort}`, '--audio', speech, '--after', '2', '--press', '#@5'],
    { stdio: 'ignore' },
  );
  const [status] = (await once(phone, 'close')) as [number];
  assert.equal(status, 0, server.logText());
  await server.waitForLog(({ msg }) => msg === 'call over');
  return { server, traces };
}

/** Paths of all files below a folder. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

async function traceOf(
  server: ServerProcess,
  traces: string,
): Promise<{ file: string; events: readonly CallEvent[]; audio: string }> {
  await server.stop();
  const [file, audio, ...others] = filesIn(traces);
  assert.ok(file !== undefined && audio !== undefined && others.length === 0, filesIn(traces).join());
  assert.ok(file.endsWith('.jsonl'));
  const { header, events } = parseTrace(readFileSync(file, 'utf8'), file);
  assert.equal(header.virtual, false);
  assert.equal(header.call['call_id'], path.basename(file, '.jsonl'));
  return { file, events, audio };
}

test('a call leaves its SIP messages, steps, levels, keys and recordings, and what the party said', async (context) => {
  const { server, traces } = await tracedCall(context);
  const { file, events, audio } = await traceOf(server, traces);
  const sip = events
    .filter(({ kind }) => kind === 'sip')
    .map(({ text, data }) => `${String(data['direction'])} ${text}`);
  assert.equal(sip[0], 'in INVITE');
  for (const message of ['out 200 OK (INVITE)', 'in ACK', 'out BYE', 'in 200 OK (BYE)']) {
    assert.ok(sip.includes(message), `${message}: ${sip.join(', ')}`);
  }
  assert.match(String(events[0]?.data['message']), /^INVITE sip:box@127\.0\.0\.1:\d+ SIP\/2\.0\r\n/);
  const texts = events.map(({ kind, text }) => `${kind} ${text}`);
  for (const line of [
    'step play',
    'step record',
    'step set done',
    'digit key pressed',
    'recording recording ended',
    'call ended',
  ]) {
    assert.ok(texts.includes(line), line);
  }
  assert.ok(events.filter(({ kind, data }) => kind === 'level' && Number(data['said']) > -20).length >= 15);
  const said = readWav(audio);
  assert.deepEqual(
    findTones(said, { frequencies: FREQUENCIES }).map(({ frequencyHz }) => frequencyHz),
    FREQUENCIES,
  );
  const shown = await cli('trace', 'show', file);
  assert.equal(shown.status, 0);
  assert.match(shown.out, /│ INVITE ─+▶│\n/);
  assert.match(shown.out, /│◀─+ BYE │\n/);
  assert.match(shown.out, /step {7}record {2}line=5\n/);

  const replayed = await cli('replay', file);
  assert.equal(replayed.out, 'The call comes out as it did.\n', replayed.out + replayed.err);
  assert.equal(replayed.status, 0);
  const changed = path.join(server.folder, 'changed.yaml');
  writeFileSync(changed, DOCUMENT.replace('terminators: "#"', 'max_length: 1'));
  const other = await cli('replay', file, changed);
  assert.equal(other.status, 1);
  assert.match(
    other.out,
    /- finished, ended by terminator, \d\.\d\d s\n {2}\+ finished, ended by max_length, 1\.00 s/,
  );
});

test('where consent is asked for, what the party says is not kept for a trace', async (context) => {
  const { server, traces } = await tracedCall(context, ['--recording-consent-variable', 'consent']);
  await server.stop();
  const files = filesIn(traces);
  assert.equal(files.length, 1);
  const { events } = parseTrace(readFileSync(files[0]!, 'utf8'), files[0]!);
  assert.ok(events.some(({ kind }) => kind === 'level'));
  assert.ok(!events.some(({ data }) => data['audio'] !== undefined));
});
