import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';

import { spawnProgram } from '../../../test/support/child-processes.ts';
import { placeCall, startSite } from '../../../test/support/interop.ts';
import { freePort } from '../../../test/support/ports.ts';
import { skipWithout } from '../../../test/support/programs.ts';
import { ServerProcess } from '../../../test/support/server-process.ts';
import { answered, awaitBye, invite } from '../../../test/support/sipp-scenario.ts';
import { cli } from '../terminal.test-helper.ts';

const UNTIL_ENDED = { initial_timeout: 0, end_silence_timeout: 0 };

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

test('A server whose log cannot be written serves, and ends with SIGTERM', async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-serve-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const document = path.join(folder, 'document.yaml');
  writeFileSync(document, 'sections: {main: [answer]}');
  const [sip, http] = [await freePort(), await freePort()];
  const full = openSync('/dev/full', 'w');
  const child = spawnProgram(
    path.resolve(import.meta.dirname, '../../../bin/openswml'),
    [
      ...['serve', document, '--data', path.join(folder, 'data'), '--log-level', 'debug'],
      ...['--sip', `127.0.0.1:${sip}`, '--http', `127.0.0.1:${http}`],
    ],
    { stdio: ['ignore', full, 'inherit'], env: { ...process.env, OPENSWML_WARM_UP: 'false' } },
  );
  closeSync(full);
  const exited = once(child, 'exit');
  const deadline = performance.now() + 20_000;
  while (!(await answers(`http://127.0.0.1:${http}/`))) {
    assert.ok(child.exitCode === null && performance.now() < deadline, 'the server serves');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill('SIGTERM');
  const hung = setTimeout(() => child.kill('SIGKILL'), 20_000);
  assert.deepEqual(await exited, [0, null]);
  clearTimeout(hung);
});

function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}
