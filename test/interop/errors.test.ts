/** What the operator and the caller are told when something is wrong, and how the server leaves. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { describe, type TestContext } from 'node:test';

import { testFrequencies } from '../support/audio-files.ts';
import { spawnProgram } from '../support/child-processes.ts';
import { assertScenarioHeld, placeCall, startSite, toneUtterances, UNTIL_ENDED } from '../support/interop.ts';
import { assertKept, callIdOf, logged, statesOf } from '../support/live-site.ts';
import { freePort } from '../support/ports.ts';
import { skipWithout } from '../support/programs.ts';
import { ServerProcess } from '../support/server-process.ts';
import { Sipp } from '../support/sipp.ts';
import { answered, awaitBye, invite, refused, sippScenario } from '../support/sipp-scenario.ts';
import { assertRunOfTones, assertUndisturbed } from '../support/tone-assertions.ts';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const PROGRAM = path.resolve(import.meta.dirname, '../../bin/openswml');
const VALID = '{"version":"1.0.0","sections":{"main":["hangup"]}}';

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-errors-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Runs `serve` to its end, which must come by itself. */
async function serve(folder: string, document: string, ports: { sip?: number; http?: number } = {}) {
  const sip = `127.0.0.1:${ports.sip ?? (await freePort())}`;
  const http = `127.0.0.1:${ports.http ?? (await freePort())}`;
  const args = ['serve', document, '--sip', sip, '--http', http, '--data', path.join(folder, 'data')];
  const child = spawnProgram(PROGRAM, [...args, '--log-level', 'warn'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = { stdout: '', stderr: '' };
  child.stdout!.on('data', (bytes: Buffer) => {
    ended.stdout += bytes.toString();
  });
  child.stderr!.on('data', (bytes: Buffer) => {
    ended.stderr += bytes.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...ended } satisfies Ended;
}

/** It could not start, and says why in one line that holds all of `words`. */
function assertRefusedInOneLine(ended: Ended, ...words: readonly (string | RegExp)[]): void {
  assert.equal(ended.code, 2, ended.stderr);
  const lines = ended.stderr.trimEnd().split('\n');
  assert.equal(lines.length, 1, ended.stderr);
  assert.match(lines[0]!, /^openswml: /);
  for (const word of words) {
    if (typeof word === 'string') assert.ok(lines[0]!.includes(word), `'${word}' in: ${lines[0]}`);
    else assert.match(lines[0]!, word);
  }
  assert.equal(ended.stdout, '');
}

describe('A server that cannot start as asked', { concurrency: true }, () => {
  for (const protocol of ['udp', 'tcp'] as const) {
    test(`names the SIP port that is in use (${protocol}) and leaves with 2`, async (context) => {
      const folder = folderOf(context);
      writeFileSync(path.join(folder, 'call.json'), VALID);
      const port = await freePort();
      if (protocol === 'udp') {
        const socket = createSocket('udp4').bind(port, '127.0.0.1');
        await once(socket, 'listening');
        context.after(() => socket.close());
      } else {
        const listener = createServer().listen(port, '127.0.0.1');
        await once(listener, 'listening');
        context.after(() => listener.close());
      }
      const ended = await serve(folder, path.join(folder, 'call.json'), { sip: port });
      assertRefusedInOneLine(ended, String(port), protocol, /another program uses this address and port/);
    });
  }

  test('names the HTTP port that is in use and leaves with 2', async (context) => {
    const folder = folderOf(context);
    writeFileSync(path.join(folder, 'call.json'), VALID);
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    context.after(() => listener.close());
    const { port } = listener.address() as { port: number };
    const ended = await serve(folder, path.join(folder, 'call.json'), { http: port });
    assertRefusedInOneLine(ended, String(port), /another program uses this address and port/);
  });

  test('names the document that is not there and leaves with 2', async (context) => {
    const folder = folderOf(context);
    const ended = await serve(folder, path.join(folder, 'missing.yaml'));
    assertRefusedInOneLine(ended, path.join(folder, 'missing.yaml'), 'there is no such file');
  });

  test('names the folder that was given for a document and leaves with 2', async (context) => {
    const folder = folderOf(context);
    assertRefusedInOneLine(await serve(folder, folder), folder);
  });

  test('shows the mistake in the document at its place and leaves with 2', async (context) => {
    const folder = folderOf(context);
    const document = path.join(folder, 'call.yaml');
    writeFileSync(document, 'version: 1.0.0\nsections:\n  main:\n    - recrd: {}\n');
    const { code, stderr, stdout } = await serve(folder, document);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    const [first] = stderr.split('\n');
    assert.ok(first!.startsWith(`openswml: ${document}:4:`), stderr);
    assert.match(first!, /recrd.*record/);
    assert.doesNotMatch(stderr, /\.ts:\d/, 'no stack');
  });

  test('refuses a data folder that another server uses and leaves with 2', async (context) => {
    const server = await ServerProcess.start({ document: VALID });
    context.after(() => server.dispose());
    const ended = await serve(server.folder, server.documentPath);
    assertRefusedInOneLine(ended, server.dataFolder);
  });
});

describe('A server that runs', { concurrency: true }, () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`hangs up at ${signal}, finishes the recording, reports it and leaves with 0`, {
      skip: skipWithout('sipp'),
    }, async (context) => {
      const frequencies = testFrequencies(3);
      const site = await startSite(context, (status_url) => [{ record: { ...UNTIL_ENDED, status_url } }]);
      const call = await placeCall(context, site.server, [invite(), answered(), awaitBye()], {
        user: 'left',
        say: [...toneUtterances(frequencies, 600), { kind: 'nothing', durationMs: 400 }],
      });
      const callId = await callIdOf(site, 'left');
      await call.talked;
      assert.equal(await site.server.stop(signal), 0, site.server.logText());
      await assertScenarioHeld(call.sipp);
      assert.equal((await logged(site, callId, 'call over'))['by'], 'local');
      assert.deepEqual(statesOf(site, callId), ['recording', 'finished'], 'told before it left');
      assert.deepEqual(site.server.complaints(), []);

      await site.server.run();
      const { wav } = await assertKept(site, callId, 'hangup');
      const tones = assertRunOfTones(wav, { frequencies, toneMs: 600 });
      assert.equal(tones.length, 3);
      assertUndisturbed(wav, tones);
    });
  }

  test('turns a call down with 503 when its document cannot be had, and goes on', {
    skip: skipWithout('sipp'),
  }, async (context) => {
    // Nothing listens there.
    const source = `http://127.0.0.1:${await freePort()}/document`;
    const server = await ServerProcess.start({ document: '', source });
    context.after(() => server.dispose());
    const scenario = sippScenario([invite(), refused(503)]);
    for (const transport of ['udp', 'tcp'] as const) {
      const before = server.log.length;
      const sipp = await Sipp.start({ server: server.address, transport, scenario, rtpPorts: [30_000] });
      context.after(() => sipp.dispose());
      await assertScenarioHeld(sipp);
      const told = await server.waitForLog(({ msg }) => msg === 'the call cannot be served', 15_000, before);
      assert.match(String(told['reason']), /127\.0\.0\.1.*no connection could be made/);
    }
    assert.doesNotMatch(server.logText(), /\.ts:\d/, 'no stack');
    await server.callsOver();
    assert.deepEqual(await server.recordings(), []);
  });
});
