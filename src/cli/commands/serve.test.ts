import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';

import { placeCall, startSite } from '../../../test/support/interop.ts';
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
