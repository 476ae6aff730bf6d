import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';

import { assertOneRecording, placeCall, startSite, toneUtterances } from '../../../test/support/interop.ts';
import { freePort } from '../../../test/support/ports.ts';
import { skipWithout } from '../../../test/support/programs.ts';
import { ServerProcess } from '../../../test/support/server-process.ts';
import { answered, awaitBye, invite } from '../../../test/support/sipp-scenario.ts';
import { cli } from '../terminal.test-helper.ts';

const VOICEMAIL = path.resolve(import.meta.dirname, '../../../examples/voicemail.yaml');
const UNTIL_ENDED = { initial_timeout: 0, end_silence_timeout: 0 };

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-serve-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts and expects to be refused. @returns the line of the complaint */
async function refusal(context: TestContext, document: string, ...args: readonly string[]): Promise<string> {
  const places = ['--sip', `127.0.0.1:${await freePort()}`, '--http', `127.0.0.1:${await freePort()}`];
  const data = ['--data', temporaryFolder(context), '--log-level', 'silent'];
  const { status, out, err } = await cli('serve', document, ...places, ...data, ...args);
  assert.equal(status, 2);
  assert.equal(out, '');
  assert.equal(err.trimEnd().split('\n').length, 1, err);
  return err;
}

test('A port that is in use is named, with the cure: SIP over UDP, SIP over TCP, HTTP', async (context) => {
  const udp = createSocket('udp4').bind(0, '127.0.0.1');
  const tcp = createTcpServer().listen(0, '127.0.0.1');
  await Promise.all([once(udp, 'listening'), once(tcp, 'listening')]);
  context.after(() => udp.close());
  context.after(() => tcp.close());
  const tcpPort = (tcp.address() as AddressInfo).port;
  const inUse = /another program uses this address and port|in use/;
  for (const args of [
    ['--sip', `127.0.0.1:${udp.address().port}`],
    ['--sip', `127.0.0.1:${tcpPort}`],
    ['--http', `127.0.0.1:${tcpPort}`],
  ]) {
    const line = await refusal(context, VOICEMAIL, ...args);
    assert.match(line, inUse);
    assert.ok(line.includes(args[1]!), line);
  }
});

test('A document that is not there, or wrong, is named', async (context) => {
  assert.match(
    await refusal(context, '/nonexistent.yaml'),
    /\/nonexistent\.yaml cannot be read: there is no such file/,
  );
  const wrong = path.join(temporaryFolder(context), 'wrong.yaml');
  writeFileSync(wrong, 'sections:\n  main:\n    - plya: {}\n');
  const { status, err } = await cli(
    'serve',
    wrong,
    '--data',
    temporaryFolder(context),
    '--log-level',
    'silent',
  );
  assert.equal(status, 2);
  assert.ok(err.includes(`${wrong}:3:7`), err);
});

test('A second server on one data folder is refused', async (context) => {
  const first = await ServerProcess.start({ document: '{"sections": {"main": ["hangup"]}}' });
  context.after(() => first.dispose());
  const line = await refusal(context, VOICEMAIL, '--data', first.dataFolder);
  assert.ok(line.includes(first.dataFolder), line);
});

test('Ctrl-C says BYE to callers, keeps what they said, reports it, and ends with 0', {
  skip: skipWithout('sipp'),
}, async (context) => {
  const site = await startSite(context, (url) => [{ record: { ...UNTIL_ENDED, status_url: url } }]);
  const { sipp } = await placeCall(context, site.server, [invite(), answered(), awaitBye()], {
    say: toneUtterances([525], 20_000),
  });
  await site.callbacks.waitForState('recording');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.equal(await site.server.stop('SIGINT'), 0);
  assert.equal((await sipp.ended).exitCode, 0);
  await site.callbacks.waitForState('finished');
  await site.server.run();
  const { wav } = await assertOneRecording(site, 'hangup');
  assert.ok(wav.durationMs >= 900, `${wav.durationMs} ms`);
});

test('SIGTERM lets running calls end by themselves; a second one ends them, politely', {
  skip: skipWithout('sipp'),
}, async (context) => {
  const steps = [{ answer: {} }, { sleep: 2500 }, { hangup: {} }];
  const env = { OPENSWML_LIMITS_DRAIN_SECONDS: '60' };
  const site = await startSite(context, () => steps, { env });
  const { sipp } = await placeCall(context, site.server, [invite(), answered(), awaitBye()]);
  assert.equal(await site.server.stop('SIGTERM'), 0);
  assert.equal((await sipp.ended).exitCode, 0, 'the script said BYE after its sleep');
  assert.ok(
    site.server.log.some(({ msg }) => msg === 'step hangup'),
    'the script came to its end',
  );

  const endless = await startSite(context, () => [{ answer: {} }, { sleep: 60_000 }], { env });
  const held = await placeCall(context, endless.server, [invite(), answered(), awaitBye()]);
  const over = endless.server.stop('SIGTERM');
  await endless.server.waitForLog((line) => line['signal'] === 'SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 400));
  process.kill(endless.server.pid, 'SIGTERM');
  assert.equal(await over, 0);
  assert.equal((await held.sipp.ended).exitCode, 0, 'the caller was told');
});

test('A second Ctrl-C ends it at once', async (context) => {
  // A receiver of callbacks that never answers keeps a polite end waiting.
  const deaf = createServer(() => {}).listen(0, '127.0.0.1');
  await once(deaf, 'listening');
  context.after(() => deaf.closeAllConnections());
  context.after(() => deaf.close());
  const url = `http://127.0.0.1:${(deaf.address() as AddressInfo).port}/`;
  const record = { record: { ...UNTIL_ENDED, max_length: 0.2, status_url: url } };
  const server = await ServerProcess.start({ document: JSON.stringify({ sections: { main: [record] } }) });
  context.after(() => server.dispose());
  await cli('phone', `sip:desk@127.0.0.1:${server.sipPort}`);
  const over = server.stop('SIGINT');
  await server.waitForLog((line) => line['signal'] === 'SIGINT');
  await new Promise((resolve) => setTimeout(resolve, 400));
  process.kill(server.pid, 'SIGINT');
  assert.equal(await over, 130);
});
